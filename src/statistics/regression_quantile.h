// Straight-line laws for a quantile of y given x: R. Koenker and G. Bassett, "Regression quantiles",
// Econometrica 46 (1978) 33-50. The quantile 1/2 is least absolute deviations, which wrong y do not carry
// away; wrong x do (breakdown point 1/n).
#pragma once

#include <optional>
#include <span>

#include "statistics/regression.h"
#include "statistics/rows.h"

namespace skywarden::statistics {

// Exact: the optimum goes through as many rows as x has columns, and it is found by walking from one such set
// to a better one (a simplex on the edges of the sum, with y moved by 1e-9 of its size so that ties cannot
// hold it up). Where several coefficients are equally good it is one of them. `quantile` strictly inside
// 0…1; `scale` of the result is 0. About n steps of n·p each. Nothing when the columns depend on one another.
[[nodiscard]] std::optional<Regression> quantile_regression(Rows x, std::span<const double> y,
                                                            double quantile = 0.5);

// Σ of quantile · residual where it is positive, (quantile − 1) · residual where not: what is made least.
[[nodiscard]] double quantile_loss(std::span<const double> residuals, double quantile);

}  // namespace skywarden::statistics
