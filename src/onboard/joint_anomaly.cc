#include "onboard/joint_anomaly.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/contract.h"
#include "statistics/distributions.h"
#include "statistics/outlier_stream.h"
#include "statistics/quantile.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kThresholdsEvery = 24;  // readings
constexpr std::size_t kRanksMin = 24;         // changes from which a rank says something

std::vector<std::size_t> number_fields(const datum::Schema& schema) {
  std::vector<std::size_t> out;
  for (std::size_t f = 0; f < schema.fields.size() && out.size() < statistics::kOutlierWidthMax; ++f)
    if (schema.fields[f].kind == datum::FieldKind::kNumber) out.push_back(f);
  return out;
}

// The last so many values, in no particular order.
class Ring {
 public:
  explicit Ring(std::size_t size) : size_(size) {}
  void add(double value) {
    if (values_.size() < size_)
      values_.push_back(value);
    else
      values_[next_] = value;
    next_ = (next_ + 1) % size_;
  }
  [[nodiscard]] std::span<const double> values() const { return values_; }

 private:
  std::size_t size_, next_ = 0;
  std::vector<double> values_;
};

// Where the value would stand in a normal sample; 0 for what half of the sample is equal to.
double normal_score(double value, std::span<const double> sample) {
  if (sample.size() < kRanksMin) return 0.0;
  std::size_t less = 0, equal = 0;
  for (const double other : sample) {
    less += other < value ? 1 : 0;
    equal += other == value ? 1 : 0;
  }
  if (2 * equal >= sample.size()) return 0.0;
  const double rank = static_cast<double>(less) + static_cast<double>(equal) / 2.0;
  return statistics::normal_quantile((rank + 0.5) / (static_cast<double>(sample.size()) + 1.0));
}

// One stream, record by record.
class Judge {
 public:
  Judge(std::size_t width, const AnomalyOptions& options)
      : options_(options),
        last_(width),
        changes_(width, Ring(options.window)),
        scores_(width),
        outliers_(width, {.window = options.window, .warm_up = std::max(options.window / 2, 2 * width + 1)}),
        trailing_(options.trailing) {}

  float score(const std::vector<std::optional<double>>& numbers) {
    bool any = false;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      scores_[i] = 0.0;
      if (numbers[i] && last_[i]) {
        const double change = *numbers[i] - *last_[i];
        scores_[i] = normal_score(change, changes_[i].values());
        changes_[i].add(change);
        any = true;
      }
      last_[i] = numbers[i];
    }
    return any ? score_of(outliers_.arrive(scores_)) : 0.0F;
  }

 private:
  float score_of(const statistics::OutlierVerdict& verdict) {
    if (!verdict.squared_distance) return 0.0F;
    const double distance = *verdict.squared_distance / verdict.distance_cut;
    if (seen_ >= options_.warm_up && (seen_ - options_.warm_up) % kThresholdsEvery == 0)
      limit_ = std::max(1.0, statistics::quantile(trailing_.values(), 1.0 - options_.false_positive_rate));
    ++seen_;
    trailing_.add(distance);
    return limit_ > 0.0 ? static_cast<float>(distance / limit_) : 0.0F;
  }

  const AnomalyOptions& options_;
  std::vector<std::optional<double>> last_;
  std::vector<Ring> changes_;
  std::vector<double> scores_;
  statistics::OutlierStream outliers_;
  Ring trailing_;  // distances
  std::size_t seen_ = 0;
  double limit_ = 0.0;  // 0 until warmed up
};

}  // namespace

std::vector<float> joint_anomaly_scores(const Panel& panel, const datum::Schema& schema,
                                        const AnomalyOptions& options) {
  EXPECTS(options.warm_up > 0 && options.trailing > 0);
  std::vector<float> out(panel.records(), 0.0F);
  const std::vector<std::size_t> fields = number_fields(schema);
  if (fields.size() < 2 || options.window < 2 * fields.size() + 1) return out;
  std::vector<std::optional<double>> numbers(fields.size());
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    Judge judge(fields.size(), options);
    for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
      const std::uint32_t record = panel.record_at(slot, s);
      if (record == Panel::kNoRecord) continue;
      for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::size_t cell = panel.at(slot, s, fields[i]);
        numbers[i] = panel.observed(cell) ? std::optional(panel.value(cell)) : std::nullopt;
      }
      out[record] = judge.score(numbers);
    }
  }
  return out;
}

}  // namespace skywarden::onboard
