#include "loss_process.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "masked_panel.h"
#include "onboard/complete_test_data.h"

namespace skywarden::fit {
namespace {

using onboard::Panel;

Panel example_panel() {
  return onboard::panel_of(onboard::example_records(1500, 3), false);
}

double hidden_share(const std::vector<std::uint8_t>& hidden) {
  return static_cast<double>(std::count(hidden.begin(), hidden.end(), 1)) /
         static_cast<double>(hidden.size());
}

TEST_CASE("every kind hides some and leaves some, the same for the same seed") {
  const Panel panel = example_panel();
  const datum::Schema schema = onboard::example_schema();
  for (int kind = 0; kind < kLossKinds; ++kind) {
    CAPTURE(kind);
    Random one(7), same(7), other(8);
    const auto hidden = draw_losses(panel, schema, static_cast<LossKind>(kind), one);
    CHECK(hidden_share(hidden) > 0.01);
    CHECK(hidden_share(hidden) < 0.85);
    CHECK(hidden == draw_losses(panel, schema, static_cast<LossKind>(kind), same));
    CHECK(hidden != draw_losses(panel, schema, static_cast<LossKind>(kind), other));
  }
}

TEST_CASE("a kind that is left out of mixtures changes those that had it and no others") {
  const Panel panel = example_panel();
  const datum::Schema schema = onboard::example_schema();
  int changed = 0;
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    Random with(seed), without(seed), parts(seed);
    const bool has_it = parts.below(5) == 4 || parts.below(5) == 4;  // selective is the fifth kind
    const auto mixed = draw_losses(panel, schema, LossKind::kMixed, with);
    const auto left = draw_losses(panel, schema, LossKind::kMixed, without, LossKind::kSelective);
    CHECK((mixed != left) == has_it);
    changed += has_it ? 1 : 0;
  }
  CHECK(changed > 5);
}

TEST_CASE("kinds are known by their names") {
  for (int kind = 0; kind < kLossKinds; ++kind)
    CHECK(loss_kind_of(to_string(static_cast<LossKind>(kind))) == static_cast<LossKind>(kind));
  CHECK(!loss_kind_of(""));
}

TEST_CASE("a lost record is lost whole") {
  const Panel panel = example_panel();
  Random random(5);
  const auto hidden = draw_losses(panel, onboard::example_schema(), LossKind::kRecords, random);
  for (std::size_t slot = 0; slot < panel.slots(); ++slot)
    for (std::size_t s = 0; s < panel.streams(); ++s)
      for (std::size_t f = 1; f < panel.fields(); ++f)
        if (panel.observed(panel.at(slot, s, f)) && panel.observed(panel.at(slot, s, 0)))
          CHECK(hidden[panel.at(slot, s, f)] == hidden[panel.at(slot, s, 0)]);
}

TEST_CASE("the masked panel lacks the marked cells and no others") {
  const Panel panel = example_panel();
  const datum::Schema schema = onboard::example_schema();
  Random random(5);
  const auto hidden = draw_losses(panel, schema, LossKind::kScattered, random);
  const Panel masked = without(panel, schema, hidden, false).value();
  REQUIRE(masked.cells() == panel.cells());
  for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
    CHECK(masked.observed(cell) == (panel.observed(cell) && hidden[cell] == 0));
    if (masked.observed(cell)) CHECK(masked.value(cell) == panel.value(cell));
  }
}

TEST_CASE("a part holds its slots") {
  const Panel panel = example_panel();
  const Panel part = part_of(panel, onboard::example_schema(), 100, 350, true).value();
  REQUIRE(part.slots() == 250);
  CHECK(part.time(0) == panel.time(100));
  CHECK(part.value(part.at(7, 2, 0)) == panel.value(panel.at(107, 2, 0)));
}

}  // namespace
}  // namespace skywarden::fit
