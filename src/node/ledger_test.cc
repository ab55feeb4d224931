#include "node/ledger.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "wildfire/alert_example.h"
#include "wildfire/proposal_codec.h"

namespace skywarden::node {
namespace {

// An entry that tells the next message of a chain, the first one with the observations that name it.
consensus::Entry entry(std::uint64_t index, std::uint64_t event, std::uint32_t sequence) {
  datum::Alert alert = wildfire::example::alert(
      sequence, sequence == 0 ? datum::ProposalKind::kAlert : datum::ProposalKind::kUpdate);
  alert.proposal.event = EventId(event);
  for (ObservationId& id : alert.proposal.observations) id = ObservationId(event * 1000 + id.value());
  return {Term(1), LogIndex(index), wildfire::encode(alert.proposal)};
}

TEST_CASE("a ledger that was saved and restored goes on like the one it was saved from") {
  Ledger whole, first_part;
  std::vector<consensus::Entry> entries;
  for (std::uint64_t i = 1; i <= 40; ++i) {
    if (i % 7 == 0)
      entries.push_back({Term(1), LogIndex(i), {}});  // a leader's first
    else if (i % 7 == 3)
      entries.push_back({Term(1), LogIndex(i), {std::byte{1}}, consensus::EntryKind::kConfiguration});
    else
      entries.push_back(entry(i, i % 5 + 1, static_cast<std::uint32_t>(i / 9)));
  }
  for (const std::size_t cut : {0U, 1U, 17U, 39U}) {
    Ledger before, unbroken;
    for (std::size_t i = 0; i < cut; ++i) {
      (void)before.apply(entries[i]);
      (void)unbroken.apply(entries[i]);
    }
    auto after = Ledger::restore(before.save(), {});
    REQUIRE(after);
    CHECK(after->applied() == before.applied());
    CHECK(after->fingerprint() == before.fingerprint());
    for (std::size_t i = cut; i < entries.size(); ++i) {
      const auto here = unbroken.apply(entries[i]);
      const auto there = after->apply(entries[i]);
      REQUIRE(here.has_value() == there.has_value());
      if (here) CHECK(here->proposal == there->proposal);
      CHECK(unbroken.fingerprint() == after->fingerprint());
    }
    CHECK(unbroken.save() == after->save());
  }
}

TEST_CASE("a ledger knows the head of the chain of its entries, also after it was saved and restored") {
  storage::EntryChain chain("forest");
  Ledger ledger({}, "forest");
  CHECK(ledger.head() == storage::first_head("forest"));
  for (std::uint64_t i = 1; i <= 12; ++i) {
    const consensus::Entry next = i % 3 == 0 ? consensus::Entry{Term(2), LogIndex(i), {}} : entry(i, i, 0);
    chain.append(next);
    (void)ledger.apply(next);
    CHECK(ledger.head() == chain.head());
    ledger = Ledger::restore(ledger.save(), {}).value();
    CHECK(ledger.head() == chain.head());
  }
}

TEST_CASE("a saved ledger of another version is refused in words") {
  consensus::Payload bytes = Ledger().save();
  bytes[1] = std::byte{1};
  const auto old = Ledger::restore(bytes, {});
  REQUIRE_FALSE(old);
  CHECK(old.error().code == Errc::kUnsupported);
  CHECK(old.error().message == "saved ledger of version 1, this build knows 2");
}

TEST_CASE("a damaged ledger is refused, or is what would be saved as those bytes") {
  Ledger ledger;
  for (std::uint64_t i = 1; i <= 4; ++i) (void)ledger.apply(entry(i, i, 0));
  const consensus::Payload sound = ledger.save();
  Random random(1);
  for (int i = 0; i < 1000; ++i) {
    consensus::Payload bytes = sound;
    if (random.chance(0.3)) bytes.resize(random.below(bytes.size()));
    for (std::uint64_t n = random.below(3); n > 0 && !bytes.empty(); --n)
      bytes[random.below(bytes.size())] ^= static_cast<std::byte>(1 + random.below(255));
    if (const auto restored = Ledger::restore(bytes, {})) CHECK(restored->save() == bytes);
  }
}

}  // namespace
}  // namespace skywarden::node
