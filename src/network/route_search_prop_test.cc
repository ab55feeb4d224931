// Routes against a slow obvious search that tries every way through a small plan.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "network/plan_test_data.h"
#include "network/route_list.h"
#include "network/route_load.h"

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

Rank rank_of(const ContactGraph& graph, const Route& route) {
  Rank rank{route.arrival, route.contacts.size(), -route.end, {}};
  for (const PlannedContactId id : route.contacts) rank.nodes.push_back(graph.contact(id).to);
  return rank;
}

std::vector<Rank> every_rank(const SmallPlan& plan) {
  std::vector<Rank> ranks;
  for (const Route& route : every_route(plan.graph, plan.query, plan.state))
    ranks.push_back(rank_of(plan.graph, route));
  std::ranges::sort(ranks);
  return ranks;
}

SmallPlan any_case() {
  constexpr std::uint64_t kContactsMax = 28;
  Random random(*rc::gen::arbitrary<std::uint64_t>());
  return small_plan(random, kContactsMax);
}

}  // namespace

TEST_CASE("the best route is the best of every route") {
  CHECK(rc::check([] {
    const SmallPlan c = any_case();
    const auto all = every_rank(c);
    const auto route = RouteSearch(c.graph).best(c.query, c.state);
    RC_ASSERT(route.has_value() == !all.empty());
    if (route) RC_ASSERT(rank_of(c.graph, *route) == all.front());
  }));
}

TEST_CASE("a search that has answered other questions answers as a new one") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const SmallPlan c = small_plan(random, 200);  // many contacts of a pair: the hints of a search go astray
    RouteSearch used(c.graph);
    for (int i = 0; i < 20; ++i) {
      RouteQuery query = c.query;
      query.at = Duration(static_cast<std::int64_t>(random.below(30)));
      query.bytes = random.below(4);
      query.from = Vertex(static_cast<std::uint32_t>(random.below(c.graph.vertices())));
      RC_ASSERT(used.best(query, c.state) == RouteSearch(c.graph).best(query, c.state));
    }
  }));
}

// What a forwarder relies on when it keeps a route.
TEST_CASE("the best route stays the best while it can still be taken") {
  CHECK(rc::check([] {
    const SmallPlan c = any_case();
    RouteSearch search(c.graph);
    const auto route = search.best(c.query, c.state);
    if (!route || route->contacts.empty()) return;
    RouteQuery later = c.query;
    for (later.at += Duration(1); later.at < Duration(40); later.at += Duration(1)) {
      const auto arrival = RouteLoad(c.graph, c.state).arrival(route->contacts, later.at, later.bytes);
      if (!arrival || *arrival > route->arrival) return;
      const auto then = search.best(later, c.state);
      RC_ASSERT(then.has_value());
      RC_ASSERT(rank_of(c.graph, *then) == rank_of(c.graph, *route));
    }
  }));
}

TEST_CASE("the list of best routes begins as the list of every route does") {
  CHECK(rc::check([] {
    const SmallPlan c = any_case();
    const auto all = every_rank(c);
    const auto count = *rc::gen::inRange<std::size_t>(1, 12);
    const auto routes = best_routes(c.graph, c.query, count, c.state);
    RC_ASSERT(routes.size() == std::min(count, all.size()));
    for (std::size_t i = 0; i < routes.size(); ++i) RC_ASSERT(rank_of(c.graph, routes[i]) == all[i]);
  }));
}

TEST_CASE("one search after another over the same plan gives what a fresh one gives") {
  CHECK(rc::check([] {
    const SmallPlan c = any_case();
    RouteSearch search(c.graph);
    for (std::uint32_t from = 0; from < c.graph.vertices(); ++from)
      for (std::uint32_t to = 0; to < c.graph.vertices(); ++to) {
        const RouteQuery query{Vertex(from), Vertex(to), c.query.at, c.query.bytes};
        RC_ASSERT(search.best(query) == RouteSearch(c.graph).best(query));
      }
  }));
}
