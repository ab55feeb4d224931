// Where many-sided observations lie, how they spread together, and how far one of them is from the rest:
// P. C. Mahalanobis, "On the generalised distance in statistics", 1936.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "statistics/rows.h"

namespace skywarden::statistics {

struct Scatter {
  std::vector<double> centre;      // one a column
  std::vector<double> covariance;  // width × width by rows, symmetric
};

// Mean and covariance, over n − 1, of the rows listed; at least two.
[[nodiscard]] Scatter scatter_of(Rows rows, std::span<const std::size_t> listed);
[[nodiscard]] Scatter scatter_of(Rows rows);

// Keeps the Cholesky factor, so that a distance costs width² / 2.
class Mahalanobis {
 public:
  // Nothing when a column depends on the others (to 1e-12 of its own variance).
  [[nodiscard]] static std::optional<Mahalanobis> of(const Scatter& scatter);

  // As many numbers as columns. For normal observations it follows chi-squared with as many degrees.
  [[nodiscard]] double squared_distance(std::span<const double> observation) const;
  [[nodiscard]] double determinant() const;  // of the covariance

 private:
  std::vector<double> centre_;
  std::vector<double> factor_;  // lower triangle by rows, width × width
};

}  // namespace skywarden::statistics
