#include "activation_ranges.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::fit {
namespace {

constexpr double kSteps = 127.0;  // at either side of zero

double percentile_of(const std::vector<float>& ascending, double share) {
  const auto last = static_cast<double>(ascending.size() - 1);
  return ascending[static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * last))];
}

double relative_error(const std::vector<float>& sample, const QuantizedRange& range) {
  double errors = 0.0, squares = 0.0;
  for (const float x : sample) {
    const double left = rounded(range, x) - x;
    errors += left * left;
    squares += double{x} * x;
  }
  return squares > 0.0 ? std::sqrt(errors / squares) : 0.0;
}

}  // namespace

QuantizedRange symmetric_range(double low, double high) {
  const double most = std::max(std::abs(low), std::abs(high));
  return {-most, most, most / kSteps, 0};
}

QuantizedRange asymmetric_range(double low, double high) {
  low = std::min(low, 0.0);  // zero itself is kept exactly
  high = std::max(high, 0.0);
  QuantizedRange out{low, high, (high - low) / (2.0 * kSteps), 0};
  if (out.scale > 0.0) out.zero = static_cast<int>(std::lround(-kSteps - low / out.scale));
  return out;
}

double rounded(const QuantizedRange& range, double x) {
  if (!(range.scale > 0.0)) return 0.0;
  const double step = std::clamp(std::nearbyint(x / range.scale) + range.zero, -kSteps, kSteps);
  return (step - range.zero) * range.scale;
}

void ActivationRanges::add(const std::string& map, std::span<const float> numbers, std::size_t width) {
  EXPECTS(width > 0 && numbers.size() % width == 0);
  Seen& seen = maps_[map];
  for (std::size_t begin = 0; begin < numbers.size(); begin += width) {
    const auto token = numbers.subspan(begin, width);
    const auto [least, most] = std::minmax_element(token.begin(), token.end());
    const QuantizedRange own = symmetric_range(*least, *most);
    for (const float x : token) {
      const double left = rounded(own, x) - x;
      seen.token_errors += left * left;
      seen.squares += double{x} * x;
      // Each of all numbers is as likely to stay (Vitter 1985, algorithm R).
      ++seen.numbers;
      if (seen.sample.size() < kSampleMax)
        seen.sample.push_back(x);
      else if (const std::size_t at = random_.below(seen.numbers); at < kSampleMax)
        seen.sample[at] = x;
    }
    seen.least = std::min(seen.least, *least);
    seen.most = std::max(seen.most, *most);
  }
}

std::map<std::string, ActivationRanges::Figures> ActivationRanges::figures() const {
  std::map<std::string, Figures> out;
  for (const auto& [name, seen] : maps_) {
    if (seen.sample.empty()) continue;
    std::vector<float> ascending = seen.sample;
    std::sort(ascending.begin(), ascending.end());
    const double cut = 0.5 * (1.0 - percentile_ / 100.0);
    Figures f;
    f.numbers = seen.numbers;
    f.least = seen.least;
    f.most = seen.most;
    f.low = percentile_of(ascending, cut);
    f.high = percentile_of(ascending, 1.0 - cut);
    f.symmetric = symmetric_range(f.low, f.high);
    f.asymmetric = asymmetric_range(f.low, f.high);
    f.error_extremes = relative_error(seen.sample, symmetric_range(f.least, f.most));
    f.error_symmetric = relative_error(seen.sample, f.symmetric);
    f.error_asymmetric = relative_error(seen.sample, f.asymmetric);
    f.error_by_token = seen.squares > 0.0 ? std::sqrt(seen.token_errors / seen.squares) : 0.0;
    out[name] = f;
  }
  return out;
}

nlohmann::ordered_json ActivationRanges::json() const {
  nlohmann::ordered_json out{{"percentile", percentile_}, {"maps", nlohmann::ordered_json::object()}};
  for (const auto& [name, f] : figures())
    out["maps"][name] = {{"numbers", f.numbers},
                         {"least", f.least},
                         {"most", f.most},
                         {"low", f.low},
                         {"high", f.high},
                         {"symmetric", {{"scale", f.symmetric.scale}}},
                         {"asymmetric", {{"scale", f.asymmetric.scale}, {"zero", f.asymmetric.zero}}},
                         {"relative_error",
                          {{"symmetric_extremes", f.error_extremes},
                           {"symmetric_percentiles", f.error_symmetric},
                           {"asymmetric_percentiles", f.error_asymmetric},
                           {"symmetric_each_token", f.error_by_token}}}};
  return out;
}

}  // namespace skywarden::fit
