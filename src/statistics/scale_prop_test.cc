#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"
#include "statistics/fences.h"
#include "statistics/quantile.h"
#include "statistics/scale.h"

namespace skywarden::statistics {
namespace {

std::vector<double> numbers(const std::vector<int>& raw) {
  std::vector<double> out;
  for (const int x : raw) out.push_back(x % 64 / 4.0);
  return out;
}

double ranked(std::vector<double> values, std::size_t rank) {
  std::sort(values.begin(), values.end());
  return values[rank];
}

// Without constants and corrections.
double sn_slowly(const std::vector<double>& x) {
  std::vector<double> middles;
  for (const double a : x) {
    std::vector<double> distances;
    for (const double b : x) distances.push_back(std::fabs(a - b));
    middles.push_back(ranked(distances, x.size() / 2));
  }
  return ranked(middles, (x.size() - 1) / 2);
}

double qn_slowly(const std::vector<double>& x) {
  std::vector<double> distances;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) distances.push_back(std::fabs(x[i] - x[j]));
  const std::size_t half = x.size() / 2 + 1;
  return ranked(distances, half * (half - 1) / 2 - 1);
}

double medcouple_slowly(std::vector<double> x) {
  std::sort(x.begin(), x.end());
  const double m = median(x);
  if (x.back() == m) return -1.0;
  if (x.front() == m) return 1.0;
  std::vector<double> lower, upper, kernels;
  for (const double v : x) {
    if (v <= m) lower.push_back(v);
    if (v >= m) upper.push_back(v);
  }
  std::reverse(lower.begin(), lower.end());  // ties with the median first in both
  for (std::size_t i = 0; i < lower.size(); ++i)
    for (std::size_t j = 0; j < upper.size(); ++j)
      kernels.push_back(lower[i] == m && upper[j] == m
                            ? (j > i) - (j < i)
                            : ((upper[j] - m) - (m - lower[i])) / (upper[j] - lower[i]));
  return ranked(kernels, (kernels.size() - 1) / 2);
}

TEST_CASE("Sn and Qn agree with all pairs written out") {
  CHECK(rc::check("pairs", [](const std::vector<int>& raw) {
    const std::vector<double> sample = numbers(raw);
    RC_PRE(sample.size() >= 2);
    const std::vector<double> huge(sample.size(), 0.0);
    RC_ASSERT(scale_sn(huge) == 0.0);
    // The factors depend on n alone: 0, 1, …, n − 1 shows them.
    std::vector<double> steps(sample.size());
    for (std::size_t i = 0; i < steps.size(); ++i) steps[i] = static_cast<double>(i);
    const double sn_factor = scale_sn(steps) / sn_slowly(steps),
                 qn_factor = scale_qn(steps) / qn_slowly(steps);
    RC_ASSERT(std::fabs(scale_sn(sample) - sn_factor * sn_slowly(sample)) < 1e-9);
    RC_ASSERT(std::fabs(scale_qn(sample) - qn_factor * qn_slowly(sample)) < 1e-9);
  }));
}

TEST_CASE("the medcouple agrees with all pairs written out") {
  CHECK(rc::check("pairs", [](const std::vector<int>& raw) {
    const std::vector<double> sample = numbers(raw);
    RC_PRE(sample.size() >= 3 && sample.size() <= 100);
    std::vector<double> reflected;
    for (const double x : sample) reflected.push_back(-x);
    if (*std::min_element(sample.begin(), sample.end()) == *std::max_element(sample.begin(), sample.end()))
      RC_ASSERT(medcouple(sample) == 0.0);
    else
      RC_ASSERT(std::fabs(medcouple(sample) - (medcouple_slowly(sample) - medcouple_slowly(reflected)) / 2) <
                1e-9);
    RC_ASSERT(std::fabs(medcouple(sample) + medcouple(reflected)) < 1e-12);
  }));
}

TEST_CASE("scales follow the unit and not the place") {
  CHECK(rc::check("equivariance", [](const std::vector<int>& raw) {
    const std::vector<double> sample = numbers(raw);
    RC_PRE(!sample.empty());
    std::vector<double> moved;
    for (const double x : sample) moved.push_back(11.0 - 4.0 * x);
    RC_ASSERT(std::fabs(scale_sn(moved) - 4.0 * scale_sn(sample)) < 1e-9);
    RC_ASSERT(std::fabs(scale_qn(moved) - 4.0 * scale_qn(sample)) < 1e-9);
    RC_ASSERT(std::fabs(tau_location_scale(moved).scale - 4.0 * tau_location_scale(sample).scale) < 1e-9);
  }));
}

TEST_CASE("scales estimate the deviation of a normal sample, also when a third of it is wrong") {
  Random random(20261);
  std::vector<double> sample;
  for (int i = 0; i < 20'000; ++i) sample.push_back(random.normal(5.0, 2.0));
  // Standard errors at this size: 2 / sqrt(2 n efficiency), at most 0.0131; five of them.
  CHECK(std::fabs(scale_sn(sample) - 2.0) < 0.066);
  CHECK(std::fabs(scale_qn(sample) - 2.0) < 0.055);
  CHECK(std::fabs(tau_location_scale(sample).scale - 2.0) < 0.066);
  CHECK(std::fabs(huber_proposal_2(sample).scale - 2.0) < 0.066);
  for (int i = 0; i < 10'000; ++i) sample.push_back(1e9);
  CHECK(scale_sn(sample) < 8.0);
  CHECK(scale_qn(sample) < 8.0);
  CHECK(tau_location_scale(sample).scale < 8.0);
}

TEST_CASE("fences by hand") {
  const std::vector<double> sample = {1, 2, 3, 4, 5, 6, 7, 50};
  CHECK(hinges(sample).low == 2.5);
  CHECK(hinges(sample).high == 6.5);
  CHECK(box(sample).fences.high == 12.5);
  CHECK(box(sample).whisker_high == 7.0);
  CHECK(box(sample).whisker_low == 1.0);
  CHECK(count_outside(sample, box(sample).fences) == 1);
  CHECK(tukey_fences(sample).high == doctest::Approx(6.25 + 1.5 * 3.5));
  CHECK(medcouple(std::vector<double>{1, 2, 3}) == 0.0);
  CHECK(adjusted_fences(std::vector<double>{1, 2, 3, 4, 5}).high == doctest::Approx(7.0));
}

TEST_CASE("a sample of one has no spread") {
  const std::vector<double> one = {4.0};
  CHECK(scale_sn(one) == 0.0);
  CHECK(scale_qn(one) == 0.0);
  CHECK(tau_location_scale(one).location == 4.0);
  CHECK(medcouple(one) == 0.0);
  CHECK(box(one).whisker_low == 4.0);
}

}  // namespace
}  // namespace skywarden::statistics
