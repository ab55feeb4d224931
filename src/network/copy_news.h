// What two neighbours tell each other about critical bundles while a contact is open, so that nobody is sent
// what it has and copies of what has arrived go away: identities of bundles held, as summary vectors of
// epidemic routing (Vahdat and Becker 2000), and of bundles known to have reached their destination, as its
// vaccine (Haas and Small 2006). Exact, no filter: a bundle wrongly taken for held would not be sent.
//
// Deterministic CBOR (RFC 8949 §4.2): [held, arrived], both flat arrays of unsigned integers, per bundle the
// node and service of its ipn source, its creation time in ms less that of the one before, its sequence
// number, and where it has arrived the seconds after its creation when it expires. Bundles ascend by creation
// time, then sequence number, then source. It carries no addresses: the link knows its ends. Bundles named
// otherwise and fragments cannot be told; they are copied as if nothing had been said.
#pragma once

#include <span>
#include <vector>

#include "network/bundle.h"

namespace skywarden::network {

inline constexpr std::size_t kNewsMax = 1024;  // bundles in one message

struct CopyNews {
  struct Arrived {
    BundleId id;
    Instant expires{};
    friend bool operator==(const Arrived&, const Arrived&) = default;
  };
  std::vector<BundleId> held;
  std::vector<Arrived> arrived;
  friend bool operator==(const CopyNews&, const CopyNews&) = default;
};

[[nodiscard]] bool can_be_told(const BundleId& id);
// Expects bundles that can be told, each once, kNewsMax at most. Expiry is rounded up to whole seconds.
[[nodiscard]] std::vector<std::byte> encode_news(CopyNews news);
// kMalformed, kLimitReached, or kOutOfRange for times that do not fit.
[[nodiscard]] Result<CopyNews> decode_news(std::span<const std::byte> bytes);

}  // namespace skywarden::network
