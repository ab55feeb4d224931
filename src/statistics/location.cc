#include "statistics/location.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/contract.h"
#include "statistics/distributions.h"
#include "statistics/quantile.h"
#include "statistics/select.h"

namespace skywarden::statistics {
namespace {

constexpr int kProposal2StepsMax = 30;
constexpr int kHuberStepsMax = 10'000;  // converges linearly; never seen above some tens

std::vector<Weighted<double>> once_each(std::span<const double> sample) {
  EXPECTS(!sample.empty());
  std::vector<Weighted<double>> items;
  items.reserve(sample.size());
  for (const double x : sample) items.push_back({x, 1});
  return items;
}

// By value, those that weigh nothing left out.
std::vector<Weighted<double>> sorted(Weights items) {
  std::vector<Weighted<double>> out;
  for (const auto& item : items) {
    EXPECTS(std::isfinite(item.value));
    if (item.weight > 0) out.push_back(item);
  }
  EXPECTS(!out.empty());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  return out;
}

// Of values pulled in to centre ± reach.
double clipped_mean(Weights items, double total, double centre, double reach) {
  double sum = 0.0;
  for (const auto& item : items)
    sum += static_cast<double>(item.weight) * std::clamp(item.value, centre - reach, centre + reach);
  return sum / total;
}

}  // namespace

double weighted_mean(Weights items) {
  const auto ordered = sorted(items);
  double sum = 0.0;
  for (const auto& item : ordered) sum += static_cast<double>(item.weight) * item.value;
  return sum / static_cast<double>(total_weight<double>(ordered));
}

double weighted_median_absolute_deviation(Weights items) {
  const double centre = weighted_median(items);
  std::vector<Weighted<double>> deviations;
  for (const auto& item : items) deviations.push_back({std::fabs(item.value - centre), item.weight});
  return weighted_median(deviations);
}

double trimmed_mean(Weights items, double share) {
  EXPECTS(share >= 0.0 && share <= 0.5);
  if (share == 0.5) return weighted_median(items);
  const auto ordered = sorted(items);
  const std::uint64_t total = total_weight<double>(ordered);
  const auto cut = static_cast<std::uint64_t>(std::floor(static_cast<double>(total) * share));
  double sum = 0.0;
  std::uint64_t before = 0;
  for (const auto& item : ordered) {
    const std::uint64_t from = std::max(before, cut);
    const std::uint64_t to = std::min(before + item.weight, total - cut);
    if (from < to) sum += static_cast<double>(to - from) * item.value;
    before += item.weight;
  }
  return sum / static_cast<double>(total - 2 * cut);
}

double trimmed_mean(std::span<const double> sample, double share) {
  return trimmed_mean(once_each(sample), share);
}

LocationScale huber(Weights items, const HuberOptions& options) {
  EXPECTS(options.k > 0.0 && options.tolerance > 0.0);
  const auto total = static_cast<double>(total_weight<double>(items));
  LocationScale out{weighted_median(items), kMadToSigma * weighted_median_absolute_deviation(items)};
  if (out.scale == 0.0) return out;
  for (int step = 0; step < kHuberStepsMax; ++step) {
    const double next = clipped_mean(items, total, out.location, options.k * out.scale);
    if (std::fabs(next - out.location) < options.tolerance * out.scale) break;
    out.location = next;
  }
  return out;
}

LocationScale huber(std::span<const double> sample, const HuberOptions& options) {
  return huber(once_each(sample), options);
}

double huber_consistency(double k) {
  const double within = 2.0 * normal_below(k) - 1.0;
  return within + k * k * (1.0 - within) - 2.0 * k * normal_density(k);
}

LocationScale huber_proposal_2(std::span<const double> sample, const HuberOptions& options) {
  LocationScale out{median(sample), kMadToSigma * median_absolute_deviation(sample)};
  const auto n = static_cast<double>(sample.size());
  if (out.scale == 0.0 || sample.size() < 2) return out;
  const double consistency = huber_consistency(options.k);
  for (int step = 0; step < kProposal2StepsMax; ++step) {
    const double low = out.location - options.k * out.scale;
    const double high = out.location + options.k * out.scale;
    double sum = 0.0, squares = 0.0;
    for (const double x : sample) sum += std::clamp(x, low, high);
    const double location = sum / n;
    for (const double x : sample) {
      const double deviation = std::clamp(x, low, high) - location;
      squares += deviation * deviation;
    }
    const double scale = std::sqrt(squares / (n - 1.0) / consistency);
    const double tolerance = options.tolerance * out.scale;
    if (std::fabs(location - out.location) < tolerance && std::fabs(scale - out.scale) < tolerance) break;
    out = {location, scale};
  }
  return out;
}

double hodges_lehmann(Weights items) {
  const auto ordered = sorted(items);
  const std::size_t n = ordered.size();
  std::vector<std::uint64_t> before(n + 1, 0);  // weight before each place
  for (std::size_t i = 0; i < n; ++i) before[i + 1] = before[i] + ordered[i].weight;
  const std::uint64_t total = before[n];
  EXPECTS(total <= kPairWeightMax);
  // Row i: the pairs of value i with itself and with those after it. Halves first: a sum could overflow.
  const auto length = [n](std::size_t i) { return n - i; };
  const auto at = [&](std::size_t i, std::size_t j) {
    return ordered[i].value / 2.0 + ordered[i + j].value / 2.0;
  };
  const auto weight = [&](std::size_t i, std::size_t begin, std::size_t end) -> std::uint64_t {
    if (begin >= end) return 0;
    const std::uint64_t own = ordered[i].weight;
    const std::uint64_t with_itself = begin == 0 ? own * (own + 1) / 2 : 0;
    return with_itself + own * (before[i + end] - before[i + std::max<std::size_t>(begin, 1)]);
  };
  const std::uint64_t pairs = total * (total + 1) / 2;
  const double low = value_at_rank(n, (pairs - 1) / 2, length, at, weight);
  if (pairs % 2 == 1) return low;
  return low / 2.0 + value_at_rank(n, pairs / 2, length, at, weight) / 2.0;
}

double hodges_lehmann(std::span<const double> sample) {
  return hodges_lehmann(once_each(sample));
}

}  // namespace skywarden::statistics
