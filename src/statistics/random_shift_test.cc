#include "statistics/random_shift.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::statistics;

namespace {

// Two columns that wander, two streams side by side; `selects`: how much losses prefer high values of the
// first.
struct Example {
  std::vector<float> values;
  std::vector<std::uint8_t> known, marked;

  Example(std::uint64_t seed, double selects, double stays) {
    Random random(seed);
    double first = 0.0, second = 0.0;
    std::vector<bool> out(2, false);
    for (int t = 0; t < 600; ++t) {
      first = 0.95 * first + random.normal(0.0, 0.3);
      second = 0.95 * second + random.normal(0.0, 0.3);
      for (std::size_t s = 0; s < 2; ++s) {
        values.push_back(static_cast<float>(first + random.normal(0.0, 0.1)));
        values.push_back(static_cast<float>(second + random.normal(0.0, 0.1)));
        known.push_back(random.chance(0.9) ? 1 : 0);
        known.push_back(random.chance(0.9) ? 1 : 0);
        // Losses that last: without selection they still come in stretches.
        if (!random.chance(stays)) out[s] = random.chance(first > 0.7 ? 0.15 + selects : 0.15);
        marked.push_back(out[s] ? 1 : 0);
      }
    }
  }
  [[nodiscard]] MarkedRows rows() const { return {2, 2, values, known, marked}; }
};

// Means worked out from the definition.
double plain_effect(const Example& e, std::size_t column) {
  std::vector<double> marked, others, all;
  for (std::size_t r = 0; r < e.marked.size(); ++r) {
    if (e.known[2 * r + column] == 0) continue;
    (e.marked[r] != 0 ? marked : others).push_back(e.values[2 * r + column]);
    all.push_back(e.values[2 * r + column]);
  }
  const auto mean = [](const std::vector<double>& v) {
    double sum = 0.0;
    for (const double x : v) sum += x;
    return sum / static_cast<double>(v.size());
  };
  double squares = 0.0;
  for (const double x : all) squares += (x - mean(all)) * (x - mean(all));
  return (mean(marked) - mean(others)) / std::sqrt(squares / static_cast<double>(all.size()));
}

}  // namespace

TEST_CASE("effects are differences of means in deviations") {
  const Example example(3, 0.4, 0.5);
  const auto result = random_shift_test(example.rows());
  REQUIRE(result.has_value());
  CHECK(result->effects[0] == doctest::Approx(plain_effect(example, 0)).epsilon(1e-9));
  CHECK(result->effects[1] == doctest::Approx(plain_effect(example, 1)).epsilon(1e-9));
}

TEST_CASE(
    "losses that know nothing of the readings are rarely called dependent, although both come in stretches") {
  // p is uniform on k/100: of 200 examples 10 ± 3.1 should be at or below 0.05. Bounds at five deviations.
  int rejected = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto result = random_shift_test(Example(seed, 0.0, 0.9).rows(), {99, 4000});
    REQUIRE(result.has_value());
    if (result->p <= 0.05) ++rejected;
  }
  CHECK(rejected <= 25);
}

TEST_CASE("losses that prefer high readings are found, and the reading that they follow is named") {
  int found = 0, named = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const auto result = random_shift_test(Example(seed, 0.5, 0.0).rows(), {99, 300});
    REQUIRE(result.has_value());
    found += result->p <= 0.05 ? 1 : 0;
    named += result->strongest == 0 && result->effects[0] > 0.0 ? 1 : 0;
  }
  CHECK(found >= 36);
  CHECK(named >= 36);
}

TEST_CASE("too little to test says so") {
  Example example(1, 0.0, 0.0);
  std::fill(example.marked.begin(), example.marked.end(), std::uint8_t{0});
  CHECK_FALSE(random_shift_test(example.rows()).has_value());
  std::fill(example.marked.begin(), example.marked.begin() + 19, std::uint8_t{1});
  CHECK_FALSE(random_shift_test(example.rows()).has_value());
}
