// Remembered routes against searches from scratch, while time passes and volume is booked and given back.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "network/plan_test_data.h"
#include "network/route_load.h"
#include "network/route_memory.h"

using namespace std::chrono_literals;
using namespace skywarden;
using namespace skywarden::network;

namespace {

// Of bundles of 1,000 bytes that come one after the other and book what they are promised.
std::vector<Duration> promises(BundleCriticality criticality, std::uint64_t count) {
  const auto plan =
      ContactGraph::make(2, {{Vertex(0), Vertex(1), 100s, 200s, 0s, BitsPerSecond(200'000)}}).value();
  RouteMemory memory(plan, Vertex(0));
  VolumeBook book(plan);
  std::vector<Duration> out;
  for (std::uint64_t bundle = 1; bundle <= count; ++bundle) {
    const auto route = memory.best(Vertex(1), 1000, criticality, {}, Duration{}, book, std::nullopt);
    out.push_back(route.value().arrival);
    book.book(bundle, criticality, 1000, route->contacts);
  }
  return out;
}

}  // namespace

TEST_CASE("a remembered route is as good as one searched for now") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto below = [&](std::uint64_t n) { return random.below(n); };
    const SmallPlan plan = small_plan(random, 60);
    const Vertex self = plan.query.from;
    RouteMemory memory(plan.graph, self);
    RouteSearch search(plan.graph);
    VolumeBook book(plan.graph);
    Duration now{};
    for (std::uint64_t bundle = 1; bundle < 60; ++bundle) {
      now += Duration(static_cast<std::int64_t>(below(2)));
      if (below(8) == 0) book.release(below(bundle));
      if (below(8) == 0 && !plan.graph.contacts().empty()) {
        const PlannedContactId any(static_cast<std::uint32_t>(below(plan.graph.contacts().size())));
        below(2) == 0 ? book.close(any) : book.open(any);
      }
      const Vertex to(static_cast<std::uint32_t>(below(plan.graph.vertices())));
      const auto criticality =
          below(2) == 0 ? BundleCriticality::kCritical : static_cast<BundleCriticality>(below(3));
      const std::uint64_t bytes = below(4);
      std::vector<Vertex> visited;
      if (below(3) == 0) visited.emplace_back(static_cast<std::uint32_t>(below(plan.graph.vertices())));

      // What is said without a search may be late, never early, and only of ways that can be taken.
      const auto known = memory.known_arrival(to, bytes, criticality, now, book);
      const auto earliest = search.earliest_arrival({self, to, now, bytes}, book.state(criticality));
      if (known) RC_ASSERT(earliest && *known >= *earliest);

      const auto route = memory.best(to, bytes, criticality, visited, now, book, std::nullopt);
      const PlanState& state = book.state(criticality, visited);
      const auto fresh = search.best({self, to, now, bytes}, state);
      RC_ASSERT(route.has_value() == fresh.has_value());
      if (!route) continue;
      for (const PlannedContactId each : route->contacts)
        RC_ASSERT(std::ranges::count(visited, plan.graph.contact(each).to) == 0);
      const auto arrival = arrival_along(plan.graph, state, route->contacts, now, bytes);
      RC_ASSERT(arrival.has_value());
      // The plan's ways are shorter than what a thousandth could be seen of.
      const bool critical = criticality == BundleCriticality::kCritical;
      RC_ASSERT(*arrival <= fresh->arrival + (critical ? 0s : 1s));
      if (!route->contacts.empty()) book.book(bundle, criticality, bytes, route->contacts);
    }
  }));
}

TEST_CASE("what is left of the best route is the best from the next node on") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const SmallPlan plan = small_plan(random, 60);
    RouteSearch search(plan.graph);
    auto route = search.best(plan.query);
    if (!route || route->contacts.empty()) return;
    const auto first = std::span(route->contacts).first(1);
    const Duration now = arrival_along(plan.graph, {}, first, plan.query.at, plan.query.bytes).value();
    const Vertex here = plan.graph.contact(first[0]).to;
    route->contacts.erase(route->contacts.begin());

    RouteMemory memory(plan.graph, here);
    VolumeBook book(plan.graph);
    const std::vector<Vertex> visited{plan.query.from};
    const auto onward =
        memory.best(plan.query.to, plan.query.bytes, BundleCriticality::kCritical, visited, now, book, route);
    RC_ASSERT(onward == route);
    const auto fresh = search.best({here, plan.query.to, now, plan.query.bytes});
    RC_ASSERT(fresh.has_value());
    RC_ASSERT(fresh->arrival == onward->arrival);
  }));
}

TEST_CASE("an onward route that does not lead there is not followed") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const SmallPlan plan = small_plan(random, 60);
    Route nonsense{Duration(40), Duration(40), {}};
    for (std::uint64_t i = random.below(4); i > 0; --i)
      nonsense.contacts.emplace_back(static_cast<std::uint32_t>(random.below(64)));
    RouteMemory memory(plan.graph, plan.query.from);
    VolumeBook book(plan.graph);
    const auto route = memory.best(plan.query.to, plan.query.bytes, BundleCriticality::kCritical, {},
                                   plan.query.at, book, nonsense);
    const auto fresh = RouteSearch(plan.graph).best(plan.query);
    RC_ASSERT(route.has_value() == fresh.has_value());
    if (!route) return;
    Vertex at = plan.query.from;
    for (const PlannedContactId each : route->contacts) {
      RC_ASSERT(plan.graph.contact(each).from == at);
      at = plan.graph.contact(each).to;
    }
    RC_ASSERT(at == plan.query.to);
  }));
}

// 100 s until the contact opens; a bundle takes 0.04 s.
TEST_CASE("a remembered route may come later by a thousandth of the way's time and no more") {
  CHECK(promises(BundleCriticality::kCritical, 4) ==
        std::vector<Duration>{100'040ms, 100'040ms, 100'040ms, 100'160ms});
}

TEST_CASE("what is not critical may come a second later") {
  const auto all = promises(BundleCriticality::kNormal, 27);
  CHECK(std::ranges::count(all, 100'040ms) == 26);
  CHECK(all.back() == 101'080ms);
}
