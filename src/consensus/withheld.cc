#include "consensus/withheld.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "base/little_endian.h"

namespace skywarden::consensus {

std::uint64_t fingerprint(const Entry& entry) {
  if (entry.kind == EntryKind::kWithheld)
    return little_endian(std::span(entry.payload).first(std::min(kWithheldBytes, entry.payload.size())));
  Fnv1a hash;
  hash.add(std::span<const std::byte>(entry.payload));
  return hash.value();
}

Entry withheld(const Entry& entry) {
  if (entry.kind != EntryKind::kProposal || entry.payload.empty()) return entry;
  Payload bytes(kWithheldBytes);
  put_little_endian(bytes, fingerprint(entry));
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
