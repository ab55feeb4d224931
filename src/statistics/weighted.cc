#include "statistics/weighted.h"

namespace skywarden::statistics {

double weighted_median(std::span<const Weighted<double>> items) {
  const std::vector<Weighted<double>> copy(items.begin(), items.end());
  return lower_weighted_median(copy) / 2.0 + upper_weighted_median(copy) / 2.0;
}

}  // namespace skywarden::statistics
