#include "network/striping.h"

#include <algorithm>
#include <numeric>

#include "network/route_list.h"

namespace skywarden::network {
namespace {

std::optional<Stripes> all_along(const Route& route, const ContactGraph& graph, const RouteQuery& query,
                                 std::span<const std::uint64_t> fragments, const PlanState& state) {
  RouteLoad load(graph, state);
  Stripes stripes;
  stripes.arrival = query.at;
  for (const std::uint64_t bytes : fragments) {
    if (!load.arrival(route.contacts, query.at, bytes)) return std::nullopt;
    stripes.routes.push_back(route);
    stripes.routes.back().arrival = load.add(route.contacts, query.at, bytes);
    stripes.arrival = std::max(stripes.arrival, stripes.routes.back().arrival);
  }
  return stripes;
}

}  // namespace

std::optional<Stripes> single_route(const ContactGraph& graph, const RouteQuery& query,
                                    std::span<const std::uint64_t> fragments, const PlanState& state,
                                    std::size_t routes_max) {
  if (fragments.empty()) return Stripes{{}, query.at};
  const RouteQuery largest{query.from, query.to, query.at, std::ranges::max(fragments)};
  const RouteQuery whole{query.from, query.to, query.at,
                         std::accumulate(fragments.begin(), fragments.end(), std::uint64_t{0})};
  auto routes = best_routes(graph, largest, routes_max, state);
  if (auto route = RouteSearch(graph).best(whole, state)) routes.push_back(std::move(*route));
  std::optional<Stripes> best;
  for (const Route& route : routes) {
    auto stripes = all_along(route, graph, query, fragments, state);
    if (stripes && (!best || stripes->arrival < best->arrival)) best = std::move(stripes);
  }
  return best;
}

std::optional<Stripes> stripe(const ContactGraph& graph, const RouteQuery& query,
                              std::span<const std::uint64_t> fragments, const PlanState& state) {
  auto single = single_route(graph, query, fragments, state);
  RouteLoad load(graph, state);
  RouteSearch search(graph);
  Stripes stripes;
  stripes.arrival = query.at;
  for (const std::uint64_t bytes : fragments) {
    auto route = search.best({query.from, query.to, query.at, bytes}, load.state());
    if (!route) return single;
    load.add(route->contacts, query.at, bytes);
    stripes.arrival = std::max(stripes.arrival, route->arrival);
    stripes.routes.push_back(std::move(*route));
  }
  return single && single->arrival < stripes.arrival ? std::move(single) : std::optional(std::move(stripes));
}

}  // namespace skywarden::network
