#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "statistics/location.h"
#include "statistics/quantile.h"

namespace skywarden::statistics {
namespace {

using Item = Weighted<double>;

struct Estimator {
  const char* name;
  double breakdown;  // the share of wrong values that it withstands
  std::function<double(Weights)> of;
};

const std::vector<Estimator>& estimators() {
  static const std::vector<Estimator> all = {
      {"trimmed by a tenth", 0.1, [](Weights items) { return trimmed_mean(items, 0.1); }},
      {"trimmed by a quarter", 0.25, [](Weights items) { return trimmed_mean(items, 0.25); }},
      {"Huber", 0.5, [](Weights items) { return huber(items).location; }},
      {"Hodges-Lehmann", 0.29, [](Weights items) { return hodges_lehmann(items); }},
      {"median", 0.5, [](Weights items) { return weighted_median(items); }},
  };
  return all;
}

std::vector<Item> once_each(const std::vector<double>& sample) {
  std::vector<Item> items;
  for (const double x : sample) items.push_back({x, 1});
  return items;
}

std::vector<double> numbers(const std::vector<int>& raw) {
  std::vector<double> out;
  for (const int x : raw) out.push_back(x % 1000 / 8.0);
  return out;
}

double hodges_lehmann_slowly(const std::vector<double>& x) {
  std::vector<double> means;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = i; j < x.size(); ++j) means.push_back(x[i] / 2.0 + x[j] / 2.0);
  return median(means);
}

TEST_CASE("estimates of location by hand") {
  const std::vector<double> sample = {1, 2, 3, 4, 100};
  CHECK(trimmed_mean(sample, 0.0) == 22.0);
  CHECK(trimmed_mean(sample, 0.2) == 3.0);
  CHECK(trimmed_mean(sample, 0.5) == 3.0);
  CHECK(hodges_lehmann(sample) == 3.0);  // of 15 means the eighth: 1 1.5 2 2 2.5 2.5 3 3 …
  // Median 3, deviations 0 1 1 2 97, so the reach is 1.5 · 1.4826 = 2.2239: 100 pulls like location + 2.2239
  // and no other does, so that location = (10 + location + 2.2239) / 5.
  CHECK(huber(sample, {.tolerance = 1e-12}).location == doctest::Approx((10.0 + 2.2239) / 4.0));
  CHECK(huber(std::vector<double>{5, 5, 5, 9}).location == 5.0);  // no scale: the median
}

TEST_CASE("a weighted estimate is that of the repeated sample") {
  CHECK(rc::check("repetition", [](const std::vector<std::pair<int, std::uint8_t>>& raw) {
    std::vector<Item> items, repeated;
    for (const auto& [value, weight] : raw) {
      items.push_back({value % 1000 / 8.0, weight % 8U});
      repeated.insert(repeated.end(), weight % 8U, {value % 1000 / 8.0, 1});
    }
    RC_PRE(!repeated.empty());
    for (const Estimator& estimator : estimators()) {
      RC_TAG(estimator.name);
      RC_ASSERT(std::fabs(estimator.of(items) - estimator.of(repeated)) < 1e-9);
    }
  }));
}

TEST_CASE("the order of the sample does not matter and units carry over") {
  CHECK(rc::check("equivariance", [](const std::vector<int>& raw) {
    const std::vector<double> sample = numbers(raw);
    RC_PRE(!sample.empty());
    std::vector<Item> items = once_each(sample), moved, turned = items;
    for (const Item& item : items) moved.push_back({7.0 - 3.0 * item.value, 1});
    std::reverse(turned.begin(), turned.end());
    for (const Estimator& estimator : estimators()) {
      RC_ASSERT(std::fabs(estimator.of(moved) - (7.0 - 3.0 * estimator.of(items))) < 1e-3);
      RC_ASSERT(std::fabs(estimator.of(turned) - estimator.of(items)) < 1e-9);
    }
  }));
}

TEST_CASE("Hodges and Lehmann's estimate agrees with all pairs written out") {
  CHECK(rc::check("pairs", [](const std::vector<int>& raw) {
    const std::vector<double> sample = numbers(raw);
    RC_PRE(!sample.empty());
    RC_ASSERT(hodges_lehmann(sample) == hodges_lehmann_slowly(sample));
  }));
}

TEST_CASE("fewer wrong values than the breakdown point do not carry an estimate away") {
  CHECK(rc::check("breakdown", [](const std::vector<int>& raw, const std::vector<bool>& sides) {
    const std::vector<double> honest = numbers(raw);
    RC_PRE(honest.size() >= 3);
    const auto [low, high] = std::minmax_element(honest.begin(), honest.end());
    for (const Estimator& estimator : estimators()) {
      // The most liars whose share stays below the breakdown point.
      std::vector<Item> items = once_each(honest);
      for (std::size_t liars = 0;; ++liars) {
        const auto all = static_cast<double>(honest.size() + liars + 1);
        if (static_cast<double>(liars + 1) > std::floor(estimator.breakdown * all) ||
            static_cast<double>(liars + 1) >= all / 2.0)
          break;
        items.push_back({!sides.empty() && sides[liars % sides.size()] ? 1e15 : -1e15, 1});
      }
      const double spread = *high - *low + 1.0;
      const double estimate = estimator.of(items);
      RC_ASSERT(estimate >= *low - 10.0 * spread && estimate <= *high + 10.0 * spread);
    }
  }));
}

TEST_CASE("more wrong values than the breakdown point do carry it away") {
  // So the points above are stated as high as they are and the test before this one is sharp.
  std::vector<double> honest;
  for (int i = 0; i < 100; ++i) honest.push_back(i);
  for (const Estimator& estimator : estimators()) {
    CAPTURE(estimator.name);
    std::vector<Item> items = once_each(honest);
    while (static_cast<double>(items.size() - 100) <
           (estimator.breakdown + 0.02) * static_cast<double>(items.size()))
      items.push_back({1e15, 1});
    CHECK(estimator.of(items) > 1e9);
  }
}

}  // namespace
}  // namespace skywarden::statistics
