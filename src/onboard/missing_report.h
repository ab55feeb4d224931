// How values went missing, field by field and window by window, and what that means for what was filled in.
//
// "Completely at random" (MCAR) is tested against what was observed: the other numbers of the record, and the
// same field at the other streams (statistics/random_shift.h). Rejected, losses depend on something observed
// (MAR) or on the hidden value itself as far as the others show it. Whether they depend on the hidden value
// beyond that (MNAR) no test can tell; instead it is said how the answers move if the hidden values lie k
// usual errors higher than estimated (pattern-mixture sensitivity: R. J. A. Little, "A class of
// pattern-mixture models for normal incomplete data", Biometrika 81 (1994) 471-483).
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/missing_pattern.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

struct MissingReportOptions {
  std::size_t windows = 12;                   // at most; of equal numbers of slots
  double significance = 0.01;                 // of the test, of each field by itself
  std::size_t tested_cells_max = 10'000'000;  // larger panels are counted but not tested (5 bytes a cell)
};

using PatternCounts = std::array<std::size_t, kMissingPatterns>;  // by MissingPattern

struct RandomnessTest {
  double p = 1.0;
  std::string with;     // what it hangs together with most: a field, or "FIELD at other streams"
  double effect = 0.0;  // the mean of that where missing minus elsewhere, in deviations
  bool rejected = false;
};

// Of filled numbers with an interval, in the field's unit.
struct MissingSensitivity {
  static constexpr std::array<double, 3> kShifts{0.5, 1.0, 2.0};  // usual errors
  double mean = 0.0;                                              // of the field, observed and filled
  double usual_error = 0.0;            // mean of the filled: half the 90 % interval over 1.645
  std::array<double, 3> mean_moves{};  // by so much, for each of kShifts
  std::array<double, 3> beyond{};      // share of the filled that would be off by more than the tolerance
};

struct FieldMissing {
  std::size_t cells = 0, missing = 0, filled = 0, abstained = 0;
  PatternCounts patterns{};
  std::optional<RandomnessTest> test;  // when there is enough to test
  std::optional<MissingSensitivity> sensitivity;
};

struct MissingWindow {
  Instant from, to;  // first and last record
  std::size_t cells = 0;
  std::vector<PatternCounts> patterns;  // of fields
};

struct MissingReport {
  std::vector<FieldMissing> fields;  // of the schema
  std::vector<MissingWindow> windows;
};

[[nodiscard]] MissingReport report_missing(const Panel& panel, const datum::Schema& schema,
                                           const Completion& completion,
                                           const std::vector<MissingPattern>& patterns,
                                           const MissingReportOptions& options = {});

}  // namespace skywarden::onboard
