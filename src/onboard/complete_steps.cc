#include "onboard/complete_steps.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kBlindSlots = 24;
constexpr double kFade = 0.985;            // of the regressions' examples each time they are solved anew
constexpr std::size_t kFadeFrom = 1000;    // slots
constexpr std::size_t kRefreshFrom = 12;   // slots, before which nothing has been learnt
constexpr std::size_t kRefreshEvery = 72;  // slots; at first as many as have passed

std::vector<std::uint8_t> fields_of_kind(const datum::Schema& schema, datum::FieldKind kind) {
  std::vector<std::uint8_t> out;
  for (const datum::FieldSpec& spec : schema.fields) out.push_back(spec.kind == kind ? 1 : 0);
  return out;
}

std::vector<double> tolerances_of(const datum::Schema& schema) {
  std::vector<double> out;
  for (const datum::FieldSpec& spec : schema.fields) out.push_back(spec.tolerance_abs);
  return out;
}

}  // namespace

CompletionSteps::CompletionSteps(const Panel& panel, const datum::Schema& schema,
                                 const CompleteOptions& options, const std::vector<std::uint32_t>& pools)
    : panel_(panel),
      schema_(schema),
      options_(options),
      is_category_(fields_of_kind(schema, datum::FieldKind::kCategory)),
      is_number_(fields_of_kind(schema, datum::FieldKind::kNumber)),
      work_(panel, schema),
      copies_(panel.streams(), panel.fields(), {.disagreements_max = options.copy_disagreements_max}),
      lookups_(is_category_, usable(), tolerances_of(schema)),
      spatial_(panel.streams(), panel.fields()),
      grid_(schema, panel.streams()),
      losses_(panel.streams(), panel.fields()),
      forward_(work_) {
  if (!options.causal) backward_ = std::make_unique<Course>(work_);
  numbers_ = std::make_unique<NumberModel>(work_, forward_, backward_.get(), pools);
  if (options.reviewer != nullptr)
    features_ =
        std::make_unique<FeatureWriter>(work_, schema, forward_, backward_.get(), spatial_, copies_, losses_);
  for (std::size_t f = 0; f < panel.fields(); ++f)
    categories_.push_back(is_category_[f] != 0 ? std::make_unique<CategoryModel>(work_, schema.fields[f], f,
                                                                                 pools, options.causal)
                                               : nullptr);
  out_ = Completion::of(panel.cells(), options.keep_residuals);
}

std::vector<std::uint8_t> CompletionSteps::usable() const {
  std::vector<std::uint8_t> out;
  for (std::size_t f = 0; f < is_number_.size(); ++f) out.push_back(is_number_[f] | is_category_[f]);
  return out;
}

void CompletionSteps::open(std::size_t slot) {
  work_.open(slot);
  const std::size_t first = panel_.at(slot, 0, 0);
  for (std::size_t cell = first; cell < first + panel_.streams() * panel_.fields(); ++cell) {
    out_.origins[cell] = Origin::kNone;
    out_.values[cell] = 0.0;
    out_.lows[cell] = out_.highs[cell] = out_.probabilities[cell] = 0.0F;
    out_.by[cell] = 0;
    out_.decimals[cell] = 0;
    if (options_.keep_residuals) out_.residuals[cell] = {};
  }
}

void CompletionSteps::fill(std::size_t slot, Streams streams, Method method, std::size_t first_cell) {
  for (const std::size_t s : streams) take_observed(slot, s);
  fill_redundant(slot, streams);
  if (method != Method::kRules)
    for (const std::size_t s : streams) spatial_.estimate(work_, slot, s, copies_, true);
  for (const std::size_t s : streams) link_previous(slot, s);
  fill_estimates(slot, streams, method, first_cell);
  if (options_.keep_residuals) keep_residuals(slot, streams);
}

void CompletionSteps::learn(std::size_t slot, bool trials) {
  if (features_) losses_.step(work_, slot);
  if (trials) {
    numbers_->learn_causal(slot);
    for (const auto& category : categories_)
      if (category) category->learn_causal(slot, copies_);
  }
  forward_.step(work_, slot);
  spatial_.learn(work_, slot, true);
  copies_.learn(panel_, slot, true);
  learn_lookups(slot);
  for (std::size_t s = 0; s < panel_.streams(); ++s) grid_.learn(panel_, slot, s);
  if (trials) refresh_parts(slot);
}

void CompletionSteps::refresh_parts(std::size_t slot) {
  if (slot < kRefreshFrom) return;
  const std::size_t every = std::min(slot, kRefreshEvery);
  const std::size_t parts = numbers_->parts();
  for (std::size_t i = 0; i < (parts + every - 1) / every; ++i, part_ = (part_ + 1) % parts) {
    numbers_->refresh_part(part_);
    if (slot >= kFadeFrom) numbers_->fade_part(part_, kFade);
  }
  if (slot % every != 0 && slot >= kRefreshEvery) return;
  if (slot < kRefreshEvery && slot % kRefreshFrom != 0) return;
  for (const auto& category : categories_)
    if (category) category->refresh();
}

void CompletionSteps::carry_forward(std::size_t slot, std::size_t stream, std::size_t last_slot) {
  for (std::size_t f = 0; f < panel_.fields(); ++f) {
    const std::int32_t known = work_.previous[panel_.at(slot, stream, f)];
    for (std::size_t later = slot + 1; later <= last_slot; ++later) {
      const std::size_t cell = panel_.at(later, stream, f);
      if (work_.known(cell)) break;
      work_.previous[cell] = known;
    }
  }
}

void CompletionSteps::move_streams(StreamMoves moves, std::size_t streams) {
  const std::size_t rows = panel_.rows(), fields = panel_.fields();
  work_.move_streams(moves, streams);
  copies_.move_streams(moves);
  spatial_.move_streams(moves);
  grid_.move_streams(moves);
  losses_.move_streams(moves);
  forward_.move_streams(panel_, moves, streams);
  numbers_->move_streams(moves);
  for (const auto& category : categories_)
    if (category) category->move_streams(moves, streams);
  onboard::move_streams(out_.origins, rows, streams, fields, moves, Origin::kNone);
  onboard::move_streams(out_.values, rows, streams, fields, moves, 0.0);
  onboard::move_streams(out_.lows, rows, streams, fields, moves, 0.0F);
  onboard::move_streams(out_.highs, rows, streams, fields, moves, 0.0F);
  onboard::move_streams(out_.probabilities, rows, streams, fields, moves, 0.0F);
  onboard::move_streams(out_.by, rows, streams, fields, moves, std::uint16_t{0});
  onboard::move_streams(out_.decimals, rows, streams, fields, moves, std::int8_t{0});
  if (options_.keep_residuals)
    onboard::move_streams(out_.residuals, rows, streams, fields, moves, Residual{});
}

void CompletionSteps::run_offline() {
  const std::size_t slots = panel_.slots();
  std::vector<std::size_t> all;
  for (std::size_t s = 0; s < panel_.streams(); ++s) all.push_back(s);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    for (const std::size_t s : all) take_observed(slot, s);
    copies_.learn(panel_, slot, false);
    learn_lookups(slot);
    for (const std::size_t s : all) grid_.learn(panel_, slot, s);
  }
  for (std::size_t slot = 0; slot < slots; ++slot) fill_redundant(slot, all);
  spatial_both_ways();
  for (std::size_t slot = 0; slot < slots; ++slot)
    for (const std::size_t s : all) link_previous(slot, s);
  link_next();
  for (std::size_t slot = 0; slot < slots; ++slot) forward_.step(work_, slot);
  for (std::size_t slot = slots; slot-- > 0;) backward_->step(work_, slot);
  numbers_->learn_offline();
  for (const auto& category : categories_)
    if (category) category->learn_offline(copies_);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    fill_estimates(slot, all, Method::kTrees, panel_.at(slot, 0, 0));
    if (features_) losses_.step(work_, slot);
  }
}

void CompletionSteps::take_observed(std::size_t slot, std::size_t s) {
  for (std::size_t f = 0; f < panel_.fields(); ++f) {
    const std::size_t cell = panel_.at(slot, s, f);
    if (!panel_.observed(cell)) continue;
    work_.set_known(cell, f, panel_.value(cell), Work::kMeasured);
    out_.origins[cell] = Origin::kObserved;
    out_.values[cell] = panel_.value(cell);
  }
}

void CompletionSteps::fill_redundant(std::size_t slot, Streams streams) {
  for (const std::size_t s : streams) {
    if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
    for (std::size_t f = 0; f < panel_.fields(); ++f) copy_from_twin(slot, s, f);
  }
  for (const std::size_t s : streams) {
    if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
    for (std::size_t f = 0; f < panel_.fields(); ++f) determine_from_record(slot, s, f);
  }
}

void CompletionSteps::copy_from_twin(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t cell = panel_.at(slot, s, f);
  if (work_.known(cell) || (is_number_[f] | is_category_[f]) == 0) return;
  for (std::size_t k = 0; k < panel_.streams(); ++k) {
    const std::size_t theirs = panel_.at(slot, k, f);
    if (k == s || !work_.measured(theirs) || !copies_.copies(s, k, f)) continue;
    if (options_.causal && !panel_.arrived_before(slot, s, k)) continue;
    settle(cell, f, work_.values[theirs], Origin::kCopied, k);
    out_.decimals[cell] = grid_.decimals(s, f);
    // A copied value is exact as far as is known; the interval says no more than that.
    out_.lows[cell] = out_.highs[cell] = static_cast<float>(work_.values[theirs]);
    out_.probabilities[cell] = 0.98F;
    return;
  }
}

void CompletionSteps::determine_from_record(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t first = panel_.at(slot, s, 0);
  if (work_.known(first + f) || (is_number_[f] | is_category_[f]) == 0) return;
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

void CompletionSteps::spatial_both_ways() {
  const std::size_t slots = panel_.slots();
  std::vector<float> forwards(panel_.cells(), 0.0F);
  std::vector<std::uint8_t> said(panel_.cells(), 0);
  const auto visit = [&](SpatialModel& model, std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s)
      if (panel_.record_at(slot, s) != Panel::kNoRecord) model.estimate(work_, slot, s, copies_, false);
    model.learn(work_, slot, false);
  };
  SpatialModel there(panel_.streams(), panel_.fields());
  for (std::size_t slot = 0; slot < slots; ++slot) visit(there, slot);
  for (std::size_t cell = 0; cell < panel_.cells(); ++cell) {
    forwards[cell] = work_.spatial[cell];
    said[cell] = work_.has_spatial(cell) ? 1 : 0;
    work_.flags[cell] = static_cast<std::uint8_t>(work_.flags[cell] & ~Work::kHasSpatial);
  }
  for (std::size_t slot = slots; slot-- > 0;) visit(spatial_, slot);
  for (std::size_t cell = 0; cell < panel_.cells(); ++cell) {
    if (said[cell] == 0) continue;
    work_.spatial[cell] =
        work_.has_spatial(cell) ? 0.5F * (work_.spatial[cell] + forwards[cell]) : forwards[cell];
    work_.flags[cell] |= Work::kHasSpatial;
  }
}

// Of a window the slot's cells already carry what was known before.
void CompletionSteps::link_previous(std::size_t slot, std::size_t s) {
  for (std::size_t f = 0; f < panel_.fields(); ++f) {
    const std::size_t cell = panel_.at(slot, s, f);
    if (work_.known(cell))
      work_.previous[cell] = static_cast<std::int32_t>(slot);
    else if (!options_.causal)
      work_.previous[cell] = slot > 0 ? work_.previous[panel_.at(slot - 1, s, f)] : Work::kNowhere;
  }
}

void CompletionSteps::link_next() {
  const std::size_t row = panel_.streams() * panel_.fields();
  work_.next.assign(panel_.cells(), Work::kNowhere);
  for (std::size_t cell = panel_.cells(); cell-- > 0;) {
    work_.next[cell] = work_.known(cell)             ? static_cast<std::int32_t>(cell / row)
                       : cell + row < panel_.cells() ? work_.next[cell + row]
                                                     : Work::kNowhere;
  }
}

void CompletionSteps::fill_estimates(std::size_t slot, Streams streams, Method method,
                                     std::size_t first_cell) {
  for (const std::size_t s : streams) {
    if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      const std::size_t cell = panel_.at(slot, s, f);
      if (work_.known(cell)) continue;
      if (method == Method::kRules) {
        repeat_last(slot, s, f);
        continue;
      }
      if (is_number_[f] != 0) estimate_number(slot, s, f, method);
      if (is_category_[f] != 0) fill_category(slot, s, f);
    }
  }
  review(slot, first_cell);
}

void CompletionSteps::estimate_number(std::size_t slot, std::size_t s, std::size_t f, Method method) {
  const auto estimate = numbers_->estimate(slot, s, f);
  if (!estimate) return;
  if (method != Method::kTrees || !features_ || !options_.reviewer->wants(f)) {
    settle_number(panel_.at(slot, s, f), s, f, *estimate);
    return;
  }
  missing_.push_back(features_->describe(slot, s, f, *estimate));
  estimates_.push_back(*estimate);
  waiting_.push_back({s, panel_.at(slot, s, f), waiting_features_.size()});
  const std::span<const float> features = missing_.back().features;
  waiting_features_.insert(waiting_features_.end(), features.begin(), features.end());
}

void CompletionSteps::review(std::size_t slot, std::size_t first_cell) {
  if (missing_.empty()) return;
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    missing_[i].features =
        std::span(waiting_features_).subspan(waiting_[i].first, missing_[i].features.size());
    missing_[i].cell = waiting_[i].cell - panel_.at(slot, 0, 0) + first_cell;
  }
  changed_.assign(missing_.size(), 0);
  options_.reviewer->review_all(missing_, estimates_, changed_);
  for (std::size_t i = 0; i < missing_.size(); ++i) {
    if (changed_[i] != 0) out_.by[waiting_[i].cell] = kByTrees;
    settle_number(waiting_[i].cell, waiting_[i].stream, missing_[i].field, estimates_[i]);
  }
  missing_.clear();
  estimates_.clear();
  waiting_.clear();
  waiting_features_.clear();
}

void CompletionSteps::settle_number(std::size_t cell, std::size_t s, std::size_t f,
                                    const NumberEstimate& estimate) {
  const datum::FieldSpec& spec = schema_.fields[f];
  const auto plausible = [&](double v) {
    if (spec.min) v = std::max(v, *spec.min);
    if (spec.max) v = std::min(v, *spec.max);
    return v;
  };
  const WorkingScale& scale = work_.scales[f];
  out_.origins[cell] = Origin::kEstimated;
  out_.values[cell] = plausible(grid_.round(s, f, plausible(scale.back(estimate.value))));
  out_.decimals[cell] = grid_.decimals(s, f);
  out_.lows[cell] = static_cast<float>(std::min(plausible(scale.back(estimate.low)), out_.values[cell]));
  out_.highs[cell] = static_cast<float>(std::max(plausible(scale.back(estimate.high)), out_.values[cell]));
}

// Nothing is learnt of such estimates, so what is said of their errors is said widely: as much as the value
// itself, a category as likely as not.
void CompletionSteps::repeat_last(std::size_t slot, std::size_t s, std::size_t f) {
  if ((is_number_[f] | is_category_[f]) == 0) return;
  const std::size_t cell = panel_.at(slot, s, f);
  const std::int32_t last = work_.previous[cell];
  if (last < 0) return;
  const double value = work_.values[panel_.at(static_cast<std::size_t>(last), s, f)];
  out_.by[cell] = kByRules;
  if (is_number_[f] != 0) {
    const double level = work_.scales[f].forward(value);
    const double margin = std::max(1.0, std::abs(level));
    settle_number(cell, s, f, {level, level - margin, level + margin, margin});
    return;
  }
  out_.origins[cell] = Origin::kEstimated;
  out_.values[cell] = value;
  out_.probabilities[cell] = 0.5F;
}

void CompletionSteps::fill_category(std::size_t slot, std::size_t s, std::size_t f) {
  const auto estimate = categories_[f]->estimate(slot, s, copies_);
  if (!estimate) return;
  const std::size_t cell = panel_.at(slot, s, f);
  out_.origins[cell] = Origin::kEstimated;
  out_.values[cell] = estimate->level;
  out_.probabilities[cell] = static_cast<float>(estimate->probability);
}

void CompletionSteps::keep_residuals(std::size_t slot, Streams streams) {
  for (const std::size_t s : streams) {
    for (std::size_t f = 0; f < panel_.fields(); ++f) {
      const std::size_t cell = panel_.at(slot, s, f);
      if (is_number_[f] == 0 || !panel_.observed(cell)) continue;
      const auto now = numbers_->estimate(slot, s, f);
      if (!now || now->mean_error <= 0.0) continue;
      Residual& residual = out_.residuals[cell];
      residual.known = true;
      residual.after_last = static_cast<float>((work_.levels[cell] - now->value) / now->mean_error);
      const auto blind = numbers_->estimate_blind(slot, s, f, kBlindSlots);
      if (blind && blind->mean_error > 0.0)
        residual.after_day = static_cast<float>((work_.levels[cell] - blind->value) / blind->mean_error);
    }
  }
  for (const std::size_t s : streams)
    for (std::size_t f = 0; f < panel_.fields(); ++f) compare_with_twins(slot, s, f);
}

void CompletionSteps::compare_with_twins(std::size_t slot, std::size_t s, std::size_t f) {
  const std::size_t cell = panel_.at(slot, s, f);
  if (!panel_.observed(cell) || (is_number_[f] | is_category_[f]) == 0) return;
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

void CompletionSteps::learn_lookups(std::size_t slot) {
  record_known_.assign(panel_.fields(), 0);
  for (std::size_t s = 0; s < panel_.streams(); ++s) {
    if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
    const std::size_t first = panel_.at(slot, s, 0);
    for (std::size_t f = 0; f < panel_.fields(); ++f) record_known_[f] = work_.measured(first + f) ? 1 : 0;
    lookups_.learn(work_.values.data() + first, record_known_.data());
  }
}

}  // namespace skywarden::onboard
