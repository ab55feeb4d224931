#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/random.h"
#include "statistics/least_squares.h"
#include "statistics/regression.h"
#include "statistics/regression_quantile.h"

namespace skywarden::statistics {
namespace {

struct Data {
  std::vector<double> x, y;  // rows of 1, a, b
  [[nodiscard]] Rows rows() const { return {x, 3}; }
};

// y = 2 + 3 a − b + noise
Data line(int n, double noise, std::uint64_t seed) {
  Random random(seed);
  Data out;
  for (int i = 0; i < n; ++i) {
    const double a = random.uniform(-5.0, 5.0), b = random.normal(0.0, 3.0);
    out.x.insert(out.x.end(), {1.0, a, b});
    out.y.push_back(2.0 + 3.0 * a - b + random.normal(0.0, noise));
  }
  return out;
}

// Every exact fit through three rows.
double least_loss_slowly(const Data& data, double quantile) {
  double best = std::numeric_limits<double>::infinity();
  const std::size_t n = data.y.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j)
      for (std::size_t k = j + 1; k < n; ++k) {
        std::vector<double> x, y;
        for (const std::size_t row : {i, j, k}) {
          x.insert(x.end(), data.rows()[row].begin(), data.rows()[row].end());
          y.push_back(data.y[row]);
        }
        if (const auto exact = least_squares(Rows(x, 3), y))
          best =
              std::min(best, quantile_loss(residuals_of(data.rows(), data.y, exact->coefficients), quantile));
      }
  return best;
}

double distance(const Regression& fit) {
  return std::max({std::fabs(fit.coefficients[0] - 2.0), std::fabs(fit.coefficients[1] - 3.0),
                   std::fabs(fit.coefficients[2] + 1.0)});
}

TEST_CASE("least squares leave residuals at right angles to every column") {
  CHECK(rc::check("normal equations", [](std::uint64_t seed) {
    const Data data = line(12, 1.0, seed);
    std::vector<double> weights;
    for (int i = 0; i < 12; ++i) weights.push_back(0.5 + i % 3);
    const auto fit = least_squares(data.rows(), data.y, weights);
    RC_ASSERT(fit.has_value());
    for (std::size_t j = 0; j < 3; ++j) {
      double sum = 0.0;
      for (std::size_t i = 0; i < 12; ++i) sum += weights[i] * data.rows()[i][j] * fit->residuals[i];
      RC_ASSERT(std::fabs(sum) < 1e-9);
    }
    const auto leverage = leverages(data.rows(), weights);
    double trace = 0.0;
    for (const double h : *leverage) trace += h;
    RC_ASSERT(std::fabs(trace - 3.0) < 1e-9);
  }));
}

TEST_CASE("columns that depend on one another determine nothing") {
  Data data = line(10, 1.0, 1);
  for (std::size_t i = 0; i < 10; ++i) data.x[3 * i + 2] = 2.0 * data.x[3 * i + 1];
  CHECK(!least_squares(data.rows(), data.y));
  CHECK(!m_regression(data.rows(), data.y, kHuber95, ResidualScale::kMedian));
  CHECK(!mm_regression(data.rows(), data.y));
  CHECK(!smdm_regression(data.rows(), data.y));
  CHECK(!quantile_regression(data.rows(), data.y));
  const std::vector<double> few = {1, 2, 3, 1, 2, 4};
  CHECK(!quantile_regression(Rows(few, 3), std::vector<double>{1, 2}));
  CHECK(!mm_regression(Rows(few, 3), std::vector<double>{1, 2}));
}

TEST_CASE("regression quantiles lose no more than the best exact fit") {
  CHECK(rc::check("enumeration", [](std::uint64_t seed, bool coarse) {
    Data data = line(11, 4.0, seed);
    if (coarse) {  // ties on purpose
      for (double& v : data.x) v = std::round(v / 2.0);
      for (double& v : data.y) v = std::round(v / 4.0);
    }
    for (const double quantile : {0.1, 0.5, 0.8}) {
      const auto fit = quantile_regression(data.rows(), data.y, quantile);
      if (!fit) {
        RC_ASSERT(!least_squares(data.rows(), data.y).has_value());
        return;
      }
      const double loss = quantile_loss(fit->residuals, quantile);
      RC_ASSERT(loss <= least_loss_slowly(data, quantile) * (1.0 + 1e-7) + 1e-7);
    }
  }));
}

TEST_CASE("fits follow a change of units and of what is explained") {
  CHECK(rc::check("equivariance", [](std::uint64_t seed) {
    const Data data = line(14, 1.0, seed);
    Data moved = data;
    for (std::size_t i = 0; i < moved.y.size(); ++i)
      moved.y[i] = 5.0 * data.y[i] + 4.0 + 2.0 * data.rows()[i][1];
    const auto check = [](const std::optional<Regression>& fit, const std::optional<Regression>& other) {
      RC_ASSERT(fit.has_value() && other.has_value());
      RC_ASSERT(std::fabs(other->coefficients[0] - (5.0 * fit->coefficients[0] + 4.0)) < 1e-3);
      RC_ASSERT(std::fabs(other->coefficients[1] - (5.0 * fit->coefficients[1] + 2.0)) < 1e-3);
      RC_ASSERT(std::fabs(other->coefficients[2] - 5.0 * fit->coefficients[2]) < 1e-3);
      RC_ASSERT(std::fabs(other->scale - 5.0 * fit->scale) < 1e-3);
    };
    // A stop by the length of coefficients is no property of the data, so it is put far off.
    const SearchOptions far{.tolerance = 1e-12};
    check(mm_regression(data.rows(), data.y, far), mm_regression(moved.rows(), moved.y, far));
    check(m_regression(data.rows(), data.y, kHuber95, ResidualScale::kProposal2),
          m_regression(moved.rows(), moved.y, kHuber95, ResidualScale::kProposal2));
    check(quantile_regression(data.rows(), data.y), quantile_regression(moved.rows(), moved.y));
  }));
}

TEST_CASE("two fifths of wrong rows, far off in x and in y, do not carry MM and SMDM away") {
  Data data = line(60, 0.5, 7);
  const auto before = mm_regression(data.rows(), data.y);
  REQUIRE(before);
  CHECK(distance(*before) < 0.3);
  for (std::size_t i = 0; i < 24; ++i) {
    data.x[3 * i + 1] = 40.0;
    data.y[i] = -500.0;
  }
  for (const auto& fit : {mm_regression(data.rows(), data.y), smdm_regression(data.rows(), data.y)}) {
    REQUIRE(fit);
    CHECK(distance(*fit) < 0.6);
    CHECK(fit->scale < 2.5);  // of 0.5: two fifths may inflate it that far
  }
  const auto squares = least_squares(data.rows(), data.y);
  CHECK(std::fabs(squares->coefficients[1] - 3.0) > 5.0);  // what the others withstood
}

TEST_CASE("with too many sets of rows to try them all, draws find the same law") {
  Data data = line(200, 0.5, 8);
  for (std::size_t i = 0; i < 60; ++i) data.y[i] = 1000.0;
  const auto fit = mm_regression(data.rows(), data.y, {.samples = 500, .seed = 3});
  REQUIRE(fit);
  CHECK(distance(*fit) < 0.3);
  CHECK(mm_regression(data.rows(), data.y, {.samples = 500, .seed = 3})->coefficients == fit->coefficients);
}

TEST_CASE("when most rows fit exactly there is no scale to divide by") {
  Data data = line(20, 0.0, 9);
  for (std::size_t i = 0; i < 5; ++i) data.y[i] += 100.0;
  CHECK(distance(*quantile_regression(data.rows(), data.y)) < 1e-9);
  if (const auto fit = mm_regression(data.rows(), data.y)) CHECK(fit->scale < 1e-6);
}

TEST_CASE("the bounded losses begin at 0, rise to 1 and agree with their weights") {
  for (const Loss& loss : {kBisquareHalf, kBisquare95, kLinearQuadraticHalf, kLinearQuadratic95}) {
    CHECK(bounded_loss(loss, 0.0) == 0.0);
    CHECK(bounded_loss(loss, 1e6) == doctest::Approx(1.0));
    CHECK(loss_weight(loss, 0.0) == 1.0);
    CHECK(loss_weight(loss, 1e6) == 0.0);
    // ρ' is proportional to ψ = weight · u: the ratio is the same everywhere.
    const double step = 1e-5;
    const auto ratio = [&](double u) {
      return (bounded_loss(loss, u + step) - bounded_loss(loss, u - step)) / (2.0 * step) /
             (loss_weight(loss, u) * u);
    };
    const double first = ratio(0.1);
    for (const double part : {0.5, 0.9, 1.2, 1.8, 2.4}) {
      const double u = loss.kind == LossKind::kBisquare ? part * loss.cut / 2.5 : part * loss.cut;
      CHECK(ratio(u) == doctest::Approx(first).epsilon(1e-5));
    }
  }
}

}  // namespace
}  // namespace skywarden::statistics
