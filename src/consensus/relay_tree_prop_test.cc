#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "consensus/relay_tree.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Drawn {
  std::vector<LinkDelay> links;
  std::map<NodeId, Duration> sources;
  std::set<NodeId> learners;
  RelayOptions options;
};

Drawn drawn(Random& random) {
  Drawn d;
  const auto nodes = static_cast<std::uint32_t>(2 + random.below(30));
  for (auto left = nodes + random.below(2 * nodes); left > 0; --left) {
    const NodeId a(static_cast<std::uint32_t>(1 + random.below(nodes)));
    const NodeId b(static_cast<std::uint32_t>(1 + random.below(nodes)));
    if (a == b) continue;
    d.links.push_back({a, b, milliseconds(1 + random.below(20)), Instant(seconds(random.below(100)))});
  }
  for (std::uint32_t id = 1; id <= nodes; ++id) {
    if (random.chance(0.15)) d.sources[NodeId(id)] = milliseconds(random.below(30));
    if (random.chance(0.7)) d.learners.insert(NodeId(id));
  }
  d.options.fan_out = 1 + random.below(6);
  d.options.feeds = 1 + random.below(3);
  d.options.needed_until = Instant(seconds(random.below(50)));
  return d;
}

// Slowly and obviously: when each node hears at the earliest, if everybody hands on to everybody. A voter
// hands on when it knows itself; what is meant for others may pass through it sooner.
std::map<NodeId, Duration> earliest(const Drawn& d, bool through_voters) {
  std::map<NodeId, Duration> at = d.sources;
  for (bool changed = true; changed;) {
    changed = false;
    for (const LinkDelay& link : d.links) {
      if (link.until < d.options.needed_until) continue;
      for (const auto& [from, to] : {std::pair(link.a, link.b), std::pair(link.b, link.a)}) {
        const auto heard = at.find(from);
        if (heard == at.end() || (!through_voters && d.sources.contains(to))) continue;
        const Duration there = heard->second + link.delay;
        const auto known = at.find(to);
        if (known != at.end() && known->second <= there) continue;
        at[to] = there;
        changed = true;
      }
    }
  }
  return at;
}

TEST_CASE("a relay tree reaches whoever can be reached, is no deeper than it need be, and no circle") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Drawn d = drawn(random);
    const RelayTree tree = make_relay_tree(d.links, d.sources, d.learners, d.options);
    const auto floor = earliest(d, false);
    const auto passing = earliest(d, true);
    for (const auto& [node, children] : tree.children()) {
      RC_ASSERT(children.size() <= d.options.fan_out);
      RC_ASSERT(d.sources.contains(node) || d.learners.contains(node));
    }
    std::size_t learners = 0;
    for (const NodeId node : d.learners) {
      if (d.sources.contains(node)) continue;
      ++learners;
      const bool reached = tree.parents.contains(node);
      if (!floor.contains(node)) RC_ASSERT(!reached);
      if (!reached) continue;
      RC_ASSERT(tree.arrival.at(node) >= passing.at(node));
      const auto& parents = tree.parents.at(node);
      RC_ASSERT(parents.size() <= d.options.feeds);
      RC_ASSERT(std::set(parents.begin(), parents.end()).size() == parents.size());
      // Up the first parents, to a source, in fewer steps than there are members.
      NodeId up = node;
      for (std::size_t steps = 0; !d.sources.contains(up); ++steps) {
        RC_ASSERT(steps <= d.learners.size());
        up = tree.parents.at(up).front();
      }
    }
    d.options.fan_out = d.links.size() + 64;
    const RelayTree wide = make_relay_tree(d.links, d.sources, d.learners, d.options);
    for (const NodeId node : d.learners)
      if (floor.contains(node) && !d.sources.contains(node))
        RC_ASSERT(wide.arrival.at(node) == floor.at(node));
    RC_ASSERT(tree.parents.size() <= learners);
    // The order in which links are listed changes nothing.
    random.shuffle(std::span(d.links));
    RC_ASSERT(make_relay_tree(d.links, d.sources, d.learners, d.options).arrival == wide.arrival);
  }));
}

TEST_CASE("where members have room, a small fan-out leaves nobody out") {
  std::vector<LinkDelay> links;  // a star: everybody sees only 1
  std::set<NodeId> learners;
  for (std::uint32_t id = 2; id <= 40; ++id) {
    links.push_back({NodeId(1), NodeId(id), milliseconds(id)});
    learners.insert(NodeId(id));
  }
  const RelayTree tree = make_relay_tree(links, {{NodeId(1), Duration::zero()}}, learners, {3, 1});
  CHECK(tree.parents.size() == 39);
  CHECK(tree.parents.at(NodeId(4)) == std::vector{NodeId(1)});
  CHECK(tree.parents.at(NodeId(5)) == std::vector{NodeId(2)});  // 1 has three children
  CHECK(tree.arrival.at(NodeId(5)) == milliseconds(2 + 2 + 5));
}

TEST_CASE("a second feed comes over another link, and not from who hears it from oneself") {
  const auto ms = [](int n) { return milliseconds(n); };
  const std::vector<LinkDelay> ring{{NodeId(1), NodeId(2), ms(5)},
                                    {NodeId(2), NodeId(3), ms(5)},
                                    {NodeId(3), NodeId(4), ms(5)},
                                    {NodeId(4), NodeId(1), ms(8)}};
  const RelayTree tree =
      make_relay_tree(ring, {{NodeId(1), ms(0)}}, {NodeId(2), NodeId(3), NodeId(4)}, {4, 2});
  CHECK(tree.parents.at(NodeId(2)) == std::vector{NodeId(1)});  // 3 hears it from 2
  CHECK(tree.parents.at(NodeId(3)) == std::vector{NodeId(2), NodeId(4)});
  CHECK(tree.parents.at(NodeId(4)) == std::vector{NodeId(1), NodeId(3)});
}

TEST_CASE("a tree avoids contacts that end too soon, and says until when it holds") {
  const std::vector<LinkDelay> links{{NodeId(1), NodeId(2), milliseconds(1), Instant(seconds(10))},
                                     {NodeId(1), NodeId(3), milliseconds(9), Instant(seconds(60))},
                                     {NodeId(3), NodeId(2), milliseconds(9), Instant(seconds(50))}};
  RelayOptions options{4, 1, Instant(seconds(30))};
  const std::map<NodeId, Duration> sources{{NodeId(1), Duration::zero()}};
  const RelayTree tree = make_relay_tree(links, sources, {NodeId(2), NodeId(3)}, options);
  CHECK(tree.parents.at(NodeId(2)) == std::vector{NodeId(3)});
  CHECK(tree.valid_until == Instant(seconds(50)));
  options.needed_until = Instant::min();
  CHECK(make_relay_tree(links, sources, {NodeId(2), NodeId(3)}, options).valid_until == Instant(seconds(10)));
}

}  // namespace
}  // namespace skywarden::consensus
