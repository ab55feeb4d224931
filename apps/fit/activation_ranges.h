// What enters the linear maps of a network while it works, and what rounding it to 8 bits would cost in four
// ways: one range for all tokens, by extremes or by percentiles, symmetric around zero or not; and, as the
// engine does, a range of its own for each token. A hook of the trainer fills it (network_trainer.h); nothing
// in flight needs the ranges, because each token brings its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"

namespace skywarden::fit {

// A number x is kept as round(x / scale) + zero, between −127 and 127.
struct QuantizedRange {
  double low = 0, high = 0;  // what is beyond is cut off
  double scale = 0;
  int zero = 0;
};
[[nodiscard]] QuantizedRange symmetric_range(double low, double high);
[[nodiscard]] QuantizedRange asymmetric_range(double low, double high);
[[nodiscard]] double rounded(const QuantizedRange& range, double x);

class ActivationRanges {
 public:
  static constexpr std::size_t kSampleMax = 1 << 16;  // numbers of a map, drawn evenly from all

  // `percentile` of 100: what is kept of the numbers; as much is cut off at either end.
  explicit ActivationRanges(double percentile = 99.9, std::uint64_t seed = 1)
      : percentile_(percentile), random_(seed) {}

  // Tokens of `width` numbers each, of the map of that name.
  void add(const std::string& map, std::span<const float> numbers, std::size_t width);

  struct Figures {
    std::size_t numbers = 0;
    double least = 0, most = 0, low = 0, high = 0;  // extremes, and percentiles of the sample
    QuantizedRange symmetric, asymmetric;           // by percentiles
    // Root mean square of what rounding changes, over that of the numbers.
    double error_extremes = 0, error_symmetric = 0, error_asymmetric = 0, error_by_token = 0;
  };
  [[nodiscard]] std::map<std::string, Figures> figures() const;
  [[nodiscard]] nlohmann::ordered_json json() const;

 private:
  struct Seen {
    std::size_t numbers = 0;
    float least = 0, most = 0;
    double squares = 0, token_errors = 0;  // sums of squares: of all numbers, and of rounding by token
    std::vector<float> sample;
  };
  double percentile_;
  Random random_;
  std::map<std::string, Seen> maps_;
};

}  // namespace skywarden::fit
