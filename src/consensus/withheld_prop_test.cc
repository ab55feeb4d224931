#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/hash.h"
#include "consensus/withheld.h"

namespace skywarden::consensus {
namespace {

Entry any_entry() {
  Entry entry{
      Term(*rc::gen::inRange<std::uint64_t>(1, 9)), LogIndex(*rc::gen::inRange<std::uint64_t>(1, 9)), {}};
  entry.payload.resize(*rc::gen::inRange<std::size_t>(0, 20));
  for (std::byte& byte : entry.payload) byte = static_cast<std::byte>(*rc::gen::inRange(0, 256));
  if (*rc::gen::inRange(0, 4) == 0) entry.kind = EntryKind::kConfiguration;
  return entry;
}

TEST_CASE("a withheld entry is the same place and fingerprint, once and for ever") {
  CHECK(rc::check([] {
    const Entry entry = any_entry();
    const Entry kept = withheld(entry);
    RC_ASSERT(kept.term == entry.term);
    RC_ASSERT(kept.index == entry.index);
    RC_ASSERT(fingerprint(kept) == fingerprint(entry));
    RC_ASSERT(withheld(kept) == kept);
    RC_ASSERT(same_but_withheld(kept, entry));
    RC_ASSERT(same_but_withheld(entry, kept));
    const bool proposed = entry.kind == EntryKind::kProposal && !entry.payload.empty();
    RC_ASSERT((kept.kind == EntryKind::kWithheld) == proposed);
    RC_ASSERT(proposed || kept == entry);
    RC_ASSERT(any_withheld(std::vector{entry, kept}) == proposed);
    Fnv1a hash;
    hash.add(std::span<const std::byte>(entry.payload));
    RC_ASSERT(fingerprint(kept) == hash.value());
  }));
}

TEST_CASE("different entries stay different when they are withheld") {
  CHECK(rc::check([] {
    const Entry one = any_entry();
    const Entry other = any_entry();
    RC_ASSERT(same_but_withheld(withheld(one), other) == (one == other));
    RC_ASSERT(same_but_withheld(one, withheld(other)) == (one == other));
  }));
}

}  // namespace
}  // namespace skywarden::consensus
