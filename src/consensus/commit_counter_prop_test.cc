#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "consensus/commit_counter.h"

namespace skywarden::consensus {
namespace {

Shares any_shares() {
  Shares shares;
  const auto nodes = *rc::gen::inRange<std::uint32_t>(0, 9);
  for (std::uint32_t id = 1; id <= nodes; ++id) shares[NodeId(id)] = *rc::gen::inRange<std::uint64_t>(0, 6);
  return shares;
}

TEST_CASE("counting as acknowledgements come gives what sorting them gives") {
  CHECK(rc::check([] {
    const JointShares shares{any_shares(), *rc::gen::arbitrary<bool>() ? any_shares() : Shares{}};
    JointCommitCounter counter(shares);
    Acknowledged acknowledged;
    RC_ASSERT(counter.index() == committed_index(shares, acknowledged));
    const auto steps = *rc::gen::inRange(0, 60);
    for (int step = 0; step < steps; ++step) {
      const NodeId node(*rc::gen::inRange<std::uint32_t>(1, 11));
      const LogIndex index(*rc::gen::inRange<std::uint64_t>(0, 20));  // at times one that is late
      counter.acknowledge(node, index);
      LogIndex& known = acknowledged[node];
      known = std::max(known, index);
      RC_ASSERT(counter.index() == committed_index(shares, acknowledged));
      RC_ASSERT(counter.index_of_incoming() == committed_index(shares.incoming, acknowledged));
    }
  }));
}

}  // namespace
}  // namespace skywarden::consensus
