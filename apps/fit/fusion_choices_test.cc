#include "fusion_choices.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"

namespace skywarden::fit {
namespace {

using onboard::Opinion;

constexpr std::array<bool, onboard::kOpinionsMax> kAll{true, true, true, false};

// Truths around 0; opinions off by noise of these deviations, which they state.
std::vector<FusionExample> examples_of(const std::array<double, 3>& deviations, std::size_t count,
                                       std::uint64_t seed) {
  Random random(seed);
  std::vector<FusionExample> out(count);
  for (FusionExample& example : out) {
    example.tolerance = 1.0F;
    example.estimate = static_cast<float>(random.normal(0.0, 2.0));
    example.gap = static_cast<std::uint8_t>(random.below(2));
    for (std::size_t i = 0; i < deviations.size(); ++i)
      example.opinions[i] = Opinion{-example.estimate + static_cast<float>(random.normal(0.0, deviations[i])),
                                    static_cast<float>(std::log(deviations[i]))};
    example.chosen_by_trees = example.estimate + example.opinions[0]->correction;
    example.below = example.above = static_cast<float>(1.645 * deviations[0]);
  }
  return out;
}

TEST_CASE("independent opinions are mixed, and the mixture is better on other rows") {
  const auto settled = examples_of({1.0, 1.0, 1.0}, 4000, 1), other = examples_of({1.0, 1.0, 1.0}, 4000, 2);
  const auto gates = choose_gates(settled, 3, kAll);
  for (const std::size_t gap : {0U, 1U}) {
    REQUIRE(gates[gap].stands());
    int believed = 0;
    for (const float weight : gates[gap].weights) believed += weight > 0.0F ? 1 : 0;
    CHECK(believed >= 2);
    // The mean of three is surer than each: by the root of three, of two at least by that of two.
    CHECK(gates[gap].width < 0.8F);
    CHECK(gates[gap].width > 0.5F);
  }
  for (std::size_t gap = 2; gap < gates.size(); ++gap) CHECK_FALSE(gates[gap].stands());  // no examples
  CHECK(score(other, gates).sum() > score(other, {}).sum() + 0.1);
}

TEST_CASE("models that know less than the trees, and do not say so, are not believed") {
  auto examples = examples_of({0.3, 3.0, 3.0}, 4000, 3);
  for (FusionExample& example : examples)
    for (const std::size_t i : {1U, 2U}) example.opinions[i]->log_error = example.opinions[0]->log_error;
  const auto gates = choose_gates(examples, 3, kAll);
  for (const onboard::Gate& gate : gates) CHECK_FALSE(gate.stands());
}

TEST_CASE("a model that is not allowed gets no weight") {
  const auto gates = choose_gates(examples_of({3.0, 0.3, 0.5}, 4000, 4), 3, {true, false, true, false});
  CHECK(gates[0].weights[1] == 0.0F);
  CHECK(gates[0].weights[2] > 0.0F);
}

TEST_CASE("confidence counts where it tells cells apart") {
  // Each opinion is right in half of the cells, and says in which.
  Random random(5);
  std::vector<FusionExample> examples(4000);
  for (FusionExample& example : examples) {
    example.tolerance = 1.0F;
    example.estimate = static_cast<float>(random.normal(0.0, 4.0));
    const bool first = random.chance(0.5);
    for (const std::size_t i : {0U, 1U}) {
      const double deviation = (i == 0) == first ? 0.3 : 6.0;
      example.opinions[i] = Opinion{-example.estimate + static_cast<float>(random.normal(0.0, deviation)),
                                    static_cast<float>(std::log(deviation))};
    }
    example.chosen_by_trees = example.estimate + example.opinions[0]->correction;
  }
  const auto gates = choose_gates(examples, 2, kAll);
  CHECK(gates[0].by_confidence);
  CHECK(score(examples, gates).within > 0.95);
}

}  // namespace
}  // namespace skywarden::fit
