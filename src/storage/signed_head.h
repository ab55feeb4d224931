// The head of a leader's chain of entries, signed (Ed25519, RFC 8032): whoever holds the entry at `last` can
// tell that all entries up to it are the leader's own, and can prove it to others later. As deterministic
// CBOR: [version, leader, term, index, entry's term, head, signature of the cluster and of what is before
// it].
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"
#include "storage/entry_chain.h"

namespace skywarden::storage {

using Signature = std::array<std::byte, 64>;
using PublicKey = std::array<std::byte, 32>;  // as RFC 8032 writes it

struct SignedHead {
  NodeId leader;
  Term term;                    // in which it leads
  consensus::LogPosition last;  // the entry the head follows
  ChainHead head{};
  Signature signature{};
  friend bool operator==(const SignedHead&, const SignedHead&) = default;
};

[[nodiscard]] std::vector<std::byte> encode(const SignedHead& head);
[[nodiscard]] Result<SignedHead> decode_signed_head(std::span<const std::byte> bytes);

// A key pair's half of Ed25519, from PEM text (`openssl genpkey -algorithm ed25519`). kMalformed otherwise.
class SigningKey {
 public:
  [[nodiscard]] static Result<SigningKey> read_private(std::string_view pem);
  [[nodiscard]] static Result<SigningKey> read_public(std::string_view pem);
  [[nodiscard]] static Result<SigningKey> of_public(const PublicKey& key);
  [[nodiscard]] PublicKey public_key() const;  // of either half

  [[nodiscard]] Signature sign(std::span<const std::byte> bytes) const;  // expects a private key
  [[nodiscard]] bool verifies(std::span<const std::byte> bytes, const Signature& signature) const;
  void sign(SignedHead& head, std::string_view cluster) const;  // expects a private key
  [[nodiscard]] bool verifies(const SignedHead& head, std::string_view cluster) const;

 private:
  struct Key;
  explicit SigningKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;  // OpenSSL's own object, which nobody changes
};

struct SigningKeys {
  SigningKey own;
  std::map<NodeId, SigningKey> members;  // public ones
};

}  // namespace skywarden::storage
