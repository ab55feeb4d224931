// Striping against the optimum on small plans: the most fragments that can be there by a time, as a flow
// through the plan expanded in time.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>

#include "network/plan_test_data.h"
#include "network/striping.h"

namespace skywarden::network {
namespace {

constexpr std::int64_t kHorizon = 60;

// Fragments take one step on every contact, so all of them can be sent at whole steps: moving every sending
// down to the step it begins in breaks no window, no order and no contact. Units of flow move from (node,
// step) to (node, step + 1) by waiting, without limit, and by contacts, one a step.
class ExpandedPlan {
 public:
  ExpandedPlan(const SmallPlan& plan, std::int64_t until) : plan_(plan), until_(until) {
    for (std::uint32_t v = 0; v < plan.graph.vertices(); ++v)
      for (std::int64_t t = 0; t < until; ++t) capacity_[{{v, t}, {v, t + 1}}] = 1000;
    for (const PlannedContact& c : plan.graph.contacts())
      for (std::int64_t t = c.start.count(); t + 1 <= c.end.count(); ++t) {
        const std::int64_t there = t + 1 + c.light_time.count();
        if (there <= until) ++capacity_[{{c.from.value(), t}, {c.to.value(), there}}];
      }
    for (const auto& [arc, capacity] : capacity_) {
      next_[arc.first].push_back(arc.second);
      next_[arc.second].push_back(arc.first);
    }
  }

  int flow(int enough) {
    int units = 0;
    while (units < enough && augment()) ++units;
    return units;
  }

 private:
  using Place = std::pair<std::uint32_t, std::int64_t>;

  bool augment() {
    const Place source{plan_.query.from.value(), plan_.query.at.count()};
    const Place sink{plan_.query.to.value(), until_};
    std::map<Place, Place> before{{source, source}};
    std::deque<Place> queue{source};
    while (!queue.empty() && !before.contains(sink)) {
      const Place here = queue.front();
      queue.pop_front();
      for (const Place& there : next_[here]) {
        if (before.contains(there) || capacity_[{here, there}] == 0) continue;
        before[there] = here;
        queue.push_back(there);
      }
    }
    if (!before.contains(sink)) return false;
    for (Place here = sink; here != source; here = before[here]) {
      --capacity_[{before[here], here}];
      ++capacity_[{here, before[here]}];
    }
    return true;
  }

  const SmallPlan& plan_;
  std::int64_t until_;
  std::map<std::pair<Place, Place>, int> capacity_;
  std::map<Place, std::vector<Place>> next_;
};

std::optional<Duration> optimum(const SmallPlan& plan, int fragments) {
  for (std::int64_t until = plan.query.at.count(); until <= kHorizon; ++until)
    if (ExpandedPlan(plan, until).flow(fragments) == fragments) return Duration(until);
  return std::nullopt;
}

// One byte takes one step everywhere.
SmallPlan unit_plan(Random& random) {
  SmallPlan plan = small_plan(random, 20);
  std::vector<PlannedContact> contacts(plan.graph.contacts().begin(), plan.graph.contacts().end());
  for (PlannedContact& contact : contacts) contact.rate = BitsPerSecond(8e9);
  plan.graph = ContactGraph::make(plan.graph.vertices(), std::move(contacts)).value();
  plan.state = {};
  return plan;
}

// Sends everything anew: nothing overlaps on a contact, everything is in its window, and arrives as promised.
void check_schedule(const SmallPlan& plan, const Stripes& stripes) {
  std::map<PlannedContactId, std::vector<std::pair<Duration, Duration>>> sent;
  Duration last = plan.query.at;
  for (const Route& route : stripes.routes) {
    Vertex here = plan.query.from;
    Duration at = plan.query.at;
    for (const PlannedContactId id : route.contacts) {
      const PlannedContact& contact = plan.graph.contact(id);
      RC_ASSERT(contact.from == here);
      Duration begin = std::max(at, contact.start);
      for (const auto& [from, to] : sent[id]) begin = std::max(begin, to);
      RC_ASSERT(begin + Duration(1) <= contact.end);
      sent[id].emplace_back(begin, begin + Duration(1));
      at = begin + Duration(1) + contact.light_time;
      here = contact.to;
    }
    RC_ASSERT(here == plan.query.to);
    RC_ASSERT(at == route.arrival);
    last = std::max(last, at);
  }
  RC_ASSERT(last == stripes.arrival);
}

TEST_CASE("stripes arrive between the optimum and the single route") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const SmallPlan plan = unit_plan(random);
    const auto count = *rc::gen::inRange<std::size_t>(1, 6);
    const std::vector<std::uint64_t> fragments(count, 1);
    const auto best = optimum(plan, static_cast<int>(count));
    const auto striped = stripe(plan.graph, plan.query, fragments);
    const auto single = single_route(plan.graph, plan.query, fragments);
    if (striped) {
      check_schedule(plan, *striped);
      RC_ASSERT(striped->routes.size() == count);
      RC_ASSERT(best.has_value());
      RC_ASSERT(*best <= striped->arrival);
    }
    if (single) {
      check_schedule(plan, *single);
      RC_ASSERT(striped.has_value());
      RC_ASSERT(striped->arrival <= single->arrival);
    }
    if (count == 1) RC_ASSERT(striped.has_value() == best.has_value());
    if (count == 1 && best) RC_ASSERT(striped->arrival == *best);
  }));
}

// Fixed seeds: what is said of it in docs/numbers.md holds for these very plans.
TEST_CASE("stripes are nearly always as early as can be") {
  Random random(20261125);
  int possible = 0, found = 0, best_ones = 0, single_best = 0;
  double later = 0.0;
  for (int i = 0; i < 2000; ++i) {
    const SmallPlan plan = unit_plan(random);
    const std::size_t count = 2 + random.below(5);
    const std::vector<std::uint64_t> fragments(count, 1);
    const auto best = optimum(plan, static_cast<int>(count));
    if (!best || plan.query.from == plan.query.to) continue;
    ++possible;
    const auto single = single_route(plan.graph, plan.query, fragments);
    single_best += single && single->arrival == *best ? 1 : 0;
    const auto striped = stripe(plan.graph, plan.query, fragments);
    if (!striped) continue;
    ++found;
    best_ones += striped->arrival == *best ? 1 : 0;
    later += static_cast<double>((striped->arrival - *best).count());
  }
  MESSAGE("possible ", possible, ", found ", found, ", as early as can be ", best_ones,
          ", single route as early ", single_best, ", steps later in all ", later);
  CHECK(possible > 300);
  CHECK(found >= possible * 99 / 100);
  CHECK(best_ones >= possible * 98 / 100);
  CHECK(best_ones > single_best);
}

}  // namespace
}  // namespace skywarden::network
