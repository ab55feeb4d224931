// What is settled on rows that training did not see: how much of the trees' correction to take, where the 90
// % interval ends, and what both are worth.
#pragma once

#include <array>
#include <span>

#include "datum/schema.h"
#include "examples.h"
#include "onboard/complete_model.h"

namespace skywarden::fit {

struct Judgement {                         // shares of the examples
  double within = 0.0, within_half = 0.0;  // the schema's tolerance
  double interval_holds = 0.0;
};

struct TreeChoices {
  std::array<onboard::GapChoice, onboard::GapSituation::kClasses> gaps;
  Judgement baseline, trees;
};

// `corrections` and `log_errors` are what the trees say of each example. A class of gap takes the share of
// the correction that is most often within the tolerance and half of it, by more than chance; classes with
// few examples do as all together.
[[nodiscard]] TreeChoices choose(const FieldExamples& examples, const datum::FieldSpec& spec,
                                 std::span<const float> corrections, std::span<const float> log_errors);

}  // namespace skywarden::fit
