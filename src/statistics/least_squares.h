// Least squares by Householder's decomposition (Golub and Van Loan, Matrix Computations, §5.3): exact to
// rounding where normal equations would square the error.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "statistics/rows.h"

namespace skywarden::statistics {

struct LeastSquares {
  std::vector<double> coefficients;  // one a column of x
  std::vector<double> residuals;     // y − x · coefficients, unweighted, one a row
};

// The least Σ weight · residual². `y` is as long as x has rows; `weights` likewise and not negative, or empty
// when all weigh the same. Nothing when a column depends on the others (to 1e-7 of its length).
[[nodiscard]] std::optional<LeastSquares> least_squares(Rows x, std::span<const double> y,
                                                        std::span<const double> weights = {});

// How much each row determines its own fitted value, 0…1: the diagonal of the hat matrix.
[[nodiscard]] std::optional<std::vector<double>> leverages(Rows x, std::span<const double> weights = {});

[[nodiscard]] std::vector<double> residuals_of(Rows x, std::span<const double> y,
                                               std::span<const double> coefficients);

}  // namespace skywarden::statistics
