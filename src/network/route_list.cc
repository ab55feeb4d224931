#include "network/route_list.h"

#include <algorithm>
#include <set>

namespace skywarden::network {
namespace {

constexpr Duration kNeverFree = ContactGraph::kTimeMax * 2;  // past the end of any contact

struct BetterRoute {
  const ContactGraph* graph;

  bool operator()(const Route& a, const Route& b) const {
    if (a.arrival != b.arrival) return a.arrival < b.arrival;
    if (a.contacts.size() != b.contacts.size()) return a.contacts.size() < b.contacts.size();
    if (a.end != b.end) return a.end > b.end;
    for (std::size_t i = 0; i < a.contacts.size(); ++i) {
      const Vertex to_a = graph->contact(a.contacts[i]).to;
      const Vertex to_b = graph->contact(b.contacts[i]).to;
      if (to_a != to_b) return to_a < to_b;
    }
    return a.contacts < b.contacts;
  }
};

// The way to the node a route leaves by its contact number `spur`.
struct Root {
  Vertex node;
  Duration arrival{};
  Duration end = Duration::max();
};

// Sends the bundle over one more contact of a route known to work.
void advance(Root& root, const PlannedContact& contact, Duration busy_until, std::uint64_t bytes) {
  const Duration leaves = std::max({root.arrival, contact.start, busy_until});
  root.node = contact.to;
  root.arrival =
      leaves + (bytes == 0 ? Duration::zero() : transmission_time(bytes, contact.rate)) + contact.light_time;
  root.end = std::min(root.end, contact.end);
}

}  // namespace

std::vector<Route> best_routes(const ContactGraph& graph, const RouteQuery& query, std::size_t count,
                               const PlanState& state) {
  std::vector<Route> routes;
  RouteSearch search(graph);
  auto best = search.best(query, state);
  if (!best || count == 0) return routes;
  routes.push_back(std::move(*best));
  const BetterRoute better{&graph};
  std::set<Route, BetterRoute> candidates(better);

  PlanState blocked = state;
  if (blocked.excluded.empty()) blocked.excluded.assign(graph.vertices(), 0);
  const PlanState open = blocked;
  while (routes.size() < count) {
    const Route& last = routes.back();
    Root root{query.from, query.at};
    for (std::size_t spur = 0; spur < last.contacts.size(); ++spur) {
      // Leave the root by another contact than any route that shares it.
      std::vector<PlannedContactId> taken;
      for (const Route& route : routes)
        if (route.contacts.size() > spur &&
            std::equal(last.contacts.begin(), last.contacts.begin() + static_cast<std::ptrdiff_t>(spur),
                       route.contacts.begin()))
          taken.push_back(route.contacts[spur]);
      for (const PlannedContactId id : taken) blocked.busy_until.set(id.value(), kNeverFree);
      if (auto rest = search.best({root.node, query.to, root.arrival, query.bytes}, blocked)) {
        Route whole{rest->arrival, std::min(root.end, rest->end), {}};
        whole.contacts.assign(last.contacts.begin(),
                              last.contacts.begin() + static_cast<std::ptrdiff_t>(spur));
        whole.contacts.insert(whole.contacts.end(), rest->contacts.begin(), rest->contacts.end());
        candidates.insert(std::move(whole));
      }
      for (const PlannedContactId id : taken) blocked.busy_until.set(id.value(), open.busy_until[id.value()]);
      blocked.excluded[root.node.value()] = 1;
      const PlannedContactId next = last.contacts[spur];
      advance(root, graph.contact(next), open.busy_until[next.value()], query.bytes);
    }
    blocked.excluded = open.excluded;
    if (candidates.empty()) break;
    routes.push_back(*candidates.begin());
    candidates.erase(candidates.begin());
  }
  return routes;
}

}  // namespace skywarden::network
