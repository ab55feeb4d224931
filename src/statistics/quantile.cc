#include "statistics/quantile.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

std::vector<double> sorted_copy(std::span<const double> sample) {
  EXPECTS(!sample.empty());
  EXPECTS(std::all_of(sample.begin(), sample.end(), [](double x) { return std::isfinite(x); }));
  std::vector<double> sorted(sample.begin(), sample.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace

double quantile_of_sorted(std::span<const double> sorted, double probability, QuantileType type) {
  EXPECTS(!sorted.empty());
  EXPECTS(probability >= 0.0 && probability <= 1.0);
  const auto n = static_cast<double>(sorted.size());
  const double rank = type == QuantileType::kLinear ? 1.0 + (n - 1.0) * probability : (n + 1.0) * probability;
  const double clamped = std::clamp(rank, 1.0, n);
  const auto below = static_cast<std::size_t>(clamped);  // 1…n
  const double part = clamped - static_cast<double>(below);
  const double low = sorted[below - 1];
  if (part == 0.0) return low;
  return low + part * (sorted[below] - low);
}

double quantile(std::span<const double> sample, double probability, QuantileType type) {
  return quantile_of_sorted(sorted_copy(sample), probability, type);
}

double median(std::span<const double> sample) {
  const std::vector<double> sorted = sorted_copy(sample);
  const std::size_t half = sorted.size() / 2;
  if (sorted.size() % 2 == 1) return sorted[half];
  return sorted[half - 1] / 2.0 + sorted[half] / 2.0;  // halves first: the sum could overflow
}

double median_absolute_deviation(std::span<const double> sample) {
  const double centre = median(sample);
  std::vector<double> deviations;
  deviations.reserve(sample.size());
  for (const double x : sample) deviations.push_back(std::fabs(x - centre));
  return median(deviations);
}

double interquartile_range(std::span<const double> sample) {
  const std::vector<double> sorted = sorted_copy(sample);
  return quantile_of_sorted(sorted, 0.75) - quantile_of_sorted(sorted, 0.25);
}

}  // namespace skywarden::statistics
