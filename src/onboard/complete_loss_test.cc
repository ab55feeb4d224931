#include "onboard/complete_loss.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_test_data.h"

namespace skywarden::onboard {
namespace {

// The pattern after the example's hours, of which `loses(temperature, random)` picks what is missing.
template <typename Loses>
LossPattern pattern_of(Loses loses) {
  const datum::Schema schema = example_schema();
  Random random(11);
  auto records = example_records(1500, 5);
  for (datum::Record& record : records)
    if (loses(datum::number_of(record.fields[0]).value(), random)) record.fields[0] = datum::Missing{};
  const Panel panel = panel_of(records, false);
  Work work(panel, schema);
  CopyFinder copies(panel.streams(), panel.fields());
  SpatialModel spatial(panel.streams(), panel.fields());
  LossPattern losses(panel.streams(), panel.fields());
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    const std::size_t first = panel.at(slot, 0, 0);
    for (std::size_t cell = first; cell < first + panel.streams() * panel.fields(); ++cell)
      if (panel.observed(cell))
        work.set_known(cell, cell % panel.fields(), panel.value(cell), Work::kMeasured);
    for (std::size_t s = 0; s < panel.streams(); ++s)
      if (panel.record_at(slot, s) != Panel::kNoRecord) spatial.estimate(work, slot, s, copies, false);
    spatial.learn(work, slot, false);
    losses.step(work, slot);
  }
  return losses;
}

TEST_CASE("a loss that prefers high values shows at what the neighbours say") {
  const LossPattern losses = pattern_of(
      [](double temperature, Random& random) { return random.chance(temperature > 14.0 ? 0.6 : 0.05); });
  CHECK(losses.missing_high(0) > 0.35F);
  CHECK(losses.missing_low(0) < 0.25F);
}

TEST_CASE("a loss by chance is the same everywhere") {
  const LossPattern losses = pattern_of([](double, Random& random) { return random.chance(0.3); });
  CHECK(losses.missing_high(0) == doctest::Approx(0.3).epsilon(0.25));
  CHECK(losses.missing_low(0) == doctest::Approx(0.3).epsilon(0.25));
  CHECK(losses.over_days(1, 0) == doctest::Approx(0.7).epsilon(0.3));
  CHECK(losses.over_days(1, 2) > 0.99F);  // the wind always arrived
}

}  // namespace
}  // namespace skywarden::onboard
