#include "statistics/least_squares.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

constexpr double kDependentMax = 1e-7;  // of the column's length, as R takes it

// x and y scaled by the roots of the weights, by columns, y last; then reduced to a triangle in place.
class Triangle {
 public:
  Triangle(Rows x, std::span<const double> y, std::span<const double> weights)
      : rows_(x.count()), width_(x.width()), numbers_(rows_ * (width_ + 1), 0.0) {
    EXPECTS(y.empty() || y.size() == rows_);
    EXPECTS(weights.empty() || weights.size() == rows_);
    for (std::size_t i = 0; i < rows_; ++i) {
      const double root = weights.empty() ? 1.0 : std::sqrt(weights[i]);
      for (std::size_t j = 0; j < width_; ++j) at(i, j) = root * x[i][j];
      if (!y.empty()) at(i, width_) = root * y[i];
    }
  }

  // False when a column depends on those before it.
  [[nodiscard]] bool reduce() {
    if (rows_ < width_) return false;
    for (std::size_t j = 0; j < width_; ++j) {
      const double whole = norm(j, 0);
      const double rest = norm(j, j);
      if (!(rest > kDependentMax * whole)) return false;
      reflect(j, at(j, j) > 0.0 ? -rest : rest);
    }
    return true;
  }

  // x such that R x = Qᵀ y.
  [[nodiscard]] std::vector<double> back_substituted() const {
    std::vector<double> out(width_);
    for (std::size_t i = width_; i-- > 0;) {
      double sum = at(i, width_);
      for (std::size_t j = i + 1; j < width_; ++j) sum -= at(i, j) * out[j];
      out[i] = sum / at(i, i);
    }
    return out;
  }

  // |R⁻ᵀ v|²
  [[nodiscard]] double squared_length(std::span<const double> v, double factor) const {
    std::vector<double> u(width_);
    double squares = 0.0;
    for (std::size_t i = 0; i < width_; ++i) {
      double sum = factor * v[i];
      for (std::size_t k = 0; k < i; ++k) sum -= at(k, i) * u[k];
      u[i] = sum / at(i, i);
      squares += u[i] * u[i];
    }
    return squares;
  }

 private:
  [[nodiscard]] double& at(std::size_t i, std::size_t j) { return numbers_[j * rows_ + i]; }
  [[nodiscard]] double at(std::size_t i, std::size_t j) const { return numbers_[j * rows_ + i]; }

  [[nodiscard]] double norm(std::size_t column, std::size_t from) const {
    double squares = 0.0;
    for (std::size_t i = from; i < rows_; ++i) squares += at(i, column) * at(i, column);
    return std::sqrt(squares);
  }

  // Reflects the rows from j so that column j becomes (diagonal, 0, 0, …).
  void reflect(std::size_t j, double diagonal) {
    std::vector<double> v(rows_ - j);
    for (std::size_t i = j; i < rows_; ++i) v[i - j] = at(i, j);
    v[0] -= diagonal;
    double squares = 0.0;
    for (const double part : v) squares += part * part;
    for (std::size_t column = j; column <= width_; ++column) {
      double dot = 0.0;
      for (std::size_t i = j; i < rows_; ++i) dot += v[i - j] * at(i, column);
      for (std::size_t i = j; i < rows_; ++i) at(i, column) -= 2.0 * dot / squares * v[i - j];
    }
    at(j, j) = diagonal;
  }

  std::size_t rows_, width_;
  std::vector<double> numbers_;
};

}  // namespace

std::vector<double> residuals_of(Rows x, std::span<const double> y, std::span<const double> coefficients) {
  EXPECTS(y.size() == x.count() && coefficients.size() == x.width());
  std::vector<double> out(y.begin(), y.end());
  for (std::size_t i = 0; i < x.count(); ++i)
    for (std::size_t j = 0; j < x.width(); ++j) out[i] -= x[i][j] * coefficients[j];
  return out;
}

std::optional<LeastSquares> least_squares(Rows x, std::span<const double> y,
                                          std::span<const double> weights) {
  EXPECTS(y.size() == x.count());
  Triangle triangle(x, y, weights);
  if (!triangle.reduce()) return std::nullopt;
  LeastSquares out;
  out.coefficients = triangle.back_substituted();
  out.residuals = residuals_of(x, y, out.coefficients);
  return out;
}

std::optional<std::vector<double>> leverages(Rows x, std::span<const double> weights) {
  Triangle triangle(x, {}, weights);
  if (!triangle.reduce()) return std::nullopt;
  std::vector<double> out(x.count());
  for (std::size_t i = 0; i < x.count(); ++i)
    out[i] = std::min(1.0, triangle.squared_length(x[i], weights.empty() ? 1.0 : std::sqrt(weights[i])));
  return out;
}

}  // namespace skywarden::statistics
