#include "consensus/withheld.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace skywarden::consensus {

std::uint64_t fingerprint(const Entry& entry) {
  if (entry.kind == EntryKind::kWithheld) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min(kWithheldBytes, entry.payload.size()); ++i)
      value |= std::to_integer<std::uint64_t>(entry.payload[i]) << (8 * i);
    return value;
  }
  Fnv1a hash;
  hash.add(std::span<const std::byte>(entry.payload));
  return hash.value();
}

Entry withheld(const Entry& entry) {
  if (entry.kind != EntryKind::kProposal || entry.payload.empty()) return entry;
  Payload bytes(kWithheldBytes);
  const std::uint64_t value = fingerprint(entry);
  for (std::size_t i = 0; i < kWithheldBytes; ++i) bytes[i] = static_cast<std::byte>(value >> (8 * i));
  return {entry.term, entry.index, std::move(bytes), EntryKind::kWithheld};
}

std::vector<Entry> withheld(std::span<const Entry> entries) {
  std::vector<Entry> kept;
  kept.reserve(entries.size());
  for (const Entry& entry : entries) kept.push_back(withheld(entry));
  return kept;
}

Snapshot withheld(Snapshot snapshot) {
  snapshot.data.clear();
  snapshot.withheld = true;
  return snapshot;
}

EncodedSnapshot encode_both(const Snapshot& snapshot) {
  return {encode(snapshot), encode(Snapshot{snapshot.last, snapshot.configuration, {}, true})};
}

bool any_withheld(std::span<const Entry> entries) {
  return std::any_of(entries.begin(), entries.end(),
                     [](const Entry& entry) { return entry.kind == EntryKind::kWithheld; });
}

bool same_but_withheld(const Entry& one, const Entry& other) {
  if (one.kind == other.kind) return one == other;
  return withheld(one) == withheld(other);
}

}  // namespace skywarden::consensus
