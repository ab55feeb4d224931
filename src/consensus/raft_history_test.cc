#include "consensus/raft_history.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <string_view>

#include "base/text.h"

namespace skywarden::consensus {
namespace {

struct Seeds {
  std::uint64_t first = 1, last = 500;
};

// SKYWARDEN_HISTORIES=FIRST-LAST plays other seeds, and as many as there is time for.
Seeds seeds() {
  const char* asked = std::getenv("SKYWARDEN_HISTORIES");
  if (asked == nullptr) return {};
  const std::string_view text = asked;
  const auto dash = text.find('-');
  REQUIRE_MESSAGE(dash != std::string_view::npos, "SKYWARDEN_HISTORIES: expected FIRST-LAST");
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = parse_integer(text.substr(dash + 1));
  REQUIRE_MESSAGE((first && last && *first >= 0 && *first <= *last),
                  "SKYWARDEN_HISTORIES: expected FIRST-LAST");
  return {static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

TEST_CASE("shares change, nodes join and leave amid every fault, and no property of Raft is broken") {
  History sum;
  std::uint64_t counted = 0;
  const auto [first, last] = seeds();
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    CAPTURE(seed);
    const History history = play_history(seed);
    REQUIRE(history.violation == "");
    counted += history.counts() ? 1 : 0;
    sum.delivered += history.delivered;
    sum.faults.splits += history.faults.splits;
    sum.faults.one_way_cuts += history.faults.one_way_cuts;
    sum.faults.crashes += history.faults.crashes;
    sum.faults.torn_writes += history.faults.torn_writes;
    sum.faults.disks_lost += history.faults.disks_lost;
    sum.faults.delay_changes += history.faults.delay_changes;
    sum.elections += history.elections;
    sum.epochs += history.epochs;
    sum.epochs_committed += history.epochs_committed;
    sum.commits += history.commits;
    sum.installs += history.installs;
    sum.reads += history.reads;
    sum.client_operations += history.client_operations;
    sum.relayed += history.relayed;
    sum.witnessed += history.witnessed;
    sum.withheld += history.withheld;
  }
  const std::uint64_t played = last - first + 1;
  const Faults& faults = sum.faults;
  MESSAGE(played, " histories, ", counted, " that count: ", sum.delivered, " messages, ", faults.splits,
          " splits, ", faults.one_way_cuts, " cuts in one direction, ", faults.crashes, " crashes, ",
          faults.torn_writes, " torn writes, ", faults.disks_lost, " disks lost, ", faults.delay_changes,
          " changes of delays, ", sum.elections, " elections, ", sum.epochs, " epochs written, ",
          sum.epochs_committed, " committed, ", sum.commits, " commits, ", sum.installs,
          " snapshots installed, ", sum.reads, " reads, ", sum.relayed, " steps by what was handed on, ",
          sum.witnessed, " committed epochs with witnesses, who stored ", sum.withheld,
          " entries without their payloads; ", sum.client_operations,
          " operations of clients are linearizable");
  CHECK(counted > played * 98 / 100);
  CHECK(sum.epochs > 10 * played);
  CHECK(sum.epochs_committed > played);
  CHECK(sum.relayed > played);
  CHECK(sum.witnessed > played);
  CHECK(sum.withheld > 10 * played);
  for (const std::size_t kind : {faults.splits, faults.one_way_cuts, faults.crashes, faults.torn_writes,
                                 faults.disks_lost, faults.delay_changes})
    CHECK(kind > played / 2);
}

TEST_CASE("the same seed gives the same history") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const History first = play_history(seed);
    CHECK(first.hash == play_history(seed).hash);
    CHECK(first.hash != play_history(seed + 1).hash);
  }
}

}  // namespace
}  // namespace skywarden::consensus
