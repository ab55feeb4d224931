#include "onboard/anomaly.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kQuartilesEvery = 6;    // readings
constexpr std::size_t kThresholdsEvery = 24;  // readings
constexpr double kCopyDisagreementsMax = 0.25;

std::size_t of(Detector d) {
  return static_cast<std::size_t>(d);
}

float quantile(std::vector<float>& values, double q) {
  EXPECTS(!values.empty());
  const auto at = std::lround(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

// The last values of one series, in no particular order.
class Recent {
 public:
  explicit Recent(std::size_t size) : size_(size) {}
  void add(float value) {
    if (values_.size() < size_)
      values_.push_back(value);
    else
      values_[next_] = value;
    next_ = (next_ + 1) % size_;
  }
  [[nodiscard]] const std::vector<float>& values() const { return values_; }

 private:
  std::size_t size_, next_ = 0;
  std::vector<float> values_;
};

// One stream's field, reading by reading.
class Series {
 public:
  explicit Series(const AnomalyOptions& options) : options_(options), recent_(options.window) {}

  std::array<float, kDetectors> read(float value, const Residual& residual) {
    std::array<float, kDetectors> out{};
    out[of(Detector::kJump)] = std::abs(residual.after_last);
    out[of(Detector::kDay)] = std::abs(residual.after_day);
    drift_ += (residual.after_day - drift_) / static_cast<float>(options_.drift_readings);
    out[of(Detector::kDrift)] = std::abs(drift_);
    run_ = seen_ > 0 && value == last_ ? run_ + 1.0F : 0.0F;
    out[of(Detector::kStuck)] = run_;
    if (recent_.values().size() >= options_.window / 2) {
      if (seen_ % kQuartilesEvery == 0 || spread_ == 0.0F) find_quartiles();
      const float outside = std::max(low_ - value, value - high_);
      out[of(Detector::kRange)] = spread_ > 0.0F ? std::max(0.0F, outside / spread_) : 0.0F;
    }
    last_ = value;
    recent_.add(value);
    ++seen_;
    return out;
  }

 private:
  void find_quartiles() {
    scratch_ = recent_.values();
    low_ = quantile(scratch_, 0.25);
    high_ = quantile(scratch_, 0.75);
    spread_ = high_ - low_;
  }

  const AnomalyOptions& options_;
  Recent recent_;
  std::vector<float> scratch_;
  std::size_t seen_ = 0;
  float drift_ = 0, run_ = 0, last_ = 0, low_ = 0, high_ = 0, spread_ = 0;
};

// The share of readings that one detector may flag.
double share(const AnomalyOptions& options) {
  return options.false_positive_rate / static_cast<double>(kDetectors);
}

float score_of(const std::array<float, kDetectors>& strange,
               const std::array<float, kDetectors>& thresholds) {
  float score = 0.0F;
  for (std::size_t d = 0; d < kDetectors; ++d)
    if (thresholds[d] > 0.0F) score = std::max(score, strange[d] / thresholds[d]);
  return score;
}

// Most of its twins contradict the reading; between two the one that fits its own past less is to blame.
bool contradicted(const Residual& residual) {
  if (residual.twins_disagree == 0 || residual.twins_disagree < residual.twins_agree) return false;
  if (residual.twins_disagree > residual.twins_agree + 1) return true;
  return std::abs(residual.after_last) > residual.twin_after_last;
}

}  // namespace

Completion complete_for_anomaly(const Panel& panel, const datum::Schema& schema, NumberReviewer* reviewer) {
  CompleteOptions options;
  options.causal = true;
  options.keep_residuals = true;
  options.copy_disagreements_max = kCopyDisagreementsMax;
  options.reviewer = reviewer;
  return complete(panel, schema, options);
}

Strangeness strangeness(const Panel& panel, const datum::Schema& schema, const Completion& completion,
                        const AnomalyOptions& options) {
  EXPECTS(completion.residuals.size() == panel.cells());
  Strangeness out(panel.cells(), std::array<float, kDetectors>{});
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (schema.fields[f].kind != datum::FieldKind::kNumber) continue;
      Series series(options);
      for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
        const std::size_t cell = panel.at(slot, s, f);
        if (panel.observed(cell))
          out[cell] = series.read(static_cast<float>(panel.value(cell)), completion.residuals[cell]);
      }
    }
  }
  return out;
}

Thresholds fit_thresholds(const Panel& panel, const datum::Schema& schema, const Strangeness& strange,
                          std::size_t end, const AnomalyOptions& options) {
  Thresholds out(panel.fields(), std::array<float, kDetectors>{});
  std::vector<float> values;
  for (std::size_t f = 0; f < panel.fields(); ++f) {
    if (schema.fields[f].kind != datum::FieldKind::kNumber) continue;
    for (std::size_t d = 0; d < kDetectors; ++d) {
      values.clear();
      for (std::size_t slot = options.warm_up; slot < std::min(end, panel.slots()); ++slot) {
        for (std::size_t s = 0; s < panel.streams(); ++s) {
          const std::size_t cell = panel.at(slot, s, f);
          if (panel.observed(cell)) values.push_back(strange[cell][d]);
        }
      }
      if (values.size() >= options.warm_up) out[f][d] = quantile(values, 1.0 - share(options));
    }
  }
  return out;
}

std::vector<float> anomaly_scores(const Panel& panel, const datum::Schema& schema,
                                  const Completion& completion, const Strangeness& strange,
                                  const Thresholds* thresholds, const AnomalyOptions& options) {
  std::vector<float> out(panel.cells(), 0.0F);
  std::vector<float> scratch;
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (schema.fields[f].kind != datum::FieldKind::kNumber) continue;
      std::vector<Recent> trailing(kDetectors, Recent(options.trailing));
      std::array<float, kDetectors> limits{};
      std::size_t seen = 0;
      for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
        const std::size_t cell = panel.at(slot, s, f);
        if (!panel.observed(cell)) continue;
        ++seen;
        if (thresholds != nullptr) {
          limits = (*thresholds)[f];
        } else if (seen >= options.warm_up && (seen - options.warm_up) % kThresholdsEvery == 0) {
          for (std::size_t d = 0; d < kDetectors; ++d) {
            scratch = trailing[d].values();
            if (!scratch.empty()) limits[d] = quantile(scratch, 1.0 - share(options));
          }
        }
        if (thresholds != nullptr || seen >= options.warm_up) out[cell] = score_of(strange[cell], limits);
        if (contradicted(completion.residuals[cell])) out[cell] = std::max(out[cell], 2.0F);
        if (thresholds != nullptr) continue;
        for (std::size_t d = 0; d < kDetectors; ++d) trailing[d].add(strange[cell][d]);
      }
    }
  }
  return out;
}

}  // namespace skywarden::onboard
