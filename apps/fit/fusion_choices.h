// Which models to believe, settled on rows that trained none of them: for each field and class of gap a gate
// (onboard/complete_fusion.h), and what each model is worth alone, together, and left out.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete_fusion.h"

namespace skywarden::fit {

struct FusionExample {  // a hidden number of one field; on the working scale
  float truth = 0, tolerance = 0;
  float estimate = 0;          // the baseline's
  float chosen_by_trees = 0;   // with the trees' own choice of how much to take
  float below = 0, above = 0;  // from there to the ends of their interval, neither negative
  std::uint8_t gap = 0;        // class
  onboard::Opinions opinions;
};

// Shares within the tolerance and half of it.
struct FusionScore {
  double within = 0, within_half = 0;
  [[nodiscard]] double sum() const { return within + within_half; }
};

// `gates` of one field, or the trees' own choice where none stands.
[[nodiscard]] FusionScore score(std::span<const FusionExample> examples,
                                const std::array<onboard::Gate, onboard::GapSituation::kClasses>& gates);

// Gates over `opinions` models, of which only those marked in `allowed` may be believed. A class of gap gets
// a gate where that is better than the trees' own choice by more than three standard errors of the
// difference; elsewhere none stands.
[[nodiscard]] std::array<onboard::Gate, onboard::GapSituation::kClasses> choose_gates(
    std::span<const FusionExample> examples, std::size_t opinions,
    const std::array<bool, onboard::kOpinionsMax>& allowed);

}  // namespace skywarden::fit
