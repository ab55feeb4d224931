// The k best routes of a bundle, in the order of route_search.h: Yen's algorithm (1971) on contacts. Two
// routes differ when they use different contacts, if only the next pass of the same pair. No route visits a
// node twice.
#pragma once

#include <cstddef>
#include <vector>

#include "network/route_search.h"

namespace skywarden::network {

// At most `count` routes, best first; fewer when there are no more. Ties are broken by the numbers of the
// nodes, then of the contacts. The time it takes grows with count · hops searches.
[[nodiscard]] std::vector<Route> best_routes(const ContactGraph& graph, const RouteQuery& query,
                                             std::size_t count, const PlanState& state = {});

}  // namespace skywarden::network
