#include "fault_process.h"

#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "fault_examples.h"
#include "onboard/complete_test_data.h"

namespace skywarden::fit {
namespace {

TEST_CASE("faults change what they say they change and nothing else, on the sensor's own grid") {
  const datum::Schema schema = onboard::example_schema();
  const onboard::Panel panel = onboard::panel_of(onboard::example_records(168 * 40, 2), true);
  Random random(7);
  const Faulty faulty = draw_faults(panel, schema, {}, random);
  std::vector<std::uint8_t> in_fault(panel.cells(), 0);
  std::map<FaultKind, std::size_t> kinds;
  for (const Fault& fault : faulty.faults) {
    ++kinds[fault.kind];
    CHECK(fault.field < 2);  // no category fails
    for (std::size_t slot = fault.first; slot < fault.last; ++slot)
      in_fault[panel.at(slot, fault.stream, fault.field)] = 1;
    if (fault.kind != FaultKind::kStuck) continue;
    for (std::size_t slot = fault.first; slot < fault.last; ++slot)
      CHECK(faulty.values[panel.at(slot, fault.stream, fault.field)] ==
            faulty.values[panel.at(fault.first, fault.stream, fault.field)]);
  }
  CHECK(kinds.size() == kFaultKinds);
  for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
    if (!panel.observed(cell) || cell % 3 == 2) continue;
    if (in_fault[cell] == 0) CHECK(faulty.values[cell] == panel.value(cell));
    CHECK(std::abs(faulty.values[cell] * 10.0 - std::round(faulty.values[cell] * 10.0)) < 1e-9);
    if (cell % 3 == 1) CHECK(faulty.values[cell] >= 0.0);  // rain
  }
}

TEST_CASE("flags are counted in events and in runs, and what follows a fault counts neither way") {
  FaultExamples examples;
  const auto reading = [&](std::uint32_t slot, std::uint8_t truth) {
    examples.runs.push_back(0);
    examples.slots.push_back(slot);
    examples.streams.push_back(3);
    examples.truths.push_back(truth);
  };
  std::vector<std::uint8_t> flags(100, 0);
  for (std::uint32_t slot = 0; slot < 100; ++slot)
    reading(slot, slot >= 40 && slot < 50 ? 2 : slot >= 50 && slot < 60 ? kAftermath : kSound);
  flags[10] = flags[14] = 1;  // one false run of two
  flags[45] = 1;              // the fault
  flags[55] = 1;              // neither
  flags[90] = 1;              // false
  const FaultFigures out = judge_flags(examples, flags);
  CHECK(out.all[1] == 1);
  CHECK(out.found[1] == 1);
  CHECK(out.sound == 80);
  CHECK(out.false_readings == 3);
  CHECK(out.right_runs == 1);
  CHECK(out.false_runs == 2);
}

}  // namespace
}  // namespace skywarden::fit
