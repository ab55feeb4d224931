// Who may join a running group, and who must leave it, said by whoever holds the group's admission key
// (Ed25519, RFC 8032), whose public half every member's configuration names. A statement is bound to the
// cluster, the id and all that others will believe of that node, so that nobody can use it for another.
// Ids are never used again: an admission is good once, whoever repeats it (group_roster.h sees to that).
#pragma once

#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "storage/signed_head.h"

namespace skywarden::shell {

struct Admission {
  std::string cluster;
  NodeId node;
  std::string host;  // where the others reach it
  std::uint16_t port = 0;
  std::uint32_t share = 1;                       // of votes, once it has caught up; 0: it listens for good
  std::optional<storage::PublicKey> signs_with;  // its heads of the log, when the group signs them
  bool witness = false;                          // it votes and keeps no payloads; with a share
  storage::Signature signature{};
  friend bool operator==(const Admission&, const Admission&) = default;
};

struct Removal {
  std::string cluster;
  NodeId node;
  storage::Signature signature{};
  friend bool operator==(const Removal&, const Removal&) = default;
};

inline constexpr std::size_t kHostBytesMax = 128;
inline constexpr std::uint32_t kAdmittedShareMax = 1'000'000;

// Deterministic CBOR: [version, cluster, node, host, port, share, public key or null, signature], of a
// witness with true before the signature, and [version, cluster, node, signature]. The signature is of the
// same with what it is for in the version's place.
[[nodiscard]] std::vector<std::byte> encode(const Admission& admission);
[[nodiscard]] std::vector<std::byte> encode(const Removal& removal);
// kMalformed, kUnsupported, kOutOfRange: not such a statement, whoever signed it.
[[nodiscard]] Result<Admission> decode_admission(std::span<const std::byte> bytes);
[[nodiscard]] Result<Removal> decode_removal(std::span<const std::byte> bytes);

void sign(Admission& admission, const storage::SigningKey& key);  // expects a private key
void sign(Removal& removal, const storage::SigningKey& key);
[[nodiscard]] bool is_signed_by(const Admission& admission, const storage::SigningKey& key);
[[nodiscard]] bool is_signed_by(const Removal& removal, const storage::SigningKey& key);

}  // namespace skywarden::shell
