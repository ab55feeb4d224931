#include "statistics/pooling.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/units.h"

namespace skywarden::statistics {
namespace {

TEST_CASE("pooling is Bayes' rule when every opinion counts fully") {
  // Prior odds 1:9, likelihood ratios 4 and 3: odds 12:9.
  const std::vector<Opinion> opinions = {{log_odds(Probability(0.8)), 1.0},
                                         {log_odds(Probability(0.75)), 1.0}};
  const Pooled pooled = pool_log_odds(log_odds(Probability(0.1)), 0.0, opinions, 0.0);
  CHECK(from_log_odds(pooled.log_odds).value() == doctest::Approx(12.0 / 21.0));
  CHECK(pooled.deviation == 0.0);
}

TEST_CASE("an opinion without weight changes nothing") {
  const Pooled pooled = pool_log_odds(-1.0, 0.5, std::vector<Opinion>{{5.0, 0.0}}, 0.3);
  CHECK(pooled.log_odds == -1.0);
  CHECK(pooled.deviation == 0.5);
}

TEST_CASE("a half-believed opinion adds half, and most of the doubt") {
  const Pooled pooled = pool_log_odds(0.0, 0.0, std::vector<Opinion>{{2.0, 0.5}}, 0.0);
  CHECK(pooled.log_odds == 1.0);
  CHECK(pooled.deviation == doctest::Approx(1.0));  // sqrt(0.25 * 4)
}

TEST_CASE("calibration error is relative to the share") {
  CHECK(pool_log_odds(0.0, 0.0, std::vector<Opinion>{{2.0, 1.0}}, 0.25).deviation == doctest::Approx(0.5));
}

}  // namespace
}  // namespace skywarden::statistics
