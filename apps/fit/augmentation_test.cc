#include "augmentation.h"

#include <doctest/doctest.h>

#include <cmath>
#include <set>

#include "onboard/complete_test_data.h"

namespace skywarden::fit {
namespace {

using onboard::Panel;

struct Example {
  datum::Schema schema = onboard::example_schema();
  Panel panel = [] {
    auto records = onboard::example_records(600, 4);
    onboard::hide(records, 0.2, 5);
    return onboard::panel_of(records, false);
  }();

  [[nodiscard]] AugmentedPanel augmented(const Augmentation& by, std::uint64_t seed) const {
    Random random(seed);
    return augment(panel, schema, by, random, false).value();
  }
};

TEST_CASE("noise is read and not true, in some streams, and what was missing stays missing") {
  const Example example;
  const AugmentedPanel out = example.augmented({.noise = 1.0, .streams = 0.5}, 3);
  std::set<std::size_t> noisy;
  for (std::size_t slot = 0; slot < example.panel.slots(); ++slot)
    for (std::size_t s = 0; s < example.panel.streams(); ++s)
      for (std::size_t f = 0; f < example.panel.fields(); ++f) {
        const std::size_t cell = example.panel.at(slot, s, f);
        REQUIRE(out.read.observed(cell) == example.panel.observed(cell));
        REQUIRE(out.truth.observed(cell) == example.panel.observed(cell));
        if (!example.panel.observed(cell)) continue;
        REQUIRE(out.truth.value(cell) == example.panel.value(cell));
        const datum::FieldSpec& spec = example.schema.fields[f];
        if (spec.kind != datum::FieldKind::kNumber)
          REQUIRE(out.read.value(cell) == example.panel.value(cell));
        if (spec.min) REQUIRE(out.read.value(cell) >= *spec.min);
        if (spec.max) REQUIRE(out.read.value(cell) <= *spec.max);
        if (out.read.value(cell) != out.truth.value(cell)) noisy.insert(s);
      }
  CHECK(!noisy.empty());
  CHECK(noisy.size() < example.panel.streams());
}

TEST_CASE("a clock that is off moves readings and truth alike") {
  const Example example;
  const AugmentedPanel out = example.augmented({.shift = 2, .streams = 0.5}, 3);
  std::size_t moved = 0;
  for (std::size_t s = 0; s < example.panel.streams(); ++s) {
    std::set<std::int64_t> offsets;
    for (std::int64_t by = -2; by <= 2; ++by) {
      std::size_t same = 0, all = 0;
      for (std::size_t slot = 2; slot + 2 < example.panel.slots(); ++slot) {
        const std::size_t here = example.panel.at(slot, s, 0);
        const std::size_t there =
            example.panel.at(static_cast<std::size_t>(static_cast<std::int64_t>(slot) - by), s, 0);
        if (!example.panel.observed(here) || !example.panel.observed(there)) continue;
        ++all;
        same += out.read.value(here) == example.panel.value(there) ? 1 : 0;
      }
      if (same == all) offsets.insert(by);
    }
    REQUIRE(offsets.size() == 1);
    moved += *offsets.begin() != 0 ? 1 : 0;
  }
  CHECK(moved > 0);
  CHECK(moved < example.panel.streams());
  for (std::size_t cell = 0; cell < example.panel.cells(); ++cell)
    if (out.read.observed(cell)) REQUIRE(out.read.value(cell) == out.truth.value(cell));
}

TEST_CASE("the same seed draws the same sensors, another one others") {
  const Example example;
  const Augmentation by{.noise = 1.0, .shift = 1, .streams = 0.5};
  const AugmentedPanel one = example.augmented(by, 1), same = example.augmented(by, 1),
                       other = example.augmented(by, 2);
  bool differs = false;
  for (std::size_t cell = 0; cell < example.panel.cells(); ++cell) {
    if (!example.panel.observed(cell)) continue;
    REQUIRE(one.read.value(cell) == same.read.value(cell));
    differs = differs || one.read.value(cell) != other.read.value(cell);
  }
  CHECK(differs);
}

}  // namespace
}  // namespace skywarden::fit
