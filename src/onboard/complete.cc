#include "onboard/complete.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/contract.h"
#include "onboard/complete_category.h"
#include "onboard/complete_course.h"
#include "onboard/complete_grid.h"
#include "onboard/complete_number.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_trials.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kBlindSlots = 24;
constexpr double kFade = 0.985;                            // of the regressions' examples at each refresh
constexpr std::size_t kRefreshEvery = 72;                  // slots, once warm
constexpr std::size_t kClassifierWeightsMax = 16'000'000;  // of all categories together
constexpr double kLevelActedOn = 0.5;                      // probability that the level is right

// Streams that lead their source share what they learn; further streams of one file learn alone, because in
// causal work a row must not profit from rows below it.
std::vector<std::uint32_t> pools_of(const Panel& panel, bool causal) {
  std::vector<std::uint32_t> pools;
  std::uint32_t next = 1;
  for (std::size_t s = 0; s < panel.streams(); ++s)
    pools.push_back(!causal || panel.leads_source(s) ? 0 : next++);
  return pools;
}

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

class Run {
 public:
  Run(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options)
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
    const std::vector<std::uint32_t> pools = pools_of(panel, options.causal);
    if (!options.causal) backward_ = std::make_unique<Course>(work_);
    numbers_ = std::make_unique<NumberModel>(work_, forward_, backward_.get(), pools);
    if (options.reviewer != nullptr)
      features_ = std::make_unique<FeatureWriter>(work_, schema, forward_, backward_.get(), spatial_, copies_,
                                                  losses_);
    trials_ = std::make_unique<NumberTrials>(work_, *numbers_, features_.get(), options.reviewer, pools,
                                             options.causal);
    std::size_t weights_left = kClassifierWeightsMax;
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      classifiers_.push_back(nullptr);
      categories_.push_back(nullptr);
      if (is_category_[f] == 0) continue;
      RecordClassifierOptions limits;
      limits.weights_max = std::min(limits.weights_max, weights_left);
      auto classifier = std::make_unique<RecordClassifier>(work_, schema, f, pools, options.causal, limits);
      if (classifier->has_opinion()) {
        weights_left -= std::min(weights_left, classifier->weights());
        classifiers_.back() = std::move(classifier);
      }
      categories_.back() = std::make_unique<CategoryModel>(work_, schema.fields[f], f, pools, options.causal,
                                                           classifiers_.back().get());
    }
    floors_.resize(panel.streams() * panel.fields());
    out_.origins.assign(panel.cells(), Origin::kNone);
    out_.values.assign(panel.cells(), 0.0);
    out_.lows.assign(panel.cells(), 0.0F);
    out_.highs.assign(panel.cells(), 0.0F);
    out_.probabilities.assign(panel.cells(), 0.0F);
    out_.abstained.assign(panel.cells(), 0);
    out_.by.assign(panel.cells(), 0);
    out_.decimals.assign(panel.cells(), 0);
    if (options.keep_residuals) out_.residuals.resize(panel.cells());
  }

  Completion run() && {
    if (options_.causal)
      run_causal();
    else
      run_offline();
    return std::move(out_);
  }

 private:
  [[nodiscard]] std::vector<std::uint8_t> usable() const {
    std::vector<std::uint8_t> out;
    for (std::size_t f = 0; f < is_number_.size(); ++f) out.push_back(is_number_[f] | is_category_[f]);
    return out;
  }

  void run_causal() {
    std::size_t refresh_at = 12;
    for (std::size_t slot = 0; slot < panel_.slots(); ++slot) {
      take_observed(slot);
      fill_redundant(slot);
      estimate_spatial(spatial_, slot);
      link_previous(slot);
      fill_estimates(slot);
      try_numbers(slot);
      if (features_) losses_.step(work_, slot);
      if (options_.keep_residuals) keep_residuals(slot);
      numbers_->learn_causal(slot);
      for (const auto& category : categories_)
        if (category) category->learn_causal(slot, copies_);
      forward_.step(work_, slot);
      spatial_.learn(work_, slot, true);
      copies_.learn(panel_, slot, true);
      learn_lookups(slot);
      for (std::size_t s = 0; s < panel_.streams(); ++s) grid_.learn(panel_, slot, s);
      if (slot != refresh_at) continue;
      numbers_->refresh();
      trials_->refresh();
      for (const auto& category : categories_)
        if (category) category->refresh();
      if (slot >= 1000) numbers_->fade(kFade);
      refresh_at = slot < kRefreshEvery ? slot * 2 : slot + kRefreshEvery;
    }
  }

  void run_offline() {
    const std::size_t slots = panel_.slots();
    for (std::size_t slot = 0; slot < slots; ++slot) {
      take_observed(slot);
      copies_.learn(panel_, slot, false);
      learn_lookups(slot);
      for (std::size_t s = 0; s < panel_.streams(); ++s) grid_.learn(panel_, slot, s);
    }
    for (std::size_t slot = 0; slot < slots; ++slot) fill_redundant(slot);
    spatial_both_ways();
    for (std::size_t slot = 0; slot < slots; ++slot) link_previous(slot);
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
      fill_estimates(slot);
      if (features_) losses_.step(work_, slot);
    }
  }

  void try_numbers(std::size_t slot) {
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

  void take_observed(std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
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
  }

  void fill_redundant(std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
      for (std::size_t f = 0; f < panel_.fields(); ++f) copy_from_twin(slot, s, f);
    }
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
      for (std::size_t f = 0; f < panel_.fields(); ++f) determine_from_record(slot, s, f);
    }
  }

  void copy_from_twin(std::size_t slot, std::size_t s, std::size_t f) {
    const std::size_t cell = panel_.at(slot, s, f);
    if (work_.known(cell) || (is_number_[f] | is_category_[f]) == 0) return;
    const auto twin = work_.twin_of(slot, s, f, copies_, options_.causal);
    if (!twin) return;
    const double value = work_.values[panel_.at(slot, *twin, f)];
    settle(cell, f, value, Origin::kCopied, *twin);
    out_.decimals[cell] = grid_.decimals(s, f);
    // A copied value is exact as far as is known; the interval says no more than that.
    out_.lows[cell] = out_.highs[cell] = static_cast<float>(value);
    out_.probabilities[cell] = 0.98F;
  }

  void determine_from_record(std::size_t slot, std::size_t s, std::size_t f) {
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

  void settle(std::size_t cell, std::size_t f, double value, Origin origin, std::size_t by) {
    work_.set_known(cell, f, value, 0);
    out_.origins[cell] = origin;
    out_.values[cell] = value;
    out_.by[cell] = static_cast<std::uint16_t>(by);
  }

  void estimate_spatial(SpatialModel& model, std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s)
      if (panel_.record_at(slot, s) != Panel::kNoRecord)
        model.estimate(work_, slot, s, copies_, options_.causal);
  }

  void spatial_both_ways() {
    const std::size_t slots = panel_.slots();
    std::vector<float> forwards(panel_.cells(), 0.0F);
    std::vector<std::uint8_t> said(panel_.cells(), 0);
    const auto visit = [&](SpatialModel& model, std::size_t slot) {
      estimate_spatial(model, slot);
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

  void link_previous(std::size_t slot) {
    const std::size_t row = panel_.streams() * panel_.fields();
    for (std::size_t i = 0; i < row; ++i) {
      const std::size_t cell = slot * row + i;
      work_.previous[cell] = work_.known(cell) ? static_cast<std::int32_t>(slot)
                             : slot > 0        ? work_.previous[cell - row]
                                               : Work::kNowhere;
    }
  }

  void link_next() {
    const std::size_t row = panel_.streams() * panel_.fields();
    work_.next.assign(panel_.cells(), Work::kNowhere);
    for (std::size_t cell = panel_.cells(); cell-- > 0;) {
      work_.next[cell] = work_.known(cell)             ? static_cast<std::int32_t>(cell / row)
                         : cell + row < panel_.cells() ? work_.next[cell + row]
                                                       : Work::kNowhere;
    }
  }

  void fill_estimates(std::size_t slot) {
    if (features_ && options_.reviewer->wants_records()) show_records(slot);
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
      for (std::size_t f = 0; f < panel_.fields(); ++f) {
        const std::size_t cell = panel_.at(slot, s, f);
        if (work_.known(cell)) continue;
        if (is_number_[f] != 0) fill_number(slot, s, f);
        if (is_category_[f] != 0) fill_category(slot, s, f);
      }
    }
  }

  // Records with holes and without: a course in time needs both.
  void show_records(std::size_t slot) {
    records_.clear();
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
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

  void fill_number(std::size_t slot, std::size_t s, std::size_t f) {
    bool reviewed = false;
    const auto estimate = trials_->estimate(slot, s, f, reviewed);
    if (!estimate) return;
    const std::size_t cell = panel_.at(slot, s, f);
    out_.by[cell] = reviewed ? 1 : 0;
    const datum::FieldSpec& spec = schema_.fields[f];
    const auto plausible = [&](double v) {
      if (spec.min) v = std::max(v, *spec.min);
      if (spec.max) v = std::min(v, *spec.max);
      return v;
    };
    const WorkingScale& scale = work_.scales[f];
    out_.origins[cell] = Origin::kEstimated;
    out_.values[cell] = plausible(grid_.round(s, f, plausible(scale.back(estimate->value))));
    out_.decimals[cell] = grid_.decimals(s, f);
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

  void fill_category(std::size_t slot, std::size_t s, std::size_t f) {
    const auto estimate = categories_[f]->estimate(slot, s, copies_);
    if (!estimate) return;
    const std::size_t cell = panel_.at(slot, s, f);
    out_.origins[cell] = Origin::kEstimated;
    out_.values[cell] = estimate->level;
    out_.probabilities[cell] = static_cast<float>(estimate->probability);
    out_.abstained[cell] = options_.abstain_beyond > 0.0 && estimate->right < kLevelActedOn ? 1 : 0;
  }

  void keep_residuals(std::size_t slot) {
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
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
    for (std::size_t s = 0; s < panel_.streams(); ++s)
      for (std::size_t f = 0; f < panel_.fields(); ++f) compare_with_twins(slot, s, f);
  }

  void compare_with_twins(std::size_t slot, std::size_t s, std::size_t f) {
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

  void learn_lookups(std::size_t slot) {
    record_known_.assign(panel_.fields(), 0);
    for (std::size_t s = 0; s < panel_.streams(); ++s) {
      if (panel_.record_at(slot, s) == Panel::kNoRecord) continue;
      const std::size_t first = panel_.at(slot, s, 0);
      for (std::size_t f = 0; f < panel_.fields(); ++f) record_known_[f] = work_.measured(first + f) ? 1 : 0;
      lookups_.learn(work_.values.data() + first, record_known_.data());
    }
  }

  struct Floor {  // of a stream's field: how often it stands at the least value that there is
    float seen = 0.0F, at_floor = 0.0F;
    [[nodiscard]] bool usual() const { return 2.0F * at_floor > seen; }
  };

  const Panel& panel_;
  const datum::Schema& schema_;
  CompleteOptions options_;
  std::vector<std::uint8_t> is_category_, is_number_;
  Work work_;
  CopyFinder copies_;
  LookupFinder lookups_;
  SpatialModel spatial_;
  GridFinder grid_;
  LossPattern losses_;
  Course forward_;
  std::unique_ptr<Course> backward_;
  std::unique_ptr<NumberModel> numbers_;
  std::vector<std::unique_ptr<RecordClassifier>> classifiers_;  // of fields; null where there is none
  std::vector<std::unique_ptr<CategoryModel>> categories_;
  std::unique_ptr<FeatureWriter> features_;  // when somebody reviews
  std::unique_ptr<NumberTrials> trials_;
  std::vector<Floor> floors_;           // stream × field
  std::vector<RecordNumbers> records_;  // of the slot, when the reviewer wants them
  std::vector<std::uint8_t> record_known_;
  Completion out_;
};

}  // namespace

Completion complete(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options) {
  EXPECTS(panel.streams() == 0 || panel.fields() == schema.fields.size());
  if (panel.cells() == 0) return {};
  return Run(panel, schema, options).run();
}

}  // namespace skywarden::onboard
