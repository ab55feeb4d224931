#include "onboard/complete_steps.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr double kFade = 0.985;                            // of a regression's examples at each refresh
constexpr std::size_t kFadeFrom = 1000;                    // slots
constexpr std::size_t kRefreshFrom = 12;                   // slots, before which little has been learnt
constexpr std::size_t kRefreshEvery = 72;                  // slots, once warm
constexpr std::size_t kClassifierWeightsMax = 16'000'000;  // of all categories together

std::vector<std::uint8_t> fields_of_kind(const datum::Schema& schema, datum::FieldKind kind) {
  std::vector<std::uint8_t> out;
  for (const datum::FieldSpec& spec : schema.fields) out.push_back(spec.kind == kind ? 1 : 0);
  return out;
}

std::vector<std::uint8_t> either(const std::vector<std::uint8_t>& a, const std::vector<std::uint8_t>& b) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < a.size(); ++i) out.push_back(a[i] | b[i]);
  return out;
}

std::vector<double> tolerances_of(const datum::Schema& schema) {
  std::vector<double> out;
  for (const datum::FieldSpec& spec : schema.fields) out.push_back(spec.tolerance_abs);
  return out;
}

std::vector<std::size_t> all_streams(const Panel& panel) {
  std::vector<std::size_t> out;
  for (std::size_t s = 0; s < panel.streams(); ++s) out.push_back(s);
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
      lookups_(is_category_, either(is_number_, is_category_), tolerances_of(schema)),
      spatial_(panel.streams(), panel.fields()),
      grid_(schema, panel.streams()),
      losses_(panel.streams(), panel.fields()),
      forward_(work_),
      refresh_at_(kRefreshFrom),
      floors_(panel.streams() * panel.fields()),
      out_(Completion::of(panel.cells(), options.keep_residuals)) {
  if (!options.causal) backward_ = std::make_unique<Course>(work_);
  numbers_ = std::make_unique<NumberModel>(work_, forward_, backward_.get(), pools);
  trials_ = std::make_unique<NumberTrials>(work_, *numbers_, pools, options.causal);
  take_reviewer();
  make_category_models(pools);
}

void CompletionSteps::make_category_models(const std::vector<std::uint32_t>& pools) {
  std::size_t weights_left = kClassifierWeightsMax;
  for (std::size_t f = 0; f < panel_.fields(); ++f) {
    classifiers_.push_back(nullptr);
    categories_.push_back(nullptr);
    if (is_category_[f] == 0) continue;
    RecordClassifierOptions limits;
    limits.weights_max = std::min(limits.weights_max, weights_left);
    auto classifier = std::make_unique<RecordClassifier>(work_, schema_, f, pools, options_.causal, limits);
    if (classifier->has_opinion()) {
      weights_left -= std::min(weights_left, classifier->weights());
      classifiers_.back() = std::move(classifier);
    }
    categories_.back() = std::make_unique<CategoryModel>(work_, schema_.fields[f], f, pools, options_.causal,
                                                         classifiers_.back().get());
  }
}

void CompletionSteps::take_reviewer() {
  if (options_.reviewer != nullptr && !features_)
    features_ = std::make_unique<FeatureWriter>(work_, schema_, forward_, backward_.get(), spatial_, copies_,
                                                losses_);
  trials_->set_reviewer(features_.get(), options_.reviewer);
}

void CompletionSteps::set_reviewer(NumberReviewer* reviewer) {
  options_.reviewer = reviewer;
  take_reviewer();
  const std::vector<std::size_t> all_new(panel_.streams(), kNewStream);
  if (reviewer != nullptr) reviewer->move_streams(all_new);
}

void CompletionSteps::open(std::size_t slot) {
  EXPECTS(options_.causal);
  work_.open(slot);
  out_.forget(panel_.at(slot, 0, 0), panel_.streams() * panel_.fields());
}

void CompletionSteps::records_at(const Panel& panel, std::size_t slot, std::vector<Arrived>* out) {
  out->clear();
  for (std::size_t s = 0; s < panel.streams(); ++s)
    if (panel.record_at(slot, s) != Panel::kNoRecord) out->push_back({slot, s});
}

void CompletionSteps::arrive(std::span<const Arrived> records) {
  for (const auto& [slot, s] : records) take_observed(slot, s);
  fill_redundant(records);
  for (const auto& [slot, s] : records) spatial_.estimate(work_, slot, s, copies_, true);
  for (const auto& [slot, s] : records) link_previous(slot, s);
}

void CompletionSteps::complete(std::span<const Arrived> records) {
  fill_estimates(records);
  if (options_.keep_residuals) keep_residuals(records);
}

void CompletionSteps::learn(std::size_t slot) {
  try_numbers(slot);
  if (features_) losses_.step(work_, slot);
  numbers_->learn_causal(slot);
  for (const auto& category : categories_)
    if (category) category->learn_causal(slot, copies_);
  forward_.step(work_, slot);
  spatial_.learn(work_, slot, true);
  copies_.learn(panel_, slot, true);
  learn_lookups(slot);
  for (std::size_t s = 0; s < panel_.streams(); ++s) grid_.learn(panel_, slot, s);
  if (slot >= kRefreshEvery) {
    refresh_some(slot);
  } else if (slot == refresh_at_) {
    refresh();
    refresh_at_ *= 2;
  }
}

void CompletionSteps::refresh() {
  numbers_->refresh();
  trials_->refresh();
  for (const auto& category : categories_)
    if (category) category->refresh();
}

// All in turn within kRefreshEvery slots, so that no slot waits for the whole.
void CompletionSteps::refresh_some(std::size_t slot) {
  const auto in_turn = [slot](std::size_t parts, auto&& visit) {
    const std::size_t turn = slot % kRefreshEvery;
    for (std::size_t part = turn * parts / kRefreshEvery; part < (turn + 1) * parts / kRefreshEvery; ++part)
      visit(part);
  };
  const double fade = slot >= kFadeFrom ? kFade : 1.0;
  in_turn(numbers_->parts(), [&](std::size_t part) { numbers_->refresh_part(part, fade); });
  in_turn(CalibrationClass::kCount, [&](std::size_t gap) { trials_->refresh(gap); });
  in_turn(categories_.size(), [&](std::size_t f) {
    if (categories_[f]) categories_[f]->refresh();
  });
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
  EXPECTS(options_.causal && !options_.keep_residuals);
  work_.move_streams(moves, streams);
  copies_.move_streams(moves);
  spatial_.move_streams(moves);
  grid_.move_streams(moves);
  losses_.move_streams(moves);
  forward_.move_streams(panel_, moves, streams);
  numbers_->move_streams(moves);
  trials_->move_streams(moves);
  for (const auto& classifier : classifiers_)
    if (classifier) classifier->move_streams(moves);
  for (const auto& category : categories_)
    if (category) category->move_streams(moves, streams);
  onboard::move_streams(floors_, 1, streams, panel_.fields(), moves, Floor{});
  out_.move_streams(panel_.rows(), streams, panel_.fields(), moves);
  if (options_.reviewer != nullptr) options_.reviewer->move_streams(moves);
}

void CompletionSteps::run_offline() {
  EXPECTS(!options_.causal);
  const std::size_t slots = panel_.slots();
  const std::vector<std::size_t> all = all_streams(panel_);
  for (std::size_t slot = 0; slot < slots; ++slot) {
    for (const std::size_t s : all) take_observed(slot, s);
    copies_.learn(panel_, slot, false);
    learn_lookups(slot);
    for (const std::size_t s : all) grid_.learn(panel_, slot, s);
  }
  std::vector<Arrived> records;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    records_at(panel_, slot, &records);
    fill_redundant(records);
  }
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
    try_numbers(slot);
    if (features_) losses_.step(work_, slot);
  }
  losses_ = LossPattern(panel_.streams(), panel_.fields());
  trials_->refresh();
  for (std::size_t slot = 0; slot < slots; ++slot) {
    records_at(panel_, slot, &records);
    fill_estimates(records);
    if (features_) losses_.step(work_, slot);
  }
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
    if (work_.has_spatial(cell)) {
      const WorkingScale& scale = work_.scales[cell % panel_.fields()];
      const auto beside = static_cast<float>(scale.near(work_.spatial[cell], forwards[cell]));
      work_.spatial[cell] = 0.5F * (beside + forwards[cell]);
    } else {
      work_.spatial[cell] = forwards[cell];
    }
    work_.flags[cell] |= Work::kHasSpatial;
  }
}

// Causal: the slot's cells already carry what was known before.
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

void CompletionSteps::try_numbers(std::size_t slot) {
  if (!options_.calibrate) return;
  using Given = NumberTrials::Given;
  trials_->step(slot, [this](std::size_t at, std::size_t stream, std::size_t field) {
    if (work_.twin_of(at, stream, field, copies_, options_.causal)) return Given::kByTwin;
    const std::size_t first = panel_.at(at, stream, 0);
    record_known_.assign(panel_.fields(), 0);
    for (std::size_t i = 0; i < panel_.fields(); ++i)
      record_known_[i] = i != field && work_.measured(first + i) ? 1 : 0;
    const auto answer = lookups_.look_up(field, work_.values.data() + first, record_known_.data());
    return answer ? Given::kByRecord : Given::kByNothing;
  });
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
