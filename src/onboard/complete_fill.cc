// What CompletionSteps does with the records of a slot; in which order is said in complete_steps.cc.
#include <algorithm>
#include <cmath>

#include "onboard/complete_steps.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kBlindSlots = 24;
constexpr double kLevelActedOn = 0.5;  // probability that the level is right

}  // namespace

void CompletionSteps::take_observed(std::size_t slot, std::size_t s) {
  for (std::size_t f = 0; f < panel_.fields(); ++f) {
    const std::size_t cell = panel_.at(slot, s, f);
    if (!panel_.observed(cell)) continue;
    work_.set_known(cell, f, panel_.value(cell), Work::kMeasured);
    out_.origins[cell] = Origin::kObserved;
    out_.values[cell] = panel_.value(cell);
    Floor& floor = floors_[s * panel_.fields() + f];
    floor.seen += 1.0F;
    floor.at_floor += schema_.fields[f].min && panel_.value(cell) <= *schema_.fields[f].min ? 1.0F : 0.0F;
  }
}

void CompletionSteps::fill_redundant(std::span<const Arrived> records) {
  for (const auto& [slot, s] : records)
    for (std::size_t f = 0; f < panel_.fields(); ++f) copy_from_twin(slot, s, f);
  for (const auto& [slot, s] : records)
    for (std::size_t f = 0; f < panel_.fields(); ++f) determine_from_record(slot, s, f);
}

void CompletionSteps::copy_from_twin(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t cell = panel_.at(slot, s, f);
  if (work_.known(cell) || !usable(f)) return;
  const auto twin = work_.twin_of(slot, s, f, copies_, options_.causal);
  if (!twin) return;
  const double value = work_.values[panel_.at(slot, *twin, f)];
  settle(cell, f, value, Origin::kCopied, *twin);
  out_.decimals[cell] = grid_.decimals(s, f);
  // A copied value is exact as far as is known; the interval says no more than that.
  out_.lows[cell] = out_.highs[cell] = static_cast<float>(value);
  out_.probabilities[cell] = 0.98F;
}

void CompletionSteps::determine_from_record(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t first = panel_.at(slot, s, 0);
  if (work_.known(first + f) || !usable(f)) return;
  record_known_.assign(panel_.fields(), 0);
  for (std::size_t i = 0; i < panel_.fields(); ++i) record_known_[i] = work_.measured(first + i) ? 1 : 0;
  const auto answer = lookups_.look_up(f, work_.values.data() + first, record_known_.data());
  if (!answer) return;
  const double value = is_number_[f] != 0 ? grid_.round(s, f, answer->value) : answer->value;
  settle(first + f, f, value, Origin::kDetermined, answer->from);
  out_.decimals[first + f] = grid_.decimals(s, f);
  // Errors of such a table are mostly none at all or a step of the grid.
  const double margin = 2.5 * answer->error + (is_number_[f] != 0 ? grid_.step(s, f) : 0.0);
  out_.lows[first + f] = static_cast<float>(answer->value - margin);
  out_.highs[first + f] = static_cast<float>(answer->value + margin);
  out_.probabilities[first + f] = static_cast<float>(1.0 - answer->error);
}

void CompletionSteps::settle(std::size_t cell, std::size_t f, double value, Origin origin, std::size_t by) {
  work_.set_known(cell, f, value, 0);
  out_.origins[cell] = origin;
  out_.values[cell] = value;
  out_.by[cell] = static_cast<std::uint16_t>(by);
}

void CompletionSteps::fill_estimates(std::span<const Arrived> records) {
  if (options_.reviewer != nullptr && options_.reviewer->wants_records()) show_records(records);
  for (const auto& [slot, s] : records) {
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      if (work_.known(panel_.at(slot, s, f))) continue;
      if (is_number_[f] != 0) fill_number(slot, s, f);
      if (is_category_[f] != 0) fill_category(slot, s, f);
    }
  }
}

// Records with holes and without: a course in time needs both.
void CompletionSteps::show_records(std::span<const Arrived> records) {
  records_.clear();
  for (const auto& [slot, s] : records) {
    RecordNumbers& record = records_.emplace_back(RecordNumbers{slot, s, {}});
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      if (is_number_[f] == 0) continue;
      const auto estimate = numbers_->estimate(slot, s, f);
      const std::size_t cell = panel_.at(slot, s, f);
      record.numbers.push_back(
          estimate ? features_->describe_alone(slot, s, f, numbers_->ends_of(slot, s, f), *estimate)
                   : RecordNumber{.field = f, .cell = cell, .known = work_.known(cell)});
    }
  }
  options_.reviewer->prepare(records_);
}

void CompletionSteps::fill_number(std::size_t slot, std::size_t s, std::size_t f) {
  bool reviewed = false;
  const auto estimate = trials_->estimate(slot, s, f, reviewed);
  if (!estimate) return;
  const std::size_t cell = panel_.at(slot, s, f);
  out_.by[cell] = reviewed ? 1 : 0;
  const datum::FieldSpec& spec = schema_.fields[f];
  const WorkingScale& scale = work_.scales[f];
  const auto plausible = [&](double v) {
    if (scale.turn() > 0.0) return scale.onto_circle(v);
    if (spec.min) v = std::max(v, *spec.min);
    if (spec.max) v = std::min(v, *spec.max);
    return v;
  };
  out_.origins[cell] = Origin::kEstimated;
  out_.values[cell] = plausible(grid_.round(s, f, plausible(scale.back(estimate->value))));
  out_.decimals[cell] = grid_.decimals(s, f);
  if (scale.turn() > 0.0) {
    // Either side of the value, at most half round; the ends may lie beyond min and max.
    const double half = 0.5 * scale.turn(), said = out_.values[cell];
    out_.lows[cell] = static_cast<float>(said - std::clamp(estimate->value - estimate->low, 0.0, half));
    out_.highs[cell] = static_cast<float>(said + std::clamp(estimate->high - estimate->value, 0.0, half));
    out_.abstained[cell] =
        abstains(spec, said, out_.lows[cell], out_.highs[cell], options_.abstain_beyond) ? 1 : 0;
    return;
  }
  double low = std::min(plausible(scale.back(estimate->low)), out_.values[cell]);
  if (floors_[s * panel_.fields() + f].usual()) {  // rain: a trace of it is mostly none
    if (out_.values[cell] <= *spec.min + 1.001 * grid_.step(s, f)) out_.values[cell] = *spec.min;
    if (low <= *spec.min + spec.tolerance_abs) low = *spec.min;
  }
  out_.lows[cell] = static_cast<float>(low);
  out_.highs[cell] = static_cast<float>(std::max(plausible(scale.back(estimate->high)), out_.values[cell]));
  out_.abstained[cell] =
      abstains(spec, out_.values[cell], out_.lows[cell], out_.highs[cell], options_.abstain_beyond) ? 1 : 0;
}

void CompletionSteps::fill_category(std::size_t slot, std::size_t s, std::size_t f) {
  const auto estimate = categories_[f]->estimate(slot, s, copies_);
  if (!estimate) return;
  const std::size_t cell = panel_.at(slot, s, f);
  out_.origins[cell] = Origin::kEstimated;
  out_.values[cell] = estimate->level;
  out_.probabilities[cell] = static_cast<float>(estimate->probability);
  out_.abstained[cell] = options_.abstain_beyond > 0.0 && estimate->right < kLevelActedOn ? 1 : 0;
}

void CompletionSteps::keep_residuals(std::span<const Arrived> records) {
  for (const auto& [slot, s] : records) {
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      const std::size_t cell = panel_.at(slot, s, f);
      if (is_number_[f] == 0 || !panel_.observed(cell)) continue;
      const auto now = numbers_->estimate(slot, s, f);
      if (!now || now->mean_error <= 0.0) continue;
      Residual& residual = out_.residuals[cell];
      residual.known = true;
      const auto beyond = [&](double said) { return work_.scales[f].beyond(work_.levels[cell], said); };
      residual.after_last = static_cast<float>(beyond(now->value) / now->mean_error);
      const auto blind = numbers_->estimate_blind(slot, s, f, kBlindSlots);
      if (blind && blind->mean_error > 0.0)
        residual.after_day = static_cast<float>(beyond(blind->value) / blind->mean_error);
    }
  }
  for (const auto& [slot, s] : records)
    for (std::size_t f = 0; f < panel_.fields(); ++f) compare_with_twins(slot, s, f);
}

void CompletionSteps::compare_with_twins(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t cell = panel_.at(slot, s, f);
  if (!panel_.observed(cell) || !usable(f)) return;
  Residual& residual = out_.residuals[cell];
  for (std::size_t k = 0; k < panel_.streams(); ++k) {
    const std::size_t theirs = panel_.at(slot, k, f);
    if (k == s || !panel_.observed(theirs) || !copies_.copies(s, k, f)) continue;
    if (!panel_.arrived_before(slot, s, k)) continue;
    std::uint8_t& count =
        panel_.value(cell) == panel_.value(theirs) ? residual.twins_agree : residual.twins_disagree;
    if (count < 255) ++count;
    if (panel_.value(cell) != panel_.value(theirs))
      residual.twin_after_last =
          std::max(residual.twin_after_last, std::abs(out_.residuals[theirs].after_last));
  }
}

}  // namespace skywarden::onboard
