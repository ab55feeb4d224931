// Routes against a slow obvious search that tries every way through a small plan.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "network/route_list.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

// The order of routes, as values that compare.
struct Rank {
  Duration arrival;
  std::size_t hops;
  Duration end;  // negated, so that later is better
  std::vector<Vertex> nodes;

  friend auto operator<=>(const Rank&, const Rank&) = default;
};

std::vector<Rank> every_route(const ContactGraph& graph, const RouteQuery& query, const PlanState& state) {
  std::vector<Rank> found;
  std::vector<Vertex> nodes;
  const std::function<void(Vertex, Duration, Duration)> go = [&](Vertex here, Duration at, Duration end) {
    if (here == query.to) {
      found.push_back({at, nodes.size(), -end, nodes});
      return;
    }
    for (std::uint32_t i = 0; i < graph.contacts().size(); ++i) {
      const PlannedContact& c = graph.contacts()[i];
      if (c.from != here || c.to == query.from || std::ranges::count(nodes, c.to) > 0) continue;
      if (!state.excluded.empty() && state.excluded[c.to.value()] != 0) continue;
      Duration leaves = std::max(at, c.start);
      if (!state.busy_until.empty()) leaves = std::max(leaves, state.busy_until[i]);
      const Duration sent = leaves + transmission_time(query.bytes, c.rate);
      if (sent > c.end) continue;
      nodes.push_back(c.to);
      go(c.to, sent + c.light_time, std::min(end, c.end));
      nodes.pop_back();
    }
  };
  go(query.from, query.at, ContactGraph::kTimeMax);
  std::ranges::sort(found);
  return found;
}

Rank rank_of(const ContactGraph& graph, const Route& route) {
  Rank rank{route.arrival, route.contacts.size(), -route.end, {}};
  for (const PlannedContactId id : route.contacts) rank.nodes.push_back(graph.contact(id).to);
  return rank;
}

struct Case {
  ContactGraph graph;
  RouteQuery query;
  PlanState state;
};

// Few nodes, few distinct times: ties and touching windows everywhere.
Case any_case() {
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random.below(n)); };
  const auto vertices = static_cast<std::uint32_t>(2 + below(5));
  const auto any_vertex = [&] { return Vertex(static_cast<std::uint32_t>(below(vertices))); };
  std::vector<PlannedContact> contacts;
  for (std::int64_t i = below(28); i > 0; --i) {
    const Vertex from = any_vertex();
    const Vertex to = any_vertex();
    if (from == to) continue;
    const Duration start(below(15));
    contacts.push_back({from, to, start, start + Duration(below(20)), Duration(below(4)),
                        BitsPerSecond(8e9 / static_cast<double>(1 + below(3)))});
  }
  Case c{ContactGraph::make(vertices, std::move(contacts)).value(), {}, {}};
  c.query = {any_vertex(), any_vertex(), Duration(below(6)), static_cast<std::uint64_t>(below(4))};
  if (below(4) == 0)
    for (std::size_t i = 0; i < c.graph.contacts().size(); ++i) c.state.busy_until.emplace_back(below(20));
  if (below(4) == 0)
    for (std::uint32_t v = 0; v < vertices; ++v) c.state.excluded.push_back(below(6) == 0 ? 1 : 0);
  return c;
}

}  // namespace

TEST_CASE("the best route is the best of every route") {
  CHECK(rc::check([] {
    const Case c = any_case();
    const auto all = every_route(c.graph, c.query, c.state);
    const auto route = RouteSearch(c.graph).best(c.query, c.state);
    RC_ASSERT(route.has_value() == !all.empty());
    if (route) RC_ASSERT(rank_of(c.graph, *route) == all.front());
  }));
}

TEST_CASE("the list of best routes begins as the list of every route does") {
  CHECK(rc::check([] {
    const Case c = any_case();
    const auto all = every_route(c.graph, c.query, c.state);
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto routes = best_routes(c.graph, c.query, count, c.state);
    RC_ASSERT(routes.size() == std::min(count, all.size()));
    for (std::size_t i = 0; i < routes.size(); ++i) RC_ASSERT(rank_of(c.graph, routes[i]) == all[i]);
  }));
}

TEST_CASE("one search after another over the same plan gives what a fresh one gives") {
  CHECK(rc::check([] {
    const Case c = any_case();
    RouteSearch search(c.graph);
    for (std::uint32_t from = 0; from < c.graph.vertices(); ++from)
      for (std::uint32_t to = 0; to < c.graph.vertices(); ++to) {
        const RouteQuery query{Vertex(from), Vertex(to), c.query.at, c.query.bytes};
        RC_ASSERT(search.best(query) == RouteSearch(c.graph).best(query));
      }
  }));
}
