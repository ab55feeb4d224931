#include "consensus/delay_graph.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "base/contract.h"

namespace skywarden::consensus {

DelayGraph::DelayGraph(std::span<const LinkDelay> links) {
  for (const LinkDelay& link : links) {
    EXPECTS(link.delay > Duration::zero() && link.a != link.b);
    nodes_.push_back(link.a);
    nodes_.push_back(link.b);
  }
  std::sort(nodes_.begin(), nodes_.end());
  nodes_.erase(std::unique(nodes_.begin(), nodes_.end()), nodes_.end());
  std::vector<std::pair<std::uint32_t, Neighbour>> arcs;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::uint32_t a = *place(links[i].a);
    const std::uint32_t b = *place(links[i].b);
    const auto number = static_cast<std::uint32_t>(i);
    arcs.push_back({a, {b, number, links[i].delay}});
    arcs.push_back({b, {a, number, links[i].delay}});
  }
  std::sort(arcs.begin(), arcs.end(), [](const auto& x, const auto& y) {
    return std::tie(x.first, x.second.place, x.second.link) <
           std::tie(y.first, y.second.place, y.second.link);
  });
  first_.assign(nodes_.size() + 1, 0);
  for (const auto& [from, to] : arcs) {
    ++first_[from + 1];
    neighbours_.push_back(to);
  }
  for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
}

std::optional<std::uint32_t> DelayGraph::place(NodeId node) const {
  const auto found = std::lower_bound(nodes_.begin(), nodes_.end(), node);
  if (found == nodes_.end() || *found != node) return std::nullopt;
  return static_cast<std::uint32_t>(found - nodes_.begin());
}

ShortestWays shortest_ways(const DelayGraph& graph, std::uint32_t source, std::uint32_t target) {
  const std::size_t places = graph.nodes().size();
  EXPECTS(source < places);
  ShortestWays ways{std::vector(places, kNoWay), std::vector(places, kNoPlace),
                    std::vector(places, kNoPlace)};
  using Reached = std::pair<Duration, std::uint32_t>;
  std::priority_queue<Reached, std::vector<Reached>, std::greater<>> open;
  ways.delay[source] = Duration::zero();
  open.emplace(Duration::zero(), source);
  while (!open.empty()) {
    const auto [delay, here] = open.top();
    open.pop();
    if (delay > ways.delay[here]) continue;  // shortened since
    if (here == target) break;
    for (const DelayGraph::Neighbour& next : graph.neighbours(here)) {
      const Duration there = delay + next.delay;
      if (there >= ways.delay[next.place]) continue;
      ways.delay[next.place] = there;
      ways.from[next.place] = here;
      ways.link[next.place] = next.link;
      open.emplace(there, next.place);
    }
  }
  return ways;
}

}  // namespace skywarden::consensus
