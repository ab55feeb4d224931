#include "network/piece_placement.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::network {
namespace {

std::size_t may_fail(std::vector<std::size_t> counts, std::size_t parity) {
  std::ranges::sort(counts, std::greater());
  std::size_t failed = 0, lost = 0;
  for (; failed < counts.size() && lost + counts[failed] <= parity; ++failed) lost += counts[failed];
  return failed;
}

// Each piece goes by the route that has the fewest, of those the one on which it arrives first.
std::optional<PiecePlacement> spread(const ContactGraph& graph, const std::vector<Route>& routes,
                                     const RouteQuery& query, wire::CodeShape shape, Duration latest,
                                     const PlanState& state) {
  RouteLoad load(graph, state);
  PiecePlacement placement;
  std::vector<std::size_t> counts(routes.size());
  std::vector<Duration> arrivals;
  for (std::size_t piece = 0; piece < shape.pieces(); ++piece) {
    std::optional<std::pair<std::pair<std::size_t, Duration>, std::size_t>> best;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      const auto arrival = load.arrival(routes[i].contacts, query.at, query.bytes);
      if (!arrival || *arrival > latest) continue;
      const auto offer = std::pair(std::pair(counts[i], *arrival), i);
      if (!best || offer < *best) best = offer;
    }
    if (!best) return std::nullopt;
    const std::size_t chosen = best->second;
    ++counts[chosen];
    placement.routes.push_back(routes[chosen]);
    placement.routes.back().arrival = load.add(routes[chosen].contacts, query.at, query.bytes);
    arrivals.push_back(placement.routes.back().arrival);
  }
  std::ranges::sort(arrivals);
  placement.arrival = arrivals[shape.data - 1];
  placement.routes_used = routes.size() - static_cast<std::size_t>(std::ranges::count(counts, 0U));
  placement.routes_may_fail = may_fail(std::move(counts), shape.parity);
  return placement;
}

}  // namespace

std::optional<PiecePlacement> place_pieces(const ContactGraph& graph, const RouteQuery& query,
                                           wire::CodeShape shape, Disjoint kind, Duration latest,
                                           const PlanState& state) {
  EXPECTS(shape.valid());
  DisjointSearch search(graph);
  std::optional<PiecePlacement> best;
  const auto offer = [&](const std::vector<Route>& routes) {
    if (routes.empty() || routes.back().arrival > latest) return;
    auto placement = spread(graph, routes, query, shape, latest, state);
    if (!placement) return;
    const bool better =
        !best || placement->routes_may_fail > best->routes_may_fail ||
        (placement->routes_may_fail == best->routes_may_fail && placement->arrival < best->arrival);
    if (better) best = std::move(placement);
  };
  const auto greedy = search.greedy(query, kind, shape.pieces(), state);
  for (std::size_t count = 1; count <= greedy.size(); ++count)
    offer({greedy.begin(), greedy.begin() + static_cast<std::ptrdiff_t>(count)});
  if (const auto pair = search.best(query, kind, state).pair; pair && shape.pieces() > 1)
    offer({pair->first, pair->second});
  return best;
}

}  // namespace skywarden::network
