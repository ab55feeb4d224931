#include "statistics/fences.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/contract.h"
#include "statistics/quantile.h"
#include "statistics/select.h"

namespace skywarden::statistics {
namespace {

constexpr std::size_t kReflectedMax = 100;
constexpr double kSameAsMedian = 1e-14;  // relative to the median
constexpr double kShortSide = -4.0, kLongSide = 3.0;

// The median of ((b − m) − (m − a)) / (b − a) over values a ≤ m ≤ b, m the median. Where both are m the order
// in which they stand decides.
double one_sided_medcouple(std::span<const double> sample) {
  std::vector<double> x(sample.begin(), sample.end());
  std::sort(x.begin(), x.end());
  const double centre = median(x);
  const double same = kSameAsMedian * (kSameAsMedian + std::fabs(centre));
  if (std::fabs(x.back() - centre) <= same) return -1.0;
  if (std::fabs(x.front() - centre) <= same) return 1.0;
  for (double& value : x) value -= centre;
  const auto first_upper = std::find_if(x.begin(), x.end(), [same](double v) { return v >= -same; });
  const auto past_lower = std::find_if(x.begin(), x.end(), [same](double v) { return v > same; });
  const std::vector<double> upper(first_upper, x.end());   // ascending, ties with the median first
  const std::vector<double> lower(x.begin(), past_lower);  // ascending, ties with the median last
  const auto ties = static_cast<std::size_t>(past_lower - first_upper);
  const std::size_t rows = lower.size();
  const auto kernel = [&](std::size_t i, std::size_t j) {
    const std::size_t from_end = rows - 1 - i;
    if (j < ties && from_end < ties) {  // the last of the lower ones against the first of the upper ones
      if (j == from_end) return 0.0;
      return j > from_end ? 1.0 : -1.0;
    }
    return (upper[j] + lower[i]) / (upper[j] - lower[i]);
  };
  const std::uint64_t entries = std::uint64_t{rows} * upper.size();
  return value_at_rank(
      rows, (entries - 1) / 2, [&](std::size_t) { return upper.size(); }, kernel,
      [](std::size_t, std::size_t begin, std::size_t end) -> std::uint64_t { return end - begin; });
}

}  // namespace

Fences tukey_fences(std::span<const double> sample, double reach) {
  const double low = quantile(sample, 0.25), high = quantile(sample, 0.75);
  return {low - reach * (high - low), high + reach * (high - low)};
}

Hinges hinges(std::span<const double> sample) {
  std::vector<double> x(sample.begin(), sample.end());
  EXPECTS(!x.empty());
  std::sort(x.begin(), x.end());
  const std::span<const double> all(x);
  const std::size_t half = (x.size() + 1) / 2;
  return {median(all.first(half)), median(all.last(half))};
}

Box box(std::span<const double> sample, double reach) {
  Box out;
  out.hinges = hinges(sample);
  const double range = out.hinges.high - out.hinges.low;
  out.fences = {out.hinges.low - reach * range, out.hinges.high + reach * range};
  out.whisker_low = out.hinges.high;
  out.whisker_high = out.hinges.low;
  for (const double x : sample) {
    if (!out.fences.holds(x)) continue;
    out.whisker_low = std::min(out.whisker_low, x);
    out.whisker_high = std::max(out.whisker_high, x);
  }
  return out;
}

double medcouple(std::span<const double> sample) {
  EXPECTS(!sample.empty());
  const auto [least, most] = std::minmax_element(sample.begin(), sample.end());
  if (sample.size() < 3 || *least == *most) return 0.0;
  const double skewness = one_sided_medcouple(sample);
  if (sample.size() > kReflectedMax) return skewness;
  std::vector<double> reflected;
  for (const double x : sample) reflected.push_back(-x);
  return (skewness - one_sided_medcouple(reflected)) / 2.0;
}

Fences adjusted_fences(std::span<const double> sample, double reach) {
  const Hinges quarter = hinges(sample);
  const double range = quarter.high - quarter.low;
  const double skewness = medcouple(sample);
  const double below = skewness >= 0.0 ? kShortSide : -kLongSide;
  const double above = skewness >= 0.0 ? kLongSide : -kShortSide;
  return {quarter.low - reach * std::exp(below * skewness) * range,
          quarter.high + reach * std::exp(above * skewness) * range};
}

std::size_t count_outside(std::span<const double> sample, const Fences& fences) {
  return static_cast<std::size_t>(
      std::count_if(sample.begin(), sample.end(), [&](double x) { return !fences.holds(x); }));
}

}  // namespace skywarden::statistics
