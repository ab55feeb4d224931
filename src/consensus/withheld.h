// What a witness is sent and keeps: places instead of contents. A witness votes and acknowledges like any
// other voter and stores no payload, for places with little storage or a thin link. An entry that somebody
// proposed becomes a withheld one of the same term and index, whose payload is the fingerprint of the
// original's (FNV-1a, 8 bytes, little-endian): two logs can still be compared, and nothing of it can be
// applied. No-ops and configurations are small and needed, and go whole. A snapshot becomes position and
// configuration, without the application's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "consensus/log.h"
#include "consensus/snapshot.h"

namespace skywarden::consensus {

inline constexpr std::size_t kWithheldBytes = 8;

// Of what was proposed, be the entry whole or withheld: traces and checks compare it. No defence against an
// enemy.
[[nodiscard]] std::uint64_t fingerprint(const Entry& entry);

[[nodiscard]] Entry withheld(const Entry& entry);  // itself, if it holds nothing to withhold
[[nodiscard]] std::vector<Entry> withheld(std::span<const Entry> entries);
[[nodiscard]] Snapshot withheld(Snapshot snapshot);

struct EncodedSnapshot {  // as it travels, to full members and to witnesses; empty: there is none
  std::vector<std::byte> whole, withheld;
  [[nodiscard]] bool empty() const { return whole.empty(); }
  [[nodiscard]] const std::vector<std::byte>& sent_to(bool witness) const {
    return witness ? withheld : whole;
  }
};
[[nodiscard]] EncodedSnapshot encode_both(const Snapshot& snapshot);

[[nodiscard]] bool any_withheld(std::span<const Entry> entries);
// The same place, kind and fingerprint; either may be withheld.
[[nodiscard]] bool same_but_withheld(const Entry& one, const Entry& other);

}  // namespace skywarden::consensus
