// Centre and spread of many-sided observations although nearly half of them are wrong, however they conspire:
// the minimum covariance determinant, the h rows whose covariance has the least determinant (P. J. Rousseeuw,
// "Least median of squares regression", JASA 79 (1984) 871-880), searched as in P. J. Rousseeuw and K. van
// Driessen, "A fast algorithm for the minimum covariance determinant estimator", Technometrics 41 (1999)
// 212-223. It breaks down at one half in that rows far enough off never carry it away; a tight heap of nearly
// half of the rows some tens of deviations off can still be the smaller determinant. Then every row within
// the 97.5 % distance is kept and the estimate repeated, which wins back efficiency.
//
// Covariances are consistent at the normal (C. Croux and G. Haesbroeck, Journal of Multivariate Analysis 71
// (1999) 161-190) and corrected for few rows by the formula of G. Pison, S. van Aelst and G. Willems, Metrika
// 55 (2002) 111-123, as in robustbase's covMcd; its tables of simulated corrections for h near n/2 are not
// used, so covariances (not centres) differ from it there by some per cent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "statistics/scatter.h"

namespace skywarden::statistics {

inline constexpr std::size_t kMcdWidthMax = 50;
inline constexpr double kMcdKept = 0.975;  // of normal rows

struct McdOptions {
  // Of the rows, counted between the smallest h and all. At 0.5 nearly half of the rows may be wrong, at 0.75
  // nearly a quarter, with a better efficiency. 0.5…1.
  double share = 0.5;
  std::size_t starts = 500;     // random sets of width + 1 rows, two steps each; the ten best go on
  std::size_t exact_max = 500;  // when there are no more sets than this, all are tried
  std::uint64_t seed = 1;
};

struct Mcd {
  std::vector<std::size_t> best;  // the h rows, ascending
  double determinant = 0.0;       // of their plain covariance
  Scatter raw;                    // of them, corrected
  Scatter reweighted;             // of the rows kept, corrected
  std::vector<std::size_t> kept;  // ascending
};

// Rows are finite; at least 2 · width of them, width at most kMcdWidthMax. Nothing when h rows lie in a plane
// (a column depends on others, or half of its values agree): there is no distance then. The search is local
// from every start, so for more than a few rows the least determinant is not proven. It costs
// starts · n · width², and for more than a thousand rows it is slower than the nested search of the paper.
[[nodiscard]] std::optional<Mcd> fast_mcd(Rows rows, const McdOptions& options = {});

// The number h of rows that must agree.
[[nodiscard]] std::size_t mcd_rows(std::size_t rows, std::size_t width, double share);
// By how much the covariance of the central `share` of a normal sample is too small.
[[nodiscard]] double mcd_consistency(std::size_t width, double share);

}  // namespace skywarden::statistics
