#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "agents/area_ledger.h"
#include "agents/cluster_ledger.h"
#include "base/random.h"

namespace skywarden::agents {
namespace {

AreaEntry some_entry(Random& random) {
  const MatterId matter(random.below(30));
  const auto one_of = [&](std::uint64_t bound) {
    return static_cast<std::uint32_t>(1 + random.below(bound));
  };
  switch (random.below(3)) {
    case 0: {
      const GroupId group(one_of(5));
      const Term term(one_of(4));
      const std::uint64_t turn = random.below(4);
      const NodeId leader(one_of(90));
      return Seat{group, term, turn, leader, NodeId(one_of(90))};
    }
    case 1:
      return Ruling{matter, NodeId(one_of(90))};
    default:
      return SharedAlert{matter, GroupId(one_of(5)), std::vector(random.below(40), std::byte{7})};
  }
}

Raised some_raised(Random& random) {
  const MatterId matter(random.below(30));
  if (random.chance(0.5)) return {matter, NodeId(3), random.below(1000), {}};
  return {matter, kNobody, 0, std::vector(random.below(40), std::byte{9})};
}

TEST_CASE("the first decision of a matter stands and a seat goes only to a later term or turn") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    AreaLedger ledger;
    std::map<MatterId, Decision> first;
    for (int i = 0; i < 200; ++i) {
      const AreaEntry entry = some_entry(random);
      const AreaLedger before = ledger;
      const auto decision = ledger.decide(entry);
      if (!decision) {
        RC_ASSERT(ledger == before);
      } else {
        RC_ASSERT(decision->number == before.known() + 1);
        RC_ASSERT(ledger.known() == decision->number);
      }
      if (const auto* seat = std::get_if<Seat>(&entry)) {
        const auto last = before.seats().find(seat->group);
        RC_ASSERT(decision.has_value() ==
                  (last == before.seats().end() || seat->term > last->second.term ||
                   (seat->term == last->second.term && seat->turn > last->second.turn)));
        continue;
      }
      const MatterId matter = std::holds_alternative<Ruling>(entry) ? std::get<Ruling>(entry).matter
                                                                    : std::get<SharedAlert>(entry).matter;
      RC_ASSERT(decision.has_value() == !first.contains(matter));
      if (decision) first.emplace(matter, *decision);
      RC_ASSERT(*ledger.find(matter) == first.at(matter));
    }
    RC_ASSERT(AreaLedger::restore(ledger.save()) == ledger);
  }));
}

TEST_CASE("handed down late, twice, in any cut and with gaps, a cluster ends with what the area decided") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    AreaLedger area;
    std::vector<std::uint64_t> prints{0};
    ClusterLedger cluster;
    for (int i = 0; i < 300; ++i) {
      if (random.chance(0.5) && area.decide(some_entry(random))) prints.push_back(area.fingerprint());
      if (random.chance(0.2)) {
        const Raised raised = some_raised(random);
        cluster.apply(raised);
        RC_ASSERT(cluster.open().contains(raised.matter) == (cluster.area().find(raised.matter) == nullptr));
      }
      const std::uint64_t from = random.below(area.known() + 1);
      HandedDown handed{area.after(from, 1 + random.below(8))};
      if (handed.decisions.empty()) continue;
      const std::uint64_t knew = cluster.area().known();
      cluster.apply(handed);
      const std::uint64_t last = handed.decisions.back().number;
      RC_ASSERT(cluster.area().known() == (from <= knew ? std::max(knew, last) : knew));
      RC_ASSERT(cluster.area().fingerprint() == prints[cluster.area().known()]);
      for (const auto& [matter, raised] : cluster.open()) RC_ASSERT(!cluster.area().find(matter));
    }
    while (cluster.area().known() < area.known())
      cluster.apply(HandedDown{area.after(cluster.area().known(), kHandedMax)});
    RC_ASSERT(cluster.area() == area);
    RC_ASSERT(ClusterLedger::restore(cluster.save()) == cluster);
  }));
}

TEST_CASE("what is long ago is forgotten, and the numbers go on") {
  AreaLedger ledger;
  const std::uint64_t count = kDecisionsKept + 10;
  for (std::uint64_t i = 1; i <= count; ++i)
    REQUIRE(ledger.decide(Ruling{MatterId(i), NodeId(1)})->number == i);
  CHECK(ledger.find(MatterId(10)) == nullptr);
  CHECK(ledger.find(MatterId(11))->number == 11U);
  CHECK(ledger.after(9, 5).empty());
  CHECK(ledger.after(10, 5).front().number == 11U);
  CHECK(ledger.after(count, 5).empty());
  CHECK(AreaLedger::restore(ledger.save()) == ledger);
}

TEST_CASE("entries survive their bytes, and damaged bytes are refused or are other entries") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const AreaEntry entry = some_entry(random);
    RC_ASSERT(decode_area_entry(encode(entry)) == entry);
    AreaLedger area;
    for (int i = 0; i < 5; ++i) (void)area.decide(some_entry(random));
    ClusterEntry below = some_raised(random);
    if (area.known() > 0 && random.chance(0.5)) below = HandedDown{area.after(0, 3)};
    auto bytes = encode(below);
    RC_ASSERT(decode_cluster_entry(bytes) == below);
    const auto at = random.below(bytes.size());
    bytes[at] = static_cast<std::byte>(random.below(256));
    if (const auto read = decode_cluster_entry(bytes)) RC_ASSERT(encode(*read) == bytes);
    bytes.resize(at);
    RC_ASSERT(!decode_cluster_entry(bytes));
    auto saved = area.save();
    saved[random.below(saved.size())] ^= std::byte{1};
    if (const auto read = AreaLedger::restore(saved)) RC_ASSERT(read->save() == saved);
  }));
}

TEST_CASE("entries that nobody may write are refused") {
  CHECK(!validate(AreaEntry(Seat{GroupId(0), Term(1), 0, NodeId(1), NodeId(1)})));
  CHECK(!validate(AreaEntry(Seat{GroupId(1), Term(0), 0, NodeId(1), NodeId(1)})));
  CHECK(!validate(AreaEntry(Ruling{MatterId(1), kNobody})));
  CHECK(!validate(
      AreaEntry(SharedAlert{MatterId(1), GroupId(1), std::vector(kAlertBytesMax + 1, std::byte{})})));
  CHECK(!validate(ClusterEntry(HandedDown{})));
  CHECK(!validate(
      ClusterEntry(HandedDown{{{1, Ruling{MatterId(1), NodeId(1)}}, {3, Ruling{MatterId(2), NodeId(1)}}}})));
  CHECK(!validate(ClusterEntry(Raised{MatterId(1), kNobody, 5, {}})));
}

}  // namespace
}  // namespace skywarden::agents
