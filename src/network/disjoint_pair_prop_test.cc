// Disjoint pairs against every pair of routes through small plans.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "network/disjoint_pair.h"
#include "network/plan_test_data.h"

namespace skywarden::network {
namespace {

// Written apart from the search: what may not be shared, contact by contact.
bool disjoint(const ContactGraph& graph, const Route& a, const Route& b, Disjoint kind) {
  for (const PlannedContactId x : a.contacts)
    for (const PlannedContactId y : b.contacts) {
      const PlannedContact& c = graph.contact(x);
      const PlannedContact& d = graph.contact(y);
      if (x == y) return false;
      if (kind != Disjoint::kContacts && c.from == d.from && c.to == d.to) return false;
      const bool relay = x != a.contacts.back() && y != b.contacts.back();
      if (kind == Disjoint::kNodes && relay && c.to == d.to) return false;
    }
  return true;
}

std::optional<PairRank> slow_best(const SmallPlan& plan, Disjoint kind) {
  const auto routes = every_route(plan.graph, plan.query, plan.state);
  std::optional<PairRank> best;
  for (std::size_t i = 0; i < routes.size(); ++i)
    for (std::size_t j = i; j < routes.size(); ++j) {
      const PairRank rank = rank_of(routes[i], routes[j]);
      if (best && !(rank < *best)) continue;
      if (disjoint(plan.graph, routes[i], routes[j], kind)) best = rank;
    }
  return best;
}

SmallPlan any_plan() {
  constexpr std::uint64_t kContactsMax = 24;
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  return small_plan(random, kContactsMax);
}

// The route as the plan would carry it: contact by contact, in time, to the same arrival.
void check_route(const SmallPlan& plan, const Route& route) {
  const auto all = every_route(plan.graph, plan.query, plan.state);
  RC_ASSERT(std::ranges::count(all, route) == 1);
}

void check_kind(Disjoint kind) {
  CHECK(rc::check([kind] {
    const SmallPlan plan = any_plan();
    const auto answer = DisjointSearch(plan.graph).best(plan.query, kind, plan.state);
    RC_ASSERT(answer.proven);
    const auto expected = slow_best(plan, kind);
    RC_TAG(expected.has_value());
    RC_ASSERT(answer.pair.has_value() == expected.has_value());
    if (!expected) return;
    const auto& [first, second] = *answer.pair;
    RC_ASSERT(disjoint(plan.graph, first, second, kind));
    RC_ASSERT(rank_of(first, second) == *expected);
    RC_ASSERT(first.arrival <= second.arrival);
    check_route(plan, first);
    check_route(plan, second);
  }));
}

TEST_CASE("the contact-disjoint pair is the best of every pair") {
  check_kind(Disjoint::kContacts);
}
TEST_CASE("the edge-disjoint pair is the best of every pair") {
  check_kind(Disjoint::kEdges);
}
TEST_CASE("the node-disjoint pair is the best of every pair") {
  check_kind(Disjoint::kNodes);
}

TEST_CASE("a search that gives up says so and still gives a disjoint pair of real routes") {
  CHECK(rc::check([] {
    const SmallPlan plan = any_plan();
    const auto kind = *rc::gen::element(Disjoint::kContacts, Disjoint::kEdges, Disjoint::kNodes);
    DisjointSearch search(plan.graph);
    const auto whole = search.best(plan.query, kind, plan.state);
    const auto cut = search.best(plan.query, kind, plan.state, 1);
    RC_ASSERT(cut.steps <= 1);
    if (!cut.pair) {
      RC_ASSERT(!whole.pair || !cut.proven);
      return;
    }
    RC_ASSERT(disjoint(plan.graph, cut.pair->first, cut.pair->second, kind));
    check_route(plan, cut.pair->second);
    const auto rank = [](const RoutePair& pair) { return rank_of(pair.first, pair.second); };
    RC_ASSERT(rank(*whole.pair) <= rank(*cut.pair));
    if (cut.proven) RC_ASSERT(rank(*whole.pair) == rank(*cut.pair));
  }));
}

TEST_CASE("greedy routes are disjoint, by arrival, and begin with the best") {
  CHECK(rc::check([] {
    const SmallPlan plan = any_plan();
    const auto kind = *rc::gen::element(Disjoint::kContacts, Disjoint::kEdges, Disjoint::kNodes);
    const auto routes = DisjointSearch(plan.graph).greedy(plan.query, kind, 4, plan.state);
    const auto best = RouteSearch(plan.graph).best(plan.query, plan.state);
    RC_ASSERT(routes.empty() == !best.has_value());
    if (best) RC_ASSERT(routes.front() == *best);
    for (std::size_t j = 0; j < routes.size(); ++j)
      for (std::size_t i = 0; i < j; ++i) {
        RC_ASSERT(disjoint(plan.graph, routes[i], routes[j], kind));
        RC_ASSERT(routes[i].arrival <= routes[j].arrival);
      }
  }));
}

PlannedContact contact(std::uint32_t from, std::uint32_t to, int start, int end) {
  return {Vertex(from), Vertex(to), Duration(start), Duration(end), Duration(1), BitsPerSecond(8e9)};
}

// The trap of Suurballe (1974): the best route takes a piece of each route of the pair.
TEST_CASE("the best pair need not hold the best route") {
  const auto graph = ContactGraph::make(4, {contact(0, 1, 0, 9), contact(1, 2, 0, 9), contact(2, 3, 0, 9),
                                            contact(0, 2, 4, 9), contact(1, 3, 5, 9)})
                         .value();
  DisjointSearch search(graph);
  const RouteQuery query{Vertex(0), Vertex(3), Duration(0), 0};
  CHECK(RouteSearch(graph).best(query)->arrival == Duration(3));
  CHECK(search.greedy(query, Disjoint::kEdges, 2).size() == 1);
  const auto answer = search.best(query, Disjoint::kEdges);
  REQUIRE(answer.pair.has_value());
  CHECK(rank_of(answer.pair->first, answer.pair->second) == PairRank{Duration(6), Duration(6), 4});
}

TEST_CASE("two passes of one pair are disjoint contacts and one edge") {
  const auto graph = ContactGraph::make(2, {contact(0, 1, 0, 4), contact(0, 1, 2, 9)}).value();
  DisjointSearch search(graph);
  const RouteQuery query{Vertex(0), Vertex(1), Duration(0), 0};
  CHECK(search.best(query, Disjoint::kContacts).pair->second.arrival == Duration(3));
  CHECK_FALSE(search.best(query, Disjoint::kEdges).pair.has_value());
  CHECK_FALSE(search.best(query, Disjoint::kNodes).pair.has_value());
  CHECK(search.best(query, Disjoint::kEdges).proven);
  const auto there = search.best({Vertex(1), Vertex(1), Duration(5), 0}, Disjoint::kNodes);
  CHECK(there.pair->second.contacts.empty());
  CHECK_FALSE(search.best({Vertex(7), Vertex(1), Duration(5), 0}, Disjoint::kNodes).pair.has_value());
}

}  // namespace
}  // namespace skywarden::network
