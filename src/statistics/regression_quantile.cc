#include "statistics/regression_quantile.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "base/random.h"
#include "statistics/least_squares.h"

namespace skywarden::statistics {
namespace {

constexpr double kTieBreak = 1e-9;  // of the largest |y|
constexpr double kSlopeMin = 1e-10;
constexpr double kDependentMax = 1e-9;

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// As many rows as columns that determine the coefficients, the largest left over first; fewer when the
// columns depend on one another.
std::vector<std::size_t> independent_rows(Rows x) {
  std::vector<double> rest(x.numbers().begin(), x.numbers().end());
  const std::size_t p = x.width();
  std::vector<std::size_t> chosen;
  double first = 0.0;
  for (std::size_t step = 0; step < p; ++step) {
    std::size_t best = 0;
    double best_square = -1.0;
    for (std::size_t i = 0; i < x.count(); ++i) {
      const std::span<const double> row(&rest[i * p], p);
      const double square = dot(row, row);
      if (square > best_square) best = i, best_square = square;
    }
    if (step == 0) first = best_square;
    if (!(best_square > kDependentMax * kDependentMax * first)) return chosen;
    chosen.push_back(best);
    const std::vector<double> axis(rest.begin() + static_cast<std::ptrdiff_t>(best * p),
                                   rest.begin() + static_cast<std::ptrdiff_t>((best + 1) * p));
    for (std::size_t i = 0; i < x.count(); ++i) {
      const double part = dot(std::span<const double>(&rest[i * p], p), axis) / best_square;
      for (std::size_t j = 0; j < p; ++j) rest[i * p + j] -= part * axis[j];
    }
  }
  return chosen;
}

struct Edge {  // a way out of a corner: one row of the corner gets a residual, the others keep none
  std::size_t leaves = 0;  // its place in the corner
  std::vector<double> direction;
  double slope = 0.0;  // of the loss along it
};

class Walk {
 public:
  Walk(Rows x, std::span<const double> y, double quantile) : x_(x), y_(y), quantile_(quantile) {}

  // False when no edge leads down.
  [[nodiscard]] bool step(std::vector<std::size_t>& corner) {
    const auto coefficients = through(corner, y_);
    if (!coefficients) return false;
    residuals_ = residuals_of(x_, y_, *coefficients);
    in_corner_.assign(x_.count(), false);
    for (const std::size_t row : corner) in_corner_[row] = true;
    const Edge edge = steepest(corner);
    if (edge.slope > -kSlopeMin) return false;
    const auto enters = first_uphill(edge);
    if (!enters) return false;
    corner[edge.leaves] = *enters;
    return true;
  }

  [[nodiscard]] std::optional<std::vector<double>> through(const std::vector<std::size_t>& corner,
                                                           std::span<const double> values) const {
    std::vector<double> few_x, few_y;
    for (const std::size_t row : corner) {
      few_x.insert(few_x.end(), x_[row].begin(), x_[row].end());
      few_y.push_back(values[row]);
    }
    auto fit = least_squares(Rows(few_x, x_.width()), few_y);
    if (!fit) return std::nullopt;
    return std::move(fit->coefficients);
  }

 private:
  [[nodiscard]] Edge steepest(const std::vector<std::size_t>& corner) const {
    Edge best;
    for (std::size_t place = 0; place < corner.size(); ++place) {
      std::vector<double> unit(x_.count(), 0.0);
      unit[corner[place]] = 1.0;
      const auto direction = through(corner, unit);
      if (!direction) continue;
      double others = 0.0;
      for (std::size_t i = 0; i < x_.count(); ++i)
        if (!in_corner_[i])
          others -= dot(x_[i], *direction) * (residuals_[i] > 0.0 ? quantile_ : quantile_ - 1.0);
      const double up = others + (1.0 - quantile_), down = -others + quantile_;
      if (std::min(up, down) >= best.slope) continue;
      best = {place, *direction, std::min(up, down)};
      if (down < up)
        for (double& part : best.direction) part = -part;
    }
    return best;
  }

  // The row whose residual becomes zero where the loss stops falling.
  [[nodiscard]] std::optional<std::size_t> first_uphill(const Edge& edge) const {
    struct Crossing {
      double distance = 0.0;
      std::size_t row = 0;
      double bend = 0.0;  // by which the slope grows
    };
    std::vector<Crossing> crossings;
    for (std::size_t i = 0; i < x_.count(); ++i) {
      const double rate = dot(x_[i], edge.direction);
      if (!in_corner_[i] && rate != 0.0 && residuals_[i] / rate > 0.0)
        crossings.push_back({residuals_[i] / rate, i, std::fabs(rate)});
    }
    std::sort(crossings.begin(), crossings.end(), [](const Crossing& a, const Crossing& b) {
      return a.distance < b.distance || (a.distance == b.distance && a.row < b.row);
    });
    double slope = edge.slope;
    for (const Crossing& crossing : crossings) {
      slope += crossing.bend;
      if (slope >= 0.0) return crossing.row;
    }
    return std::nullopt;
  }

  Rows x_;
  std::span<const double> y_;
  double quantile_;
  std::vector<double> residuals_;
  std::vector<bool> in_corner_;
};

}  // namespace

double quantile_loss(std::span<const double> residuals, double quantile) {
  double sum = 0.0;
  for (const double r : residuals) sum += r > 0.0 ? quantile * r : (quantile - 1.0) * r;
  return sum;
}

std::optional<Regression> quantile_regression(Rows x, std::span<const double> y, double quantile) {
  EXPECTS(quantile > 0.0 && quantile < 1.0);
  EXPECTS(y.size() == x.count());
  if (!least_squares(x, y)) return std::nullopt;
  std::vector<std::size_t> corner = independent_rows(x);
  if (corner.size() < x.width()) return std::nullopt;
  double largest = 0.0;
  for (const double value : y) largest = std::max(largest, std::fabs(value));
  Random random(1);
  std::vector<double> moved(y.begin(), y.end());
  for (double& value : moved) value += kTieBreak * largest * random.uniform();
  Walk walk(x, moved, quantile);
  const std::size_t steps_max = 100 * (x.count() + x.width());
  for (std::size_t step = 0; step < steps_max && walk.step(corner);) ++step;
  auto coefficients = walk.through(corner, y);
  if (!coefficients) return std::nullopt;
  std::vector<double> residuals = residuals_of(x, y, *coefficients);
  return Regression{std::move(*coefficients), 0.0, std::move(residuals)};
}

}  // namespace skywarden::statistics
