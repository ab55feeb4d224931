#include "activation_ranges.h"

#include <doctest/doctest.h>

#include <cmath>
#include <utility>

namespace skywarden::fit {
namespace {

TEST_CASE("ranges keep zero, and rounding errs by half a step at most") {
  for (const auto& [low, high] :
       {std::pair{-1.0, 3.0}, std::pair{0.5, 4.0}, std::pair{-2.0, -1.0}, std::pair{-1.0, 1.0}}) {
    for (const QuantizedRange& range : {symmetric_range(low, high), asymmetric_range(low, high)}) {
      CHECK(rounded(range, 0.0) == 0.0);
      CHECK(std::abs(range.zero) <= 127);
      for (double x = low; x <= high; x += 0.01)
        CHECK(std::abs(rounded(range, x) - x) <= 1.001 * range.scale / 2.0 + 1e-12);
      CHECK(rounded(range, 100.0) <= range.high + range.scale);  // cut off
    }
  }
  CHECK(asymmetric_range(0.0, 2.0).scale == doctest::Approx(symmetric_range(0.0, 2.0).scale / 2.0));
  CHECK(rounded(symmetric_range(0.0, 0.0), 1.0) == 0.0);
}

TEST_CASE("a lone outlier spoils extremes, not percentiles, and tokens of their own scale need their own") {
  ActivationRanges ranges(99.0);
  Random random(3);
  std::vector<float> numbers;
  for (int i = 0; i < 4000; ++i) numbers.push_back(static_cast<float>(random.normal(0.0, 1.0)));
  numbers.back() = 50.0F;
  ranges.add("spoiled", numbers, 8);
  for (std::size_t i = 0; i < numbers.size(); ++i)  // each token a hundred times the one before, and back
    numbers[i] = std::abs(numbers[i]) * (i / 8 % 2 == 0 ? 0.01F : 1.0F);
  ranges.add("uneven", numbers, 8);
  const auto figures = ranges.figures();
  const auto& spoiled = figures.at("spoiled");
  CHECK(spoiled.numbers == 4000);
  CHECK(spoiled.most == 50.0);
  CHECK(spoiled.high < 3.5);
  CHECK(spoiled.symmetric.scale < 0.1 * 50.0 / 127.0);
  const auto& uneven = figures.at("uneven");
  CHECK(uneven.asymmetric.zero == -127);  // nothing below zero
  CHECK(uneven.error_by_token < uneven.error_extremes);
  CHECK(ranges.json()["maps"]["uneven"]["relative_error"]["symmetric_each_token"] == uneven.error_by_token);
}

TEST_CASE("a long run keeps an even sample of bounded size") {
  ActivationRanges ranges(90.0);
  std::vector<float> ramp(1024);
  for (int part = 0; part < 200; ++part) {
    for (std::size_t i = 0; i < ramp.size(); ++i) ramp[i] = static_cast<float>(part);
    ranges.add("ramp", ramp, 16);
  }
  const auto figures = ranges.figures().at("ramp");
  CHECK(figures.numbers == 200 * 1024);
  CHECK(figures.low == doctest::Approx(10.0).epsilon(0.1));
  CHECK(figures.high == doctest::Approx(190.0).epsilon(0.02));
}

}  // namespace
}  // namespace skywarden::fit
