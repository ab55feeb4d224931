// Examples for training and for judging: the completion itself runs over panels with values hidden by many
// loss processes, and each hidden number becomes a row of what a model is told of it in flight, with the
// truth beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "augmentation.h"
#include "base/result.h"
#include "datum/schema.h"
#include "loss_process.h"
#include "onboard/complete_features.h"
#include "onboard/panel.h"

namespace skywarden::fit {

struct SlotRange {
  std::size_t first = 0, last = 0;  // last is not included
};

struct FieldExamples {  // of one number field; all on the working scale
  std::size_t features = 0;
  std::vector<float> rows;
  std::vector<float> truths, estimates;  // the estimate is the baseline's
  std::vector<float> lows, highs;        // … and its interval
  std::vector<std::uint8_t> gaps;        // class of the gap

  [[nodiscard]] std::size_t size() const { return truths.size(); }
};

struct ExampleOptions {
  bool causal = true;
  std::uint64_t seed = 1;
  std::size_t part_slots = 4200;          // a panel starts with nothing learnt, as a new system does
  std::size_t examples_target = 180'000;  // of a field: hidden numbers are thinned to about so many
  std::vector<LossKind> kinds;            // one run over each part for each of them
  std::size_t every = 1;                  // … or only every so many of them, other kinds of each part
  std::optional<LossKind> left_out;       // of mixtures; `kinds` should not name it either
  Augmentation augmentation = {};         // drawn anew for each run
};

using Progress = std::function<void(const std::string& line)>;

// A part of the panel with values hidden.
struct MaskedRun {
  const onboard::Panel& truth;              // before noise and hiding
  const onboard::Panel& masked;             // what the completion is given; cells as in `truth`
  const std::vector<std::uint8_t>& hidden;  // of cells
  std::size_t part = 0, parts = 1;          // which part, of how many
  LossKind kind = LossKind::kScattered;
  std::size_t number = 0, runs = 1;  // which run, of about how many
};

// Calls `visit` for each part of the ranges and each kind of loss, in order; losses are drawn from the seed.
[[nodiscard]] Result<void> for_masked_runs(const onboard::Panel& panel, const datum::Schema& schema,
                                           const std::vector<SlotRange>& ranges,
                                           const ExampleOptions& options, const Progress& progress,
                                           const std::function<void(const MaskedRun& run)>& visit);

// Completes the run as it flies, shown to the reviewer, whose notes no trial of intervals disturbs.
void show_completion(const MaskedRun& run, const datum::Schema& schema, bool causal,
                     onboard::NumberReviewer& reviewer);

// Examples of each field of the schema; fields that are no numbers get none.
[[nodiscard]] Result<std::vector<FieldExamples>> collect_examples(const onboard::Panel& panel,
                                                                  const datum::Schema& schema,
                                                                  const std::vector<SlotRange>& ranges,
                                                                  const ExampleOptions& options,
                                                                  const Progress& progress);

}  // namespace skywarden::fit
