// Order statistics of a sample: quantiles, median, median absolute deviation, interquartile range. Quantiles
// follow Hyndman and Fan, "Sample quantiles in statistical packages", The American Statistician 50 (1996),
// types 6 and 7. Samples are never empty and hold only finite numbers: a missing value is not a number.
#pragma once

#include <span>

namespace skywarden::statistics {

enum class QuantileType {
  kWeibull = 6,  // plotting position k / (n + 1)
  kLinear = 7,   // (k − 1) / (n − 1), the default of R and NumPy
};

// The normal consistency constant of the median absolute deviation, 1 / Φ⁻¹(3/4), as R prints it.
inline constexpr double kMadToSigma = 1.4826;

// `probability` in 0…1. The sample may come in any order.
[[nodiscard]] double quantile(std::span<const double> sample, double probability,
                              QuantileType type = QuantileType::kLinear);
// The same of a sample already in ascending order, without a copy.
[[nodiscard]] double quantile_of_sorted(std::span<const double> sorted, double probability,
                                        QuantileType type = QuantileType::kLinear);
[[nodiscard]] double median(std::span<const double> sample);
// Unscaled; times kMadToSigma it estimates the standard deviation of a normal sample.
[[nodiscard]] double median_absolute_deviation(std::span<const double> sample);
[[nodiscard]] double interquartile_range(std::span<const double> sample);  // type 7

}  // namespace skywarden::statistics
