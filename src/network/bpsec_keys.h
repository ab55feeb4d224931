// Which key belongs to which security source. RFC 9173 leaves that to the nodes' agreement; here a key ring
// says it, read from a file of lines "use source key", such as
//   integrity ipn:2.1 1a2b1a2b…      HMAC key, hexadecimal
//   confidentiality * 7177…          AES key of 16 or 32 bytes, for every source
//   wrapping ipn:2.1 6162…           opens the keys that blocks carry wrapped
// '#' begins a comment. No message ever contains a key.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "network/bpsec_crypto.h"
#include "network/endpoint.h"

namespace skywarden::network {

enum class KeyUse : std::uint8_t { kIntegrity, kConfidentiality, kWrapping };

class KeyRing {
 public:
  // For every source when none is named. kOutOfRange for a key of a length its use cannot have.
  [[nodiscard]] Result<void> add(KeyUse use, std::optional<EndpointId> source, SecretKey key);
  // The key of that very source, else one for every source, else nothing.
  [[nodiscard]] const SecretKey* find(KeyUse use, const EndpointView& source) const;
  [[nodiscard]] const Hmac* find_hmac(const EndpointView& source, ShaVariant variant) const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    KeyUse use = KeyUse::kIntegrity;
    std::optional<EndpointId> source;
    SecretKey key;
    std::vector<Hmac> hmacs;  // of an integrity key: one for each variant, keyed once
  };
  [[nodiscard]] const Entry* entry(KeyUse use, const EndpointView& source) const;
  std::vector<Entry> entries_;
};

// The whole file or its first fault, as "file:line: …".
[[nodiscard]] Result<KeyRing> read_keys(std::string_view text, std::string_view file);

}  // namespace skywarden::network
