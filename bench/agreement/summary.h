// What samples of times and figures over seeds come down to.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "statistics/quantile.h"

namespace skywarden::agreement {

struct Summary {
  double p50 = 0.0, p99 = 0.0;
};

[[nodiscard]] inline Summary summary(const std::vector<double>& sample) {
  if (sample.empty()) return {};
  return {statistics::quantile(sample, 0.50), statistics::quantile(sample, 0.99)};
}

struct Spread {  // of a figure over seeds
  double mean = 0.0, low = 0.0, high = 0.0, least = 0.0, most = 0.0;
};

// The mean with its interval of 95 %, from the normal approximation.
[[nodiscard]] inline Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  constexpr double kTwoSided95 = 1.96;
  const double half = values.size() < 2 ? 0.0 : kTwoSided95 * std::sqrt(squares / (n - 1.0) / n);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {mean, mean - half, mean + half, *least, *most};
}

[[nodiscard]] inline std::string text(const Spread& s) {
  return fmt::format(R"({{"mean":{:.2f},"low95":{:.2f},"high95":{:.2f},"least":{:.2f},"most":{:.2f}}})",
                     s.mean, s.low, s.high, s.least, s.most);
}

// In per cent of `from`.
[[nodiscard]] inline double reduction(double from, double to) {
  return 100.0 * (from - to) / from;
}

}  // namespace skywarden::agreement
