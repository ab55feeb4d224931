// The fragments of a large bundle (bundle_fragment.h) over several routes, so that the last of them arrives
// early: a contact carries what its window and rate hold, the rest goes another way, or by the next pass.
// Each fragment in turn takes the route by which it arrives earliest behind those before it; should all down
// the best single route end earlier, they go there.
//
// Not exact: a fragment never makes room for a later one, nor slips into a gap. The last arrival is never
// later than by the best single route; striping_prop_test compares it with the optimum on small plans (a flow
// through the time-expanded plan), which works for equal fragments and whole time steps only.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "network/route_load.h"

namespace skywarden::network {

struct Stripes {
  std::vector<Route> routes;  // by fragment, with its arrival behind those before it
  Duration arrival{};         // of the last
};

// Fragments of these bytes each (of which `query.bytes` says nothing), sent in order. Nothing when one of
// them has no way left.
[[nodiscard]] std::optional<Stripes> stripe(const ContactGraph& graph, const RouteQuery& query,
                                            std::span<const std::uint64_t> fragments,
                                            const PlanState& state = {});

// All of them by one route: of the `routes_max` best ones for the largest fragment, and the best one for all
// bytes in one piece, the route whose last fragment arrives earliest.
[[nodiscard]] std::optional<Stripes> single_route(const ContactGraph& graph, const RouteQuery& query,
                                                  std::span<const std::uint64_t> fragments,
                                                  const PlanState& state = {}, std::size_t routes_max = 16);

}  // namespace skywarden::network
