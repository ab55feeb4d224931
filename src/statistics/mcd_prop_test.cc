#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "statistics/distributions.h"
#include "statistics/mcd.h"
#include "statistics/subsets.h"

namespace skywarden::statistics {
namespace {

std::vector<double> cloud(std::size_t n, std::size_t width, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) {
    const double shared = random.normal(0.0, 1.0);
    for (std::size_t j = 0; j < width; ++j)
      out.push_back(static_cast<double>(j) + shared + random.normal(0.0, 1.0));
  }
  return out;
}

// Every set of h rows.
double least_determinant_slowly(Rows rows, std::size_t h) {
  std::vector<std::size_t> set(h);
  std::iota(set.begin(), set.end(), 0);
  double least = std::numeric_limits<double>::infinity();
  do {
    if (const auto distance = Mahalanobis::of(scatter_of(rows, set)))
      least = std::min(least, distance->determinant());
  } while (next_subset(set, rows.count()));
  return least;
}

TEST_CASE("quantiles of the normal and of chi-squared as tables print them") {
  CHECK(normal_quantile(0.975) == doctest::Approx(1.959963984540054).epsilon(1e-13));
  CHECK(normal_quantile(0.75) == doctest::Approx(0.674489750196082).epsilon(1e-13));
  CHECK(normal_quantile(1e-10) == doctest::Approx(-6.361340902404056).epsilon(1e-12));
  // Abramowitz and Stegun, table 26.8.
  CHECK(chi_squared_quantile(0.95, 1) == doctest::Approx(3.84146).epsilon(2e-6));
  CHECK(chi_squared_quantile(0.975, 2) == doctest::Approx(7.37776).epsilon(2e-6));
  CHECK(chi_squared_quantile(0.5, 5) == doctest::Approx(4.35146).epsilon(2e-6));
  CHECK(chi_squared_quantile(0.999, 3) == doctest::Approx(16.266).epsilon(2e-5));
  CHECK(chi_squared_quantile(0.99, 30) == doctest::Approx(50.8922).epsilon(2e-6));
  CHECK(chi_squared_quantile(0.0, 4) == 0.0);
  for (const std::size_t freedom : {1U, 2U, 7U, 10U, 51U})
    for (const double p : {0.01, 0.5, 0.999})
      CHECK(chi_squared_below(chi_squared_quantile(p, freedom), freedom) ==
            doctest::Approx(p).epsilon(1e-10));
}

TEST_CASE("the distance of Mahalanobis by hand") {
  const auto distance = Mahalanobis::of({{1.0, 2.0}, {4.0, 2.0, 2.0, 2.0}});
  REQUIRE(distance);
  CHECK(distance->determinant() == doctest::Approx(4.0));
  // The inverse is (1/2, −1/2; −1/2, 1).
  CHECK(distance->squared_distance(std::vector<double>{3.0, 3.0}) == doctest::Approx(1.0));
  CHECK(distance->squared_distance(std::vector<double>{1.0, 4.0}) == doctest::Approx(4.0));
  CHECK(!Mahalanobis::of({{0.0, 0.0}, {1.0, 2.0, 2.0, 4.0}}));
}

TEST_CASE("of few rows the search finds the least determinant of all sets") {
  int found = 0;
  constexpr int kTrials = 40;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> numbers = cloud(13, 2, 100 + static_cast<std::uint64_t>(trial));
    for (std::size_t i = 0; i < 8; ++i) numbers[i] += 9.0;  // four rows moved
    const Rows rows(numbers, 2);
    const auto fit = fast_mcd(rows);
    REQUIRE(fit);
    const double least = least_determinant_slowly(rows, fit->best.size());
    CHECK(fit->determinant >= least * (1.0 - 1e-9));
    found += fit->determinant <= least * (1.0 + 1e-9) ? 1 : 0;
  }
  // From every set of three rows a local search reaches it nearly always, but not by proof.
  CHECK(found >= kTrials - 2);
}

TEST_CASE("the rows found do not depend on units, directions or the place of the origin") {
  CHECK(rc::check("affine equivariance", [](std::uint64_t seed) {
    const std::vector<double> numbers = cloud(14, 2, seed);
    std::vector<double> moved;
    for (std::size_t i = 0; i < 14; ++i) {
      const double a = numbers[2 * i], b = numbers[2 * i + 1];
      moved.push_back(100.0 + 3.0 * a - b);
      moved.push_back(-7.0 + 0.5 * a + 2.0 * b);
    }
    const auto fit = fast_mcd(Rows(numbers, 2)), other = fast_mcd(Rows(moved, 2));
    RC_ASSERT(fit.has_value() && other.has_value());
    RC_ASSERT(fit->best == other->best);
    RC_ASSERT(fit->kept == other->kept);
    // The determinant grows by that of the map, (3 · 2 + 0.5)².
    RC_ASSERT(std::fabs(other->determinant / fit->determinant / 42.25 - 1.0) < 1e-6);
  }));
}

TEST_CASE("nearly half of the rows, in one heap far off, do not carry it away") {
  for (const auto& [width, far] :
       {std::pair<std::size_t, double>{1, 1e6}, {2, 1e3}, {2, 1e6}, {2, 1e12}, {4, 1e6}}) {
    CAPTURE(width);
    CAPTURE(far);
    std::vector<double> numbers = cloud(100, width, 5);
    Random random(6);
    for (std::size_t i = 0; i < 45; ++i)
      for (std::size_t j = 0; j < width; ++j)
        numbers[i * width + j] = (j % 2 == 0 ? far : -far) + random.normal(0.0, 0.01);
    const Rows rows(numbers, width);
    const auto fit = fast_mcd(rows);
    REQUIRE(fit);
    CHECK(*std::min_element(fit->best.begin(), fit->best.end()) >= 45);
    CHECK(*std::min_element(fit->kept.begin(), fit->kept.end()) >= 45);
    for (std::size_t j = 0; j < width; ++j)
      CHECK(std::fabs(fit->reweighted.centre[j] - static_cast<double>(j)) < 1.0);
    // The plain distance does not see them: they are the sample's own spread.
    const auto plain = Mahalanobis::of(scatter_of(rows));
    if (plain) CHECK(plain->squared_distance(rows[0]) < chi_squared_quantile(0.999, width));
  }
}

TEST_CASE("on sound normal rows both covariances are those of the rows") {
  // Variance 2, covariance 1. Standard errors at 3000 rows are about 0.05 for the plain covariance and, at
  // the efficiency of the raw estimate, 0.15 for that; three of them.
  const std::vector<double> numbers = cloud(3000, 3, 11);
  const auto fit = fast_mcd(Rows(numbers, 3), {.starts = 50});
  REQUIRE(fit);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double truth = i == j ? 2.0 : 1.0;
      CHECK(std::fabs(fit->reweighted.covariance[3 * i + j] - truth) < 0.2);
      CHECK(std::fabs(fit->raw.covariance[3 * i + j] - truth) < 0.45);
    }
  }
  CHECK(fit->kept.size() > 2850);
}

TEST_CASE("corrections for few rows make small samples honest to a tenth on average") {
  // The formula is a fit over many sizes; at 20 rows of one column it leaves the variance some per cent low.
  double sum = 0.0, squares = 0.0;
  constexpr int kSamples = 2000;
  Random random(77);
  for (int s = 0; s < kSamples; ++s) {
    std::vector<double> numbers;
    for (int i = 0; i < 20; ++i) numbers.push_back(random.normal(0.0, 1.0));
    const double variance =
        fast_mcd(Rows(numbers, 1), {.share = 0.75, .exact_max = 200})->reweighted.covariance[0];
    sum += variance;
    squares += variance * variance;
  }
  const double mean = sum / kSamples;
  const double error = std::sqrt((squares / kSamples - mean * mean) / kSamples);
  MESSAGE("mean variance ", mean, " ± ", error);
  CHECK(std::fabs(mean - 1.0) < 0.1);
}

TEST_CASE("rows in a plane and half-constant columns have no distance") {
  std::vector<double> numbers = cloud(30, 2, 3);
  for (std::size_t i = 0; i < 20; ++i) numbers[2 * i + 1] = 3.0 * numbers[2 * i];
  CHECK(!fast_mcd(Rows(numbers, 2)));
  for (std::size_t i = 0; i < 20; ++i) numbers[2 * i + 1] = 0.0;
  CHECK(!fast_mcd(Rows(numbers, 2)));
}

TEST_CASE("the number of rows that must agree") {
  CHECK(mcd_rows(21, 3, 0.5) == 12);
  CHECK(mcd_rows(21, 3, 1.0) == 21);
  CHECK(mcd_rows(20, 2, 0.75) == 15);  // 2 · 11 − 20 + 2 · 9 · 0.75 = 15.5
  CHECK(mcd_consistency(1, 0.5) == doctest::Approx(1.0 / 0.142747).epsilon(1e-3));
}

}  // namespace
}  // namespace skywarden::statistics
