// Where a sample lies, by the estimator that suits how much of it looks wrong. No single one is best: the
// mean is the most exact on sound values and worthless with one wrong one, the median the other way round.
//
// The contamination is estimated as the weight beyond 3 standard deviations (by 1.4826 median absolute
// deviations) from the median. Of the estimators that withstand that much weight, the one with the least risk
// is taken: the square of how far that share of wrong values, put where they hurt most, can move it, plus its
// variance on sound normal values at this sample size (P. J. Huber, "Robust Statistics", 1981, §1.4 and §4).
// Few values make variance count, many make bias count: ten wrong values in a hundred call for a trimmed
// mean, a hundred in a thousand for the median.
//
// The choice as a whole breaks down at one half, as the median and its deviation do: what is not flagged lies
// within 4.5 ranges of the honest values of the median, and what is flagged is withstood by whoever is
// chosen. It cannot see wrong values among the right ones; up to 3 deviations they pull as they like.
#pragma once

#include <cstdint>
#include <string_view>

#include "statistics/location.h"

namespace skywarden::statistics {

enum class LocationEstimator : std::uint8_t {
  kMean,
  kTrimmedTenth,
  kTrimmedQuarter,
  kHuber,  // k = 1.5
  kHodgesLehmann,
  kMedian,
};
[[nodiscard]] std::string_view to_string(LocationEstimator estimator);  // "mean", "trimmed_10", …

inline constexpr double kContaminationCut = 3.0;  // standard deviations

struct AdaptiveLocation {
  double value = 0.0;
  LocationEstimator estimator = LocationEstimator::kMedian;
  double contamination = 0.0;  // share of the weight that was flagged, below 1/2
  double breakdown = 0.0;      // the largest share of this weight that may be wrong and not carry it away
  double efficiency = 0.0;     // of the estimator on sound normal values, against the mean
};

// Weights as in location.h; a weighted result is that of the sample with repetitions, except that the sample
// size is (Σ weight)² / Σ weight² (L. Kish, "Survey Sampling", 1965), so that one value of much weight does
// not pass for many. Hodges–Lehmann takes part while weights sum to at most kPairWeightMax.
[[nodiscard]] AdaptiveLocation adaptive_location(Weights items);
[[nodiscard]] AdaptiveLocation adaptive_location(std::span<const double> sample);

// The largest weight of wrong values, of `total`, that cannot carry the estimate away.
[[nodiscard]] std::uint64_t withstood_weight(LocationEstimator estimator, std::uint64_t total);
// On a normal sample, against the mean.
[[nodiscard]] double efficiency(LocationEstimator estimator);
// How far the share `contamination` of values at infinity moves the estimate, in standard deviations of the
// others; infinite from the breakdown point on.
[[nodiscard]] double bias_max(LocationEstimator estimator, double contamination);

}  // namespace skywarden::statistics
