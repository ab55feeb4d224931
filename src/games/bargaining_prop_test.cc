#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

#include "games/alternating_offers.h"
#include "games/bargaining.h"

namespace skywarden::games {
namespace {

Domain any_domain() {
  Domain domain;
  const auto parties = *rc::gen::inRange<std::size_t>(2, 4);
  domain.parties.resize(parties);
  const auto issues = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < issues; ++i) {
    domain.issues.push_back({std::to_string(i), {}});
    const auto values = *rc::gen::inRange<std::size_t>(1, 5);
    for (std::size_t v = 0; v < values; ++v) domain.issues[i].values.push_back(std::to_string(v));
    for (Preferences& party : domain.parties) {
      party.weights.push_back(*rc::gen::inRange(0, 5) / 4.0);
      party.evaluations.emplace_back();
      for (std::size_t v = 0; v < values; ++v) party.evaluations[i].push_back(*rc::gen::inRange(0, 5) / 4.0);
    }
  }
  for (Preferences& party : domain.parties) party.reservation = *rc::gen::inRange(0, 5) / 4.0;
  return domain;
}

bool betters(const Outcome& a, const Outcome& b) {
  bool more = false;
  for (std::size_t p = 0; p < a.utilities.size(); ++p) {
    if (a.utilities[p] < b.utilities[p]) return false;
    more = more || a.utilities[p] > b.utilities[p];
  }
  return more;
}

TEST_CASE("the Pareto front is what nothing betters, by the definition") {
  CHECK(rc::check([] {
    const auto outcomes = all_outcomes(any_domain());
    const auto front = pareto_front(outcomes);
    for (const Outcome& outcome : outcomes) {
      const bool kept = std::any_of(front.begin(), front.end(),
                                    [&](const Outcome& f) { return f.utilities == outcome.utilities; });
      const bool bettered = std::any_of(outcomes.begin(), outcomes.end(),
                                        [&](const Outcome& other) { return betters(other, outcome); });
      RC_ASSERT(kept != bettered);
    }
    for (std::size_t i = 0; i < front.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) RC_ASSERT(front[i].utilities != front[j].utilities);
  }));
}

TEST_CASE("solutions leave nobody below its reservation, and exist when some outcome does") {
  CHECK(rc::check([] {
    const Domain domain = any_domain();
    const auto outcomes = all_outcomes(domain);
    const bool possible = std::any_of(outcomes.begin(), outcomes.end(),
                                      [&](const Outcome& o) { return smallest_gain(o, domain) >= 0; });
    for (const auto& solution :
         {nash_solution(outcomes, domain), kalai_smorodinsky_solution(outcomes, domain),
          egalitarian_solution(outcomes, domain)}) {
      RC_ASSERT(solution.has_value() == possible);
      if (solution) RC_ASSERT(smallest_gain(*solution, domain) >= 0);
    }
    const auto nash = nash_solution(outcomes, domain);
    if (!nash) return;
    for (const Outcome& outcome : outcomes)
      if (smallest_gain(outcome, domain) >= 0)
        RC_ASSERT(nash_product(outcome, domain) <= nash_product(*nash, domain));
    if (nash_product(*nash, domain) > 0)
      for (const Outcome& outcome : outcomes) RC_ASSERT(!betters(outcome, *nash));
  }));
}

TEST_CASE("who negotiates agrees to nothing below its reservation, and agrees where all can") {
  CHECK(rc::check([] {
    const Domain domain = any_domain();
    const auto outcomes = all_outcomes(domain);
    std::vector<Concession> concessions;
    for (std::size_t p = 0; p < domain.parties.size(); ++p)
      concessions.push_back({*rc::gen::inRange<unsigned>(1, 20), *rc::gen::arbitrary<bool>()});
    const auto rounds = *rc::gen::inRange<std::size_t>(2, 60);
    const auto agreed = negotiate(domain, outcomes, concessions, rounds);
    if (!agreed) return;
    RC_ASSERT(agreed->round < rounds);
    RC_ASSERT(smallest_gain(agreed->outcome, domain) >= 0);
  }));
}

TEST_CASE("two that want opposite things meet half way, and a firm one gets more") {
  Domain domain{{{"price", {}}}, {{{1}, {{}}, 0, 1}, {{1}, {{}}, 0, 1}}};
  for (int i = 0; i <= 100; ++i) {
    domain.issues[0].values.push_back(std::to_string(i));
    domain.parties[0].evaluations[0].push_back(i / 100.0);
    domain.parties[1].evaluations[0].push_back(1 - i / 100.0);
  }
  const auto outcomes = all_outcomes(domain);
  const auto even = negotiate(domain, outcomes, {{1, false}, {1, false}}, 101);
  REQUIRE(even);
  CHECK(even->outcome.utilities[0] == doctest::Approx(0.5).epsilon(0.05));
  const auto firm = negotiate(domain, outcomes, {{8, false}, {1, false}}, 101);
  REQUIRE(firm);
  CHECK(firm->outcome.utilities[0] > 0.75);
  CHECK(firm->round > even->round);
  const auto soft = negotiate(domain, outcomes, {{8, true}, {1, false}}, 101);
  REQUIRE(soft);
  CHECK(soft->outcome.utilities[0] < 0.25);
  domain.parties[0].reservation = 0.7;
  domain.parties[1].reservation = 0.6;  // nothing pleases both
  CHECK(!negotiate(domain, outcomes, {{1, false}, {1, false}}, 101));
}

TEST_CASE("shares of alternating offers are the fixed point and its finite approximations") {
  CHECK(rc::check([] {
    const double first = *rc::gen::inRange(0, 100) / 100.0;
    const double second = *rc::gen::inRange(0, 100) / 100.0;
    // In equilibrium who answers is offered just what waiting is worth.
    const double share = rubinstein_share(first, second);
    const double other = rubinstein_share(second, first);
    RC_ASSERT(std::fabs((1 - share) - second * other) < 1e-12);
    RC_ASSERT(std::fabs(finite_horizon_share(first, second, 10'001) - share) < 1e-9);
    RC_ASSERT(finite_horizon_share(first, second, 1) == 1);
    RC_ASSERT(std::fabs(finite_horizon_share(first, second, 2) - (1 - second)) < 1e-15);
    // One more round: the first proposer's offer leaves the other just its share of the rest.
    RC_ASSERT(std::fabs(finite_horizon_share(first, second, 3) - (1 - second * (1 - first))) < 1e-15);
  }));
}

}  // namespace
}  // namespace skywarden::games
