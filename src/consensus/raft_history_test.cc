#include "consensus/raft_history.h"

#include <doctest/doctest.h>

namespace skywarden::consensus {
namespace {

TEST_CASE("shares change, nodes join and leave amid every fault, and no property of Raft is broken") {
  std::size_t delivered = 0;
  std::size_t epochs = 0;
  std::size_t elections = 0;
  constexpr std::uint64_t kSeeds = 500;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    const History history = play_history(seed);
    REQUIRE(history.violation == "");
    delivered += history.delivered;
    epochs += history.epochs;
    elections += history.elections;
  }
  MESSAGE(kSeeds, " histories: ", delivered, " messages, ", elections, " elections, ", epochs,
          " epochs written");
  CHECK(epochs > 10 * kSeeds);
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
