#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "statistics/adaptive_location.h"
#include "statistics/distributions.h"
#include "statistics/quantile.h"

namespace skywarden::statistics {
namespace {

constexpr std::array kAll = {LocationEstimator::kMean,           LocationEstimator::kTrimmedTenth,
                             LocationEstimator::kTrimmedQuarter, LocationEstimator::kHuber,
                             LocationEstimator::kHodgesLehmann,  LocationEstimator::kMedian};

// A normal sample without chance: its quantiles.
std::vector<double> normal_grid(std::size_t n) {
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(normal_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n)));
  return out;
}

double by(LocationEstimator estimator, const std::vector<double>& sample) {
  switch (estimator) {
    case LocationEstimator::kTrimmedTenth:
      return trimmed_mean(sample, 0.1);
    case LocationEstimator::kTrimmedQuarter:
      return trimmed_mean(sample, 0.25);
    case LocationEstimator::kHuber:
      return huber(sample).location;
    case LocationEstimator::kHodgesLehmann:
      return hodges_lehmann(sample);
    case LocationEstimator::kMedian:
      return median(sample);
    case LocationEstimator::kMean:
      break;
  }
  return trimmed_mean(sample, 0.0);
}

TEST_CASE("the bias stated is what wrong values at infinity do") {
  for (const LocationEstimator one : kAll) {
    for (const double contamination : {0.05, 0.1, 0.2, 0.24, 0.28, 0.4}) {
      if (!std::isfinite(bias_max(one, contamination))) continue;
      CAPTURE(to_string(one));
      CAPTURE(contamination);
      std::vector<double> sample = normal_grid(4000);
      const auto wrong = static_cast<std::size_t>(4000.0 * contamination / (1.0 - contamination));
      sample.insert(sample.end(), wrong, 1e9);
      CHECK(by(one, sample) == doctest::Approx(bias_max(one, contamination)).epsilon(0.01));
    }
  }
  CHECK(std::isinf(bias_max(LocationEstimator::kMean, 0.01)));
  CHECK(std::isinf(bias_max(LocationEstimator::kHodgesLehmann, 0.3)));
  CHECK(std::isfinite(bias_max(LocationEstimator::kHodgesLehmann, 0.29)));
}

TEST_CASE("the efficiency stated is what chance does to sound values") {
  // Variances over 4000 samples of 40 have a relative standard error of 2.2 %; four of them, and the
  // asymptotic figure is meant for more than 40.
  constexpr int kSamples = 4000;
  for (const LocationEstimator one : kAll) {
    CAPTURE(to_string(one));
    Random random(9);
    double squares = 0.0;
    for (int s = 0; s < kSamples; ++s) {
      std::vector<double> sample;
      for (int i = 0; i < 40; ++i) sample.push_back(random.normal(0.0, 1.0));
      const double estimate = by(one, sample);
      squares += estimate * estimate;
    }
    CHECK(kSamples / squares / 40.0 == doctest::Approx(efficiency(one)).epsilon(0.12));
  }
  CHECK(efficiency(LocationEstimator::kTrimmedTenth) == doctest::Approx(0.943).epsilon(0.001));
  CHECK(efficiency(LocationEstimator::kHuber) == doctest::Approx(0.9642).epsilon(0.001));
}

TEST_CASE("what is wrong decides the estimator") {
  std::vector<double> sample = normal_grid(100);
  std::erase_if(sample, [](double x) { return std::fabs(x) > 2.9; });
  const AdaptiveLocation sound = adaptive_location(sample);
  CHECK(sound.estimator == LocationEstimator::kMean);
  CHECK(sound.contamination == 0.0);
  CHECK(sound.breakdown == 0.0);
  // A tenth of 20 wrong: variance still counts.
  std::vector<double> few = normal_grid(18);
  few.insert(few.end(), 2, 50.0);
  const AdaptiveLocation tenth = adaptive_location(few);
  CHECK(tenth.contamination == doctest::Approx(0.1));
  CHECK(tenth.estimator == LocationEstimator::kTrimmedQuarter);
  CHECK(tenth.breakdown == doctest::Approx(0.25));
  CHECK(std::fabs(tenth.value) < 0.2);
  // A fifth of 1000 wrong: only bias counts.
  std::vector<double> many = normal_grid(800);
  std::erase_if(many, [](double x) { return std::fabs(x) > 2.9; });
  many.insert(many.end(), 200, 50.0);
  const AdaptiveLocation fifth = adaptive_location(many);
  CHECK(fifth.estimator == LocationEstimator::kMedian);
  CHECK(fifth.contamination == doctest::Approx(0.2).epsilon(0.01));
  // One of 50 wrong: an efficient one that withstands it.
  std::vector<double> one = normal_grid(49);
  one.push_back(-60.0);
  const AdaptiveLocation fiftieth = adaptive_location(one);
  CHECK(fiftieth.estimator == LocationEstimator::kHuber);
  CHECK(fiftieth.efficiency > 0.9);
  CHECK(adaptive_location(std::vector<double>{3.0}).value == 3.0);
  CHECK(adaptive_location(std::vector<double>{3.0, 3.0, 3.0, 9.0}).value == 3.0);
}

TEST_CASE("less than half of the weight, placed as an enemy likes, does not carry the choice away") {
  CHECK(rc::check("breakdown", [](const std::vector<int>& honest_raw, const std::vector<int>& lies,
                                  const std::vector<std::uint8_t>& shares) {
    RC_PRE(!honest_raw.empty());
    std::vector<Weighted<double>> items;
    std::uint64_t honest_weight = 0, lying_weight = 0;
    double low = 1e300, high = -1e300;
    for (std::size_t i = 0; i < honest_raw.size(); ++i) {
      const std::uint64_t weight = 1 + (shares.empty() ? 0U : shares[i % shares.size()] % 5U);
      const double value = honest_raw[i] % 100 / 4.0;
      items.push_back({value, weight});
      honest_weight += weight;
      low = std::min(low, value);
      high = std::max(high, value);
    }
    for (std::size_t i = 0; i < lies.size() && lying_weight + 1 < honest_weight; ++i) {
      // Near, just inside the fences, and as far as numbers go.
      const double reach[] = {0.5, 4.0, 1e3, 1e15};
      items.push_back({(lies[i] % 2 == 0 ? 1.0 : -1.0) * (1.0 + high - low) * reach[i % 4], 1});
      ++lying_weight;
    }
    const AdaptiveLocation chosen = adaptive_location(items);
    RC_ASSERT(chosen.contamination < 0.5);
    RC_ASSERT(chosen.breakdown >= chosen.contamination);
    const double range = std::max(high - low, 0.25);
    RC_ASSERT(chosen.value >= low - 10.0 * range && chosen.value <= high + 10.0 * range);
  }));
}

TEST_CASE("the weight that an estimator withstands is the most that it withstands") {
  CHECK(rc::check("sharp", [](std::uint8_t size) {
    const std::uint64_t total = 1 + size % 60U;
    for (const LocationEstimator one : kAll) {
      const std::uint64_t most = withstood_weight(one, total);
      RC_ASSERT(2 * most < total);
      for (const std::uint64_t wrong : {most, most + 1}) {
        std::vector<double> sample(total - wrong, 0.0);
        for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = static_cast<double>(i);
        sample.insert(sample.end(), wrong, 1e12);
        RC_ASSERT((std::fabs(by(one, sample)) < 1e6) == (wrong == most));
      }
    }
  }));
}

TEST_CASE("the choice follows units, and weights repeat") {
  CHECK(rc::check("equivariance", [](const std::vector<int>& raw) {
    RC_PRE(!raw.empty());
    std::vector<double> sample, moved;
    for (const int x : raw) {
      sample.push_back(x % 50);
      moved.push_back(4.0 * (x % 50) - 3.0);
    }
    const AdaptiveLocation a = adaptive_location(sample), b = adaptive_location(moved);
    RC_ASSERT(a.estimator == b.estimator);
    RC_ASSERT(a.contamination == b.contamination);
    RC_ASSERT(std::fabs(b.value - (4.0 * a.value - 3.0)) < 1e-3);
  }));
}

}  // namespace
}  // namespace skywarden::statistics
