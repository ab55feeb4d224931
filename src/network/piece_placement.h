// Which of k + m pieces of a bundle (bundle_pieces.h) goes by which route: evenly over routes that share no
// contact, edge or relay, as many routes as make the most of them dispensable. A route that fails takes its
// pieces with it, so with c pieces on the fullest f routes, f may fail when c ≤ m. Of counts of routes that
// allow as many failures the one is taken whose k-th piece arrives first.
//
// Two routes are the best pair (disjoint_pair.h); more are found greedily, so there may be more than are
// found.
#pragma once

#include <optional>
#include <vector>

#include "network/disjoint_pair.h"
#include "network/route_load.h"
#include "wire/erasure_code.h"

namespace skywarden::network {

struct PiecePlacement {
  std::vector<Route> routes;  // by piece, with its arrival
  std::size_t routes_used = 0;
  std::size_t routes_may_fail = 0;  // whichever they are
  Duration arrival{};               // of the k-th piece, when nothing fails
};

// Pieces of query.bytes each; all arrive by `latest`. Nothing when not even one route carries them.
[[nodiscard]] std::optional<PiecePlacement> place_pieces(const ContactGraph& graph, const RouteQuery& query,
                                                         wire::CodeShape shape, Disjoint kind,
                                                         Duration latest = ContactGraph::kTimeMax,
                                                         const PlanState& state = {});

}  // namespace skywarden::network
