// For the property tests of routes: small random plans, and every route through one, found the obvious way.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "base/random.h"
#include "network/route_search.h"

namespace skywarden::network {

struct SmallPlan {
  ContactGraph graph;
  RouteQuery query;
  PlanState state;
};

// Few nodes, few distinct times: ties, touching windows and overlapping contacts everywhere.
inline SmallPlan small_plan(Random& random, std::uint64_t contacts_max) {
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random.below(n)); };
  const auto vertices = static_cast<std::uint32_t>(2 + below(5));
  const auto any_vertex = [&] { return Vertex(static_cast<std::uint32_t>(below(vertices))); };
  std::vector<PlannedContact> contacts;
  for (std::int64_t i = below(contacts_max); i > 0; --i) {
    const Vertex from = any_vertex();
    const Vertex to = any_vertex();
    if (from == to) continue;
    const Duration start(below(15));
    contacts.push_back({from, to, start, start + Duration(below(20)), Duration(below(4)),
                        BitsPerSecond(8e9 / static_cast<double>(1 + below(3)))});
  }
  SmallPlan plan{ContactGraph::make(vertices, std::move(contacts)).value(), {}, {}};
  plan.query = {any_vertex(), any_vertex(), Duration(below(6)), static_cast<std::uint64_t>(below(4))};
  if (below(4) == 0)
    for (std::size_t i = 0; i < plan.graph.contacts().size(); ++i)
      plan.state.busy_until.set(i, Duration(below(20)));
  if (below(4) == 0)
    for (std::uint32_t v = 0; v < vertices; ++v) plan.state.excluded.push_back(below(6) == 0 ? 1 : 0);
  return plan;
}

inline std::vector<Route> every_route(const ContactGraph& graph, const RouteQuery& query,
                                      const PlanState& state) {
  std::vector<Route> found;
  std::vector<Vertex> nodes;
  std::vector<PlannedContactId> contacts;
  const std::function<void(Vertex, Duration, Duration)> go = [&](Vertex here, Duration at, Duration end) {
    if (here == query.to) {
      found.push_back({at, end, contacts});
      return;
    }
    for (std::uint32_t i = 0; i < graph.contacts().size(); ++i) {
      const PlannedContact& c = graph.contacts()[i];
      if (c.from != here || c.to == query.from || std::ranges::count(nodes, c.to) > 0) continue;
      if (!state.excluded.empty() && state.excluded[c.to.value()] != 0) continue;
      Duration leaves = std::max(at, c.start);
      leaves = std::max(leaves, state.busy_until[i]);
      const Duration sent = leaves + transmission_time(query.bytes, c.rate);
      if (sent > c.end) continue;
      nodes.push_back(c.to);
      contacts.emplace_back(i);
      go(c.to, sent + c.light_time, std::min(end, c.end));
      contacts.pop_back();
      nodes.pop_back();
    }
  };
  go(query.from, query.at, ContactGraph::kTimeMax);
  return found;
}

}  // namespace skywarden::network
