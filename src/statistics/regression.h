// Straight-line laws y ≈ x · b although some of the rows are wrong.
//
// M-estimates (P. J. Huber, "Robust Statistics", 1981, §7) withstand wrong y, not wrong x: breakdown point
// 1/n. S- and MM-estimates (V. J. Yohai, "High breakdown-point and high efficiency robust estimates for
// regression", Annals of Statistics 15 (1987) 642-656) and the SMDM-estimate (Koller and Stahel 2011, see
// loss.h) withstand both: just below one half. Definitions and constants are those of R's MASS::rlm and
// robustbase::lmrob.
//
// An intercept is a column of ones. `y` is as long as x has rows; all numbers are finite. Each function gives
// nothing when the columns depend on one another or when more than half of the rows fit exactly, so that
// there is no scale; regression does not choose columns.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "statistics/loss.h"
#include "statistics/rows.h"

namespace skywarden::statistics {

struct Regression {
  std::vector<double> coefficients;  // one a column of x
  double scale = 0.0;                // of the residuals, consistent at the normal
  std::vector<double> residuals;     // y − x · coefficients
};

enum class ResidualScale {
  kMedian,     // median |residual| / 0.6745
  kProposal2,  // Huber's proposal 2 with k = 1.345
};

// Reweighted from the least squares fit on until residuals change by less than 1e-12 of their length; the
// scale is found anew in every step. With a redescending loss this is one of several solutions, the one that
// begins at least squares.
[[nodiscard]] std::optional<Regression> m_regression(Rows x, std::span<const double> y, const Loss& loss,
                                                     ResidualScale scale);

struct SearchOptions {
  std::size_t exact_max = 20'000;  // so many sets of rows are all tried; of more, `samples` are drawn
  std::size_t samples = 2'000;
  std::uint64_t seed = 1;
  int first_steps = 1;   // from every start
  std::size_t best = 2;  // so many starts go on until they stand
  // Steps end when the coefficients change by less than this share of their length. R's 1e-7 is the default:
  // its random starts make its own answer scatter by about 1e-6, and where steps are short the scale may be
  // 1e-4 from where it would end.
  double tolerance = 1e-7;
};

// The coefficients with the least S-scale, which solves Σ ρ(residual / scale) / (n − p) = 1/2. Starts are
// exact fits through as many rows as there are columns. When all sets are tried the result does not depend on
// the seed. It is a local search from every start, so the least scale is not proven.
[[nodiscard]] std::optional<Regression> s_regression(Rows x, std::span<const double> y, const Loss& loss,
                                                     const SearchOptions& options = {});
// With the S-estimate's scale held fast, an M-estimate that is 95 % efficient at the normal. Bisquare.
[[nodiscard]] std::optional<Regression> mm_regression(Rows x, std::span<const double> y,
                                                      const SearchOptions& options = {});
// S, M, a scale that knows how much each row determines its own fit, M again: better intervals for few rows.
// At least two first steps and the best twenty, as robustbase's setting KS2014.
[[nodiscard]] std::optional<Regression> smdm_regression(Rows x, std::span<const double> y,
                                                        SearchOptions options = {});

}  // namespace skywarden::statistics
