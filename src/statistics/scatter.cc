#include "statistics/scatter.h"

#include <cmath>
#include <numeric>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

constexpr double kDependentMax = 1e-12;  // of the column's variance

}  // namespace

Scatter scatter_of(Rows rows, std::span<const std::size_t> listed) {
  EXPECTS(listed.size() >= 2);
  const std::size_t width = rows.width();
  Scatter out{std::vector<double>(width, 0.0), std::vector<double>(width * width, 0.0)};
  for (const std::size_t row : listed)
    for (std::size_t j = 0; j < width; ++j) out.centre[j] += rows[row][j];
  for (double& mean : out.centre) mean /= static_cast<double>(listed.size());
  std::vector<double> away(width);
  for (const std::size_t row : listed) {
    for (std::size_t j = 0; j < width; ++j) away[j] = rows[row][j] - out.centre[j];
    for (std::size_t i = 0; i < width; ++i)
      for (std::size_t j = 0; j <= i; ++j) out.covariance[i * width + j] += away[i] * away[j];
  }
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      out.covariance[i * width + j] /= static_cast<double>(listed.size() - 1);
      out.covariance[j * width + i] = out.covariance[i * width + j];
    }
  }
  return out;
}

Scatter scatter_of(Rows rows) {
  std::vector<std::size_t> all(rows.count());
  std::iota(all.begin(), all.end(), 0);
  return scatter_of(rows, all);
}

std::optional<Mahalanobis> Mahalanobis::of(const Scatter& scatter) {
  const std::size_t width = scatter.centre.size();
  EXPECTS(width > 0 && scatter.covariance.size() == width * width);
  Mahalanobis out;
  out.centre_ = scatter.centre;
  out.factor_ = scatter.covariance;
  std::vector<double>& l = out.factor_;
  for (std::size_t i = 0; i < width; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = scatter.covariance[i * width + j];
      for (std::size_t k = 0; k < j; ++k) sum -= l[i * width + k] * l[j * width + k];
      if (i != j) {
        l[i * width + j] = sum / l[j * width + j];
      } else {
        if (!(sum > kDependentMax * scatter.covariance[i * width + i])) return std::nullopt;
        l[i * width + i] = std::sqrt(sum);
      }
    }
  }
  return out;
}

double Mahalanobis::squared_distance(std::span<const double> observation) const {
  const std::size_t width = centre_.size();
  EXPECTS(observation.size() == width);
  std::vector<double> u(width);
  double squares = 0.0;
  for (std::size_t i = 0; i < width; ++i) {
    double sum = observation[i] - centre_[i];
    for (std::size_t k = 0; k < i; ++k) sum -= factor_[i * width + k] * u[k];
    u[i] = sum / factor_[i * width + i];
    squares += u[i] * u[i];
  }
  return squares;
}

double Mahalanobis::determinant() const {
  const std::size_t width = centre_.size();
  double product = 1.0;
  for (std::size_t i = 0; i < width; ++i) product *= factor_[i * width + i] * factor_[i * width + i];
  return product;
}

}  // namespace skywarden::statistics
