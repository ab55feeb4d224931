#include "network/piece_placement.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>

#include "network/plan_test_data.h"

namespace skywarden::network {
namespace {

PlannedContact contact(std::uint32_t from, std::uint32_t to, int start, int end) {
  return {Vertex(from), Vertex(to), Duration(start), Duration(end), Duration(1), BitsPerSecond(8e9)};
}

// Three relays, each reached later than the one before.
ContactGraph three_ways() {
  return ContactGraph::make(5, {contact(0, 1, 0, 90), contact(1, 4, 0, 90), contact(0, 2, 10, 90),
                                contact(2, 4, 10, 90), contact(0, 3, 20, 90), contact(3, 4, 20, 90)})
      .value();
}

TEST_CASE("pieces go by as many routes as it takes to do without most of them") {
  const auto graph = three_ways();
  const RouteQuery query{Vertex(0), Vertex(4), Duration(0), 1};
  // Each of three routes has one of 1 + 2 pieces: two routes may fail.
  const auto wide = place_pieces(graph, query, {1, 2}, Disjoint::kNodes).value();
  CHECK(wide.routes_used == 3);
  CHECK(wide.routes_may_fail == 2);
  CHECK(wide.arrival == Duration(4));
  // 4 + 2: three routes with two each allow one failure, two routes with three each none.
  const auto most = place_pieces(graph, query, {4, 2}, Disjoint::kNodes).value();
  CHECK(most.routes_may_fail == 1);
  CHECK(most.routes_used == 3);
  // 2 + 2: two routes or three allow one; with two the second piece is there first, by the fastest alone.
  const auto pair = place_pieces(graph, query, {2, 2}, Disjoint::kNodes).value();
  CHECK(pair.routes_may_fail == 1);
  CHECK(pair.arrival == Duration(5));
  CHECK(pair.routes_used == 2);
  // Without parity nothing may fail, and the fastest way is taken by all.
  CHECK(place_pieces(graph, query, {3, 0}, Disjoint::kNodes)->routes_used == 1);
  // In time for the first two routes only.
  CHECK(place_pieces(graph, query, {1, 2}, Disjoint::kNodes, Duration(20))->routes_may_fail == 1);
  CHECK_FALSE(place_pieces(graph, query, {1, 2}, Disjoint::kNodes, Duration(3)).has_value());
}

TEST_CASE("whichever routes fail, so many as may, k pieces arrive") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const SmallPlan plan = small_plan(random, 30);
    const wire::CodeShape shape{1 + random.below(4), random.below(4)};
    const auto kind = *rc::gen::element(Disjoint::kContacts, Disjoint::kEdges, Disjoint::kNodes);
    const auto placed = place_pieces(plan.graph, plan.query, shape, kind, Duration(40), plan.state);
    if (!placed) return;
    RC_ASSERT(placed->routes.size() == shape.pieces());
    if (plan.query.from == plan.query.to) return;
    std::set<std::vector<PlannedContactId>> distinct;
    std::vector<Duration> arrivals;
    for (const Route& route : placed->routes) {
      distinct.insert(route.contacts);
      arrivals.push_back(route.arrival);
      RC_ASSERT(route.arrival <= Duration(40));
    }
    std::ranges::sort(arrivals);
    RC_ASSERT(placed->arrival == arrivals[shape.data - 1]);
    RC_ASSERT(distinct.size() == placed->routes_used);
    // Every choice of routes that fail.
    const std::vector<std::vector<PlannedContactId>> routes(distinct.begin(), distinct.end());
    for (unsigned choice = 0; choice < 1U << routes.size(); ++choice) {
      std::size_t failed = 0, lost = 0;
      for (std::size_t i = 0; i < routes.size(); ++i)
        if ((choice >> i & 1U) != 0) {
          ++failed;
          for (const Route& route : placed->routes) lost += route.contacts == routes[i] ? 1 : 0;
        }
      if (failed <= placed->routes_may_fail) RC_ASSERT(shape.pieces() - lost >= shape.data);
    }
    // No two of them share a contact.
    for (const auto& a : routes)
      for (const auto& b : routes)
        if (a != b)
          for (const PlannedContactId id : a) RC_ASSERT(std::ranges::count(b, id) == 0);
  }));
}

}  // namespace
}  // namespace skywarden::network
