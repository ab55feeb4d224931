// Weighted medians with integer weights, such as vote shares. A weighted median has a breakdown point of one
// half: values that carry less than half of the weight cannot move it outside the range of the others
// (Hampel et al., "Robust Statistics", 1986, ch. 2). Monotone transformations commute with the lower one,
// so the lower median of probabilities is that of their log-odds.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/contract.h"

namespace skywarden::statistics {

// Together at most this much, so that sums cannot overflow.
inline constexpr std::uint64_t kTotalWeightMax = std::uint64_t{1} << 62;

template <typename T>
struct Weighted {
  T value{};
  std::uint64_t weight = 0;
};

// Sum of the weights; a broken contract past kTotalWeightMax.
template <typename T>
[[nodiscard]] std::uint64_t total_weight(std::span<const Weighted<T>> items) {
  std::uint64_t total = 0;
  for (const auto& item : items) {
    EXPECTS(item.weight <= kTotalWeightMax - total);
    total += item.weight;
  }
  return total;
}

namespace detail {

// The first value, ascending, up to which the weights reach at least half (or more than half) of the total.
template <typename T>
[[nodiscard]] T value_at_half(std::vector<Weighted<T>> items, bool beyond) {
  const std::uint64_t total = total_weight<T>(items);
  EXPECTS(total > 0);
  std::sort(items.begin(), items.end(), [](const auto& a, const auto& b) { return a.value < b.value; });
  std::uint64_t reached = 0;
  for (const auto& item : items) {
    reached += item.weight;
    if (item.weight > 0 && (beyond ? 2 * reached > total : 2 * reached >= total)) return item.value;
  }
  EXPECTS(false);
  return T{};
}

}  // namespace detail

// Always one of the values. Values are ordered by < (no NaN); at least one weight is positive.
template <typename T>
[[nodiscard]] T lower_weighted_median(std::vector<Weighted<T>> items) {
  return detail::value_at_half(std::move(items), false);
}
template <typename T>
[[nodiscard]] T upper_weighted_median(std::vector<Weighted<T>> items) {
  return detail::value_at_half(std::move(items), true);
}

// The mean of the lower and the upper one: with equal weights the ordinary median.
[[nodiscard]] double weighted_median(std::span<const Weighted<double>> items);

}  // namespace skywarden::statistics
