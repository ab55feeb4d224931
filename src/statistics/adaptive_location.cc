#include "statistics/adaptive_location.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include "base/contract.h"
#include "statistics/distributions.h"
#include "statistics/quantile.h"

namespace skywarden::statistics {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kHuberCut = 1.5;
constexpr double kRiskStep = 1e-6;  // risks nearer than this are equal: the C library's digits decide nothing

constexpr std::array kEstimators = {LocationEstimator::kMean,           LocationEstimator::kHuber,
                                    LocationEstimator::kHodgesLehmann,  LocationEstimator::kTrimmedTenth,
                                    LocationEstimator::kTrimmedQuarter, LocationEstimator::kMedian};

double trimmed_share(LocationEstimator estimator) {
  return estimator == LocationEstimator::kTrimmedTenth ? 0.1 : 0.25;
}

// n times the variance of a trimmed mean of unit normal values (Huber 1981, §3.3).
double trimmed_variance(double share) {
  const double q = normal_quantile(1.0 - share);
  const double kept = 1.0 - 2.0 * share;
  return (kept - 2.0 * q * normal_density(q) + 2.0 * share * q * q) / (kept * kept);
}

double huber_variance(double k) {
  const double within = 2.0 * normal_below(k) - 1.0;
  return huber_consistency(k) / (within * within);
}

// A quantile of the honest values at which the mixture with wrong ones at infinity has its own.
double median_bias(double contamination) {
  return normal_quantile(0.5 / (1.0 - contamination));
}

double trimmed_bias(double share, double contamination) {
  const double low = normal_quantile(share / (1.0 - contamination));
  const double high_probability = (1.0 - share) / (1.0 - contamination);
  const double high_density =
      high_probability >= 1.0 ? 0.0 : normal_density(normal_quantile(high_probability));
  return (1.0 - contamination) * (normal_density(low) - high_density) / (1.0 - 2.0 * share);
}

// Where a falling function passes 0.
template <typename Function>
double zero_of(double low, double high, const Function& falling) {
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2.0;
    (falling(middle) > 0.0 ? low : high) = middle;
  }
  return (low + high) / 2.0;
}

// Wrong values widen the median absolute deviation too, and pull with all of the wider reach.
double huber_bias(double k, double contamination) {
  const double centre = median_bias(contamination);
  const double within = 0.5 / (1.0 - contamination);
  const double deviation = zero_of(
      0.0, 60.0, [&](double m) { return within - (normal_below(centre + m) - normal_below(centre - m)); });
  const double reach = k * kMadToSigma * deviation;
  const auto integral = [](double z) { return z * normal_below(z) + normal_density(z); };
  return zero_of(0.0, 60.0, [&](double t) {
    const double honest = reach - (integral(t + reach) - integral(t - reach));
    return (1.0 - contamination) * honest + contamination * reach;
  });
}

double estimate(LocationEstimator estimator, Weights items) {
  switch (estimator) {
    case LocationEstimator::kMean:
      return weighted_mean(items);
    case LocationEstimator::kTrimmedTenth:
    case LocationEstimator::kTrimmedQuarter:
      return trimmed_mean(items, trimmed_share(estimator));
    case LocationEstimator::kHuber:
      return huber(items, {.k = kHuberCut}).location;
    case LocationEstimator::kHodgesLehmann:
      return hodges_lehmann(items);
    case LocationEstimator::kMedian:
      break;
  }
  return weighted_median(items);
}

// The weight far from the median; where more than half of the weight agrees, all that does not.
std::uint64_t flagged_weight(Weights items) {
  const double centre = weighted_median(items);
  const double reach = kContaminationCut * kMadToSigma * weighted_median_absolute_deviation(items);
  std::uint64_t flagged = 0;
  for (const auto& item : items)
    if (std::fabs(item.value - centre) > reach) flagged += item.weight;
  return flagged;
}

// (Σ w)² / Σ w²
double effective_count(Weights items, std::uint64_t total) {
  double squares = 0.0;
  for (const auto& item : items) {
    const double share = static_cast<double>(item.weight) / static_cast<double>(total);
    squares += share * share;
  }
  return 1.0 / squares;
}

LocationEstimator choose(std::uint64_t flagged, std::uint64_t total, double count) {
  const double contamination = static_cast<double>(flagged) / static_cast<double>(total);
  LocationEstimator best = LocationEstimator::kMedian;
  double least = kInfinite;
  for (const LocationEstimator one : kEstimators) {
    if (one == LocationEstimator::kHodgesLehmann && total > kPairWeightMax) continue;
    if (withstood_weight(one, total) < flagged) continue;
    const double bias = bias_max(one, contamination);
    const double risk = bias * bias + 1.0 / (efficiency(one) * count);
    if (std::isfinite(risk) && risk < least - kRiskStep) best = one, least = risk;
  }
  return best;
}

}  // namespace

std::string_view to_string(LocationEstimator estimator) {
  switch (estimator) {
    case LocationEstimator::kMean:
      return "mean";
    case LocationEstimator::kTrimmedTenth:
      return "trimmed_10";
    case LocationEstimator::kTrimmedQuarter:
      return "trimmed_25";
    case LocationEstimator::kHuber:
      return "huber";
    case LocationEstimator::kHodgesLehmann:
      return "hodges_lehmann";
    case LocationEstimator::kMedian:
      break;
  }
  return "median";
}

std::uint64_t withstood_weight(LocationEstimator estimator, std::uint64_t total) {
  EXPECTS(total > 0 && total <= kTotalWeightMax);
  switch (estimator) {
    case LocationEstimator::kMean:
      return 0;
    case LocationEstimator::kTrimmedTenth:
    case LocationEstimator::kTrimmedQuarter:
      return static_cast<std::uint64_t>(std::floor(static_cast<double>(total) * trimmed_share(estimator)));
    case LocationEstimator::kHuber:
    case LocationEstimator::kMedian:
      return (total - 1) / 2;
    case LocationEstimator::kHodgesLehmann:
      break;
  }
  // Pairs with a wrong value must be fewer than half of all pairs.
  EXPECTS(total <= kPairWeightMax);
  const auto pairs = [](std::uint64_t n) { return n * (n + 1) / 2; };
  std::uint64_t low = 0, high = total;  // withstood: low, not high
  while (high - low > 1) {
    const std::uint64_t wrong = low + (high - low) / 2;
    (pairs(total) - pairs(total - wrong) <= (pairs(total) - 1) / 2 ? low : high) = wrong;
  }
  return low;
}

double efficiency(LocationEstimator estimator) {
  switch (estimator) {
    case LocationEstimator::kMean:
      return 1.0;
    case LocationEstimator::kTrimmedTenth:
    case LocationEstimator::kTrimmedQuarter:
      return 1.0 / trimmed_variance(trimmed_share(estimator));
    case LocationEstimator::kHuber:
      return 1.0 / huber_variance(kHuberCut);
    case LocationEstimator::kHodgesLehmann:
      return 3.0 / std::numbers::pi;
    case LocationEstimator::kMedian:
      break;
  }
  return 2.0 / std::numbers::pi;
}

double bias_max(LocationEstimator estimator, double contamination) {
  EXPECTS(contamination >= 0.0 && contamination < 1.0);
  if (contamination == 0.0) return 0.0;
  switch (estimator) {
    case LocationEstimator::kMean:
      return kInfinite;
    case LocationEstimator::kTrimmedTenth:
    case LocationEstimator::kTrimmedQuarter: {
      const double share = trimmed_share(estimator);
      return contamination > share ? kInfinite : trimmed_bias(share, contamination);
    }
    case LocationEstimator::kHuber:
      return contamination >= 0.5 ? kInfinite : huber_bias(kHuberCut, contamination);
    case LocationEstimator::kHodgesLehmann: {
      // A pair is honest with (1 − contamination)², and its mean spreads by 1/√2.
      const double at = 0.5 / ((1.0 - contamination) * (1.0 - contamination));
      return at >= 1.0 ? kInfinite : normal_quantile(at) / std::numbers::sqrt2;
    }
    case LocationEstimator::kMedian:
      break;
  }
  return contamination >= 0.5 ? kInfinite : median_bias(contamination);
}

AdaptiveLocation adaptive_location(Weights items) {
  const std::uint64_t total = total_weight<double>(items);
  EXPECTS(total > 0);
  const std::uint64_t flagged = flagged_weight(items);
  AdaptiveLocation out;
  out.estimator = choose(flagged, total, effective_count(items, total));
  out.value = estimate(out.estimator, items);
  out.contamination = static_cast<double>(flagged) / static_cast<double>(total);
  out.breakdown = static_cast<double>(withstood_weight(out.estimator, total)) / static_cast<double>(total);
  out.efficiency = efficiency(out.estimator);
  return out;
}

AdaptiveLocation adaptive_location(std::span<const double> sample) {
  std::vector<Weighted<double>> items;
  items.reserve(sample.size());
  for (const double x : sample) items.push_back({x, 1});
  return adaptive_location(items);
}

}  // namespace skywarden::statistics
