#include "onboard/complete_method.h"

#include <doctest/doctest.h>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::onboard;
using std::chrono::microseconds;

TEST_CASE("the method is degraded rather than the deadline missed") {
  const MethodLadder ladder(Method::kTrees,
                            {.costs = {microseconds(300), microseconds(50), microseconds(10)}});
  CHECK(ladder.choose(microseconds(300)) == Method::kTrees);
  CHECK(ladder.choose(microseconds(299)) == Method::kBaseline);
  CHECK(ladder.choose(microseconds(49)) == Method::kRules);
  CHECK(ladder.choose(microseconds(-5)) == Method::kRules);
}

TEST_CASE("without a model the baseline is the best there is") {
  CHECK(MethodLadder(Method::kBaseline).choose(std::chrono::hours(1)) == Method::kBaseline);
}

TEST_CASE("measured costs become the quantile that choices count on") {
  MethodLadder ladder(Method::kTrees);
  Random random(7);
  for (int i = 0; i < 20'000; ++i)
    ladder.measured(Method::kTrees, microseconds(100 + static_cast<long>(random.below(100))));
  // 95 % of costs between 100 and 200 µs are below 195.
  CHECK(ladder.cost(Method::kTrees) > microseconds(185));
  CHECK(ladder.cost(Method::kTrees) < microseconds(205));
}

TEST_CASE("learning is put off when it leaves no time for rules") {
  MethodLadder ladder(Method::kTrees, {.learning = microseconds(1000)});
  CHECK(ladder.time_to_learn(microseconds(1015)));
  CHECK_FALSE(ladder.time_to_learn(microseconds(1014)));
}
