#include "statistics/scale.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/contract.h"
#include "statistics/quantile.h"
#include "statistics/select.h"

namespace skywarden::statistics {
namespace {

constexpr double kSnConstant = 1.1926;
constexpr double kQnConstant = 2.21914;  // 1 / (√2 Φ⁻¹(5/8))
constexpr double kTauLocationCut = 4.5, kTauScaleCut = 3.0;
constexpr double kNormalQuartile = 0.67448975019608171;  // Φ⁻¹(3/4)

std::vector<double> sorted(std::span<const double> sample) {
  EXPECTS(!sample.empty());
  EXPECTS(std::all_of(sample.begin(), sample.end(), [](double x) { return std::isfinite(x); }));
  std::vector<double> out(sample.begin(), sample.end());
  std::sort(out.begin(), out.end());
  return out;
}

// The distance of value i to the others and itself that has rank floor(n/2), from 0. Distances to the left
// and to the right are each in order, so only the split between them has to be found.
double middle_distance(const std::vector<double>& x, std::size_t i) {
  const std::size_t rank = x.size() / 2;
  const auto left = [&](std::size_t k) { return x[i] - x[i - k]; };   // k = 1…i
  const auto right = [&](std::size_t k) { return x[i + k] - x[i]; };  // k = 0…n − 1 − i
  const std::size_t rights = x.size() - i;                            // with itself
  std::size_t low = rank + 1 > rights ? rank + 1 - rights : 0;        // of the left ones, how many
  std::size_t high = std::min(i, rank + 1);                           // are among rank + 1
  while (low < high) {
    const std::size_t from_left = low + (high - low) / 2;
    if (left(from_left + 1) < right(rank - from_left))
      low = from_left + 1;
    else
      high = from_left;
  }
  const std::size_t from_right = rank + 1 - low;
  return std::max(low > 0 ? left(low) : 0.0, from_right > 0 ? right(from_right - 1) : 0.0);
}

double sn_correction(std::size_t n) {
  constexpr std::array kSmall = {0.743, 1.851, 0.954, 1.351, 0.993, 1.198, 1.005, 1.131};  // n = 2…9
  if (n <= 9) return kSmall[n - 2];
  const auto size = static_cast<double>(n);
  return n % 2 == 1 ? size / (size - 0.9) : 1.0;
}

double qn_correction(std::size_t n) {
  constexpr std::array kSmall = {.399356, .99365, .51321, .84401, .61220, .85877,
                                 .66993,  .87344, .72014, .88906, .75743};  // n = 2…12
  if (n <= 12) return kSmall[n - 2];
  const double r = 1.0 / static_cast<double>(n);
  const double part =
      n % 2 == 1 ? 1.60188 + (-2.1284 - 5.172 * r) * r : 3.67561 + (1.9654 + (6.987 - 77.0 * r) * r) * r;
  return 1.0 / (1.0 + part * r);
}

}  // namespace

double scale_sn(std::span<const double> sample) {
  const std::vector<double> x = sorted(sample);
  if (x.size() < 2) return 0.0;
  std::vector<double> distances(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) distances[i] = middle_distance(x, i);
  const auto low_median = distances.begin() + static_cast<std::ptrdiff_t>((x.size() - 1) / 2);
  std::nth_element(distances.begin(), low_median, distances.end());
  return kSnConstant * sn_correction(x.size()) * *low_median;
}

double scale_qn(std::span<const double> sample) {
  const std::vector<double> x = sorted(sample);
  const std::size_t n = x.size();
  if (n < 2) return 0.0;
  const std::uint64_t half = n / 2 + 1;
  const std::uint64_t rank = half * (half - 1) / 2 - 1;  // from 0, about a quarter of the pairs
  // Row i: the distances to the values before it, nearest first.
  const double distance = value_at_rank(
      n, rank, [](std::size_t i) { return i; },
      [&](std::size_t i, std::size_t j) { return x[i] - x[i - 1 - j]; },
      [](std::size_t, std::size_t begin, std::size_t end) -> std::uint64_t { return end - begin; });
  return kQnConstant * qn_correction(n) * distance;
}

LocationScale tau_location_scale(std::span<const double> sample) {
  const double centre = median(sample);
  const double deviation = median_absolute_deviation(sample);
  if (deviation == 0.0) return {centre, 0.0};
  double weights = 0.0, sum = 0.0;
  for (const double x : sample) {
    const double u = (x - centre) / (deviation * kTauLocationCut);
    const double root = std::max(0.0, 1.0 - u * u);
    weights += root * root;
    sum += root * root * x;
  }
  const double location = sum / weights;
  double squares = 0.0;
  for (const double x : sample) {
    const double u = (x - location) / deviation;
    squares += std::min(u * u, kTauScaleCut * kTauScaleCut);
  }
  const double consistent =
      static_cast<double>(sample.size()) * huber_consistency(kTauScaleCut * kNormalQuartile);
  return {location, deviation * std::sqrt(squares / consistent)};
}

}  // namespace skywarden::statistics
