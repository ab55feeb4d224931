#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "base/random.h"
#include "consensus/delay_graph.h"

namespace skywarden::consensus {
namespace {

TEST_CASE("shortest ways are those of a search that tries everything, and lead where they say") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    std::vector<LinkDelay> links;
    const auto nodes = static_cast<std::uint32_t>(2 + random.below(20));
    for (auto left = 1 + random.below(3 * nodes); left > 0; --left) {
      const NodeId a(static_cast<std::uint32_t>(1 + random.below(nodes)));
      const NodeId b(static_cast<std::uint32_t>(1 + random.below(nodes)));
      if (a != b) links.push_back({a, b, std::chrono::milliseconds(1 + random.below(9))});
    }
    if (links.empty()) return;
    const DelayGraph graph(links);
    const std::size_t places = graph.nodes().size();
    const auto source = static_cast<std::uint32_t>(random.below(places));
    const auto target = static_cast<std::uint32_t>(random.below(places));
    std::vector<Duration> slow(places, kNoWay);
    slow[source] = Duration::zero();
    for (std::size_t round = 0; round < places; ++round)
      for (const LinkDelay& link : links)
        for (const auto& [from, to] : {std::pair(link.a, link.b), std::pair(link.b, link.a)}) {
          const Duration here = slow[*graph.place(from)];
          if (here != kNoWay) slow[*graph.place(to)] = std::min(slow[*graph.place(to)], here + link.delay);
        }
    const ShortestWays ways = shortest_ways(graph, source);
    RC_ASSERT(ways.delay == slow);
    RC_ASSERT(shortest_ways(graph, source, target).delay[target] == slow[target]);
    for (std::uint32_t p = 0; p < places; ++p) {
      if (p == source || slow[p] == kNoWay) continue;
      const LinkDelay& link = links[ways.link[p]];
      RC_ASSERT(slow[ways.from[p]] + link.delay == slow[p]);
      RC_ASSERT(link.a == graph.nodes()[p] || link.b == graph.nodes()[p]);
    }
    RC_ASSERT(!graph.place(NodeId(nodes + 1)));
  }));
}

}  // namespace
}  // namespace skywarden::consensus
