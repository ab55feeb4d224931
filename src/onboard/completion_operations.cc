#include "onboard/completion_operations.h"

#include <algorithm>

#include "onboard/complete_number.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_trials.h"

namespace skywarden::onboard {
namespace {

constexpr double kOwnInputs = 9.0;        // of a regression, beside two for each partner
constexpr double kSlotsOfRefresh = 72.0;  // within which all regressions are solved anew
constexpr double kInstructions = 6.5;     // that go with a product and a sum, settled as the header says
constexpr double kInputPairs = 4.0;       // to work out an input of a regression, or a feature
constexpr double kPairPairs = 8.0;        // to learn of a difference between two streams
constexpr double kBytes = 3.0 * sizeof(double);  // two read, one written

// Products, each with a sum.
OperationCounts pairs(double count) {
  return {.float_multiplies = count,
          .float_additions = count,
          .instructions = kInstructions * count,
          .cache_bytes = kBytes * count};
}

double solving(double n) {
  return n * n * n / 6.0 + 2.0 * n * n;
}

double numbers_of(const datum::Schema& schema) {
  return static_cast<double>(
      std::ranges::count(schema.fields, datum::FieldKind::kNumber, &datum::FieldSpec::kind));
}

}  // namespace

CompletionOperations completion_operations(const datum::Schema& schema, std::size_t streams) {
  const double numbers = numbers_of(schema), s = static_cast<double>(std::max<std::size_t>(1, streams));
  const double partners = std::clamp(numbers - 1.0, 0.0, static_cast<double>(NumberOptions{}.partners_max));
  const double inputs = kOwnInputs + 2.0 * partners;
  const double asked = std::min(s - 1.0, static_cast<double>(SpatialOptions{}.neighbours_max));
  const double estimate = (kInputPairs + 1.0) * inputs;
  const double features = kInputPairs * (static_cast<double>(kSharedFeatures) + 2.0 * partners);
  const double sums = inputs * (inputs + 1.0) / 2.0 + inputs;
  const double solved = numbers * static_cast<double>(GapSituation::count(true)) / kSlotsOfRefresh;
  const auto gaps = static_cast<double>(GapSituation::kClasses);  // each number is tried once in each
  CompletionOperations out;
  out.trials = std::min(static_cast<double>(TrialOptions{}.trials_a_slot), s * numbers);
  out.record = pairs(numbers * solving(asked));
  out.known = pairs(gaps * (estimate + sums) + kPairPairs * s);
  out.missing = pairs(estimate + features);
  out.slot = pairs(solved * ((s + 1.0) * solving(inputs) + s * sums)) + out.trials * out.missing;
  return out;
}

OperationCounts rule_operations(const datum::Schema& schema, std::size_t rows) {
  const double looked = static_cast<double>(schema.fields.size()) * static_cast<double>(1 + rows);
  return {.float_additions = looked, .instructions = kInstructions * looked, .cache_bytes = kBytes * looked};
}

}  // namespace skywarden::onboard
