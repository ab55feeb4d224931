// Where a sample lies although some of it is wrong: trimmed mean, Huber's estimates, Hodges and Lehmann's.
// Definitions are those of R: mean(trim), MASS::huber, MASS::hubers, robustbase::huberM and the median of the
// pairs' means. Samples are never empty and hold only finite numbers.
//
// Weights are whole numbers (vote shares): a weighted estimate is that of the sample in which each value
// stands as often as it weighs. At least one weight is positive.
//
// Breakdown points, the share of wrong values that cannot carry the estimate away: trimmed mean its `share`;
// Hodges–Lehmann 0.293; Huber with the median absolute deviation 1/2; proposal 2 with k = 1.5 about 0.19
// (P. J. Huber, "Robust Statistics", 1981, §6.6). Efficiency at the normal: trimmed by 10 % 0.943,
// Hodges–Lehmann 0.955, Huber with k = 1.5 0.964, the median 0.637.
#pragma once

#include <cstdint>
#include <span>

#include "statistics/weighted.h"

namespace skywarden::statistics {

using Weights = std::span<const Weighted<double>>;

// Without the floor(share · n) smallest and as many largest; `share` in 0…0.5, at 0.5 it is the median.
[[nodiscard]] double trimmed_mean(std::span<const double> sample, double share);
[[nodiscard]] double trimmed_mean(Weights items, double share);

struct HuberOptions {
  double k = 1.5;  // deviations beyond which a value only pulls as if it stood there
  // In scales: the iteration ends when a step is shorter, and the point before that step is the result, as R
  // has it.
  double tolerance = 1e-6;
};

struct LocationScale {
  double location = 0.0;
  double scale = 0.0;  // consistent for the standard deviation of a normal sample
};

// The scale is 1.4826 times the median absolute deviation. A scale of 0 gives the median.
[[nodiscard]] LocationScale huber(std::span<const double> sample, const HuberOptions& options = {});
[[nodiscard]] LocationScale huber(Weights items, const HuberOptions& options = {});

// Location and scale together: P. J. Huber, "Robust estimation of a location parameter", Annals of
// Mathematical Statistics 35 (1964) 73-101, proposal 2. At most 30 steps, as R takes.
[[nodiscard]] LocationScale huber_proposal_2(std::span<const double> sample,
                                             const HuberOptions& options = {});

// The mean of min(z², k²) for a normal z: what makes scales over values cut off at k consistent.
[[nodiscard]] double huber_consistency(double k);

// The median of the means of all pairs, each value paired with itself too: J. L. Hodges and E. L. Lehmann,
// "Estimates of location based on rank tests", Annals of Mathematical Statistics 34 (1963) 598-611.
// n log² n. Weights sum to at most kPairWeightMax, so that pairs can be counted.
inline constexpr std::uint64_t kPairWeightMax = std::uint64_t{1} << 31;
[[nodiscard]] double hodges_lehmann(std::span<const double> sample);
[[nodiscard]] double hodges_lehmann(Weights items);

// Σ weight · value / Σ weight, in the order of the values.
[[nodiscard]] double weighted_mean(Weights items);
// Unscaled; about the weighted median.
[[nodiscard]] double weighted_median_absolute_deviation(Weights items);

}  // namespace skywarden::statistics
