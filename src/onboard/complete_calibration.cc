#include "onboard/complete_calibration.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr std::array<double, IntervalCalibration::kBins - 1> kBounds{-0.8, 0.0, 0.8, 1.6};  // deviations
constexpr double kFewAsked = 40;  // estimates that weigh as much as "values go missing alike"
constexpr double kLeastOdds = 0.25, kMostOdds = 8;  // of a bin
constexpr double kFarthest = 50.0;                  // place of an error
constexpr double kNarrowest = 1e-6;                 // side of an interval, working scale
constexpr double kLevelsRemembered = 20'000;
constexpr float kCountsRemembered = 4000.0F;  // of a kind; older ones fade

void count(std::array<float, IntervalCalibration::kBins>& counts, std::size_t bin) {
  counts[bin] += 1.0F;
  float sum = 0;
  for (const float c : counts) sum += c;
  if (sum > kCountsRemembered)
    for (float& c : counts) c *= 0.5F;
}

double sum_of(const std::array<float, IntervalCalibration::kBins>& counts) {
  double sum = 0.0;
  for (const float c : counts) sum += c;
  return sum;
}

}  // namespace

std::size_t CalibrationClass::of(std::int64_t before, std::int64_t after, bool has_record, bool same_time) {
  const std::int64_t nearer = before <= 0 ? after : after <= 0 ? before : std::min(before, after);
  const std::size_t length = nearer <= 0 ? GapSituation::kClasses : GapSituation::class_of(nearer);
  return (length * 2 + (has_record ? 1 : 0)) * 2 + (same_time ? 1 : 0);
}

std::size_t CalibrationClass::lasts(std::size_t gap) {
  constexpr std::array<std::size_t, GapSituation::kClasses + 1> kSlots{1, 1, 2, 4, 8, 16, 72, 360, 720};
  return kSlots[gap / 4];
}

std::size_t IntervalCalibration::Levels::bin(double level) const {
  if (on_circle) return 0;
  const double deviation = std::sqrt(variance);
  std::size_t out = 0;
  while (out + 1 < kBins && level > mean + kBounds[out] * deviation) ++out;
  return out;
}

IntervalCalibration::IntervalCalibration(std::size_t fields, std::size_t pools, CalibrationOptions options)
    : fields_(fields), pools_(pools), options_(options), levels_(fields * pools) {
  EXPECTS(pools > 0);
  kinds_.resize(pools * fields * CalibrationClass::kCount);
  kept_ = std::min(options_.trials_kept, options_.trials_of_all / std::max<std::size_t>(1, kinds_.size()));
}

void IntervalCalibration::put_on_circle(std::size_t field) {
  for (std::size_t pool = 0; pool < pools_; ++pool) levels_[pool * fields_ + field].on_circle = true;
}

void IntervalCalibration::learn(std::size_t field, std::size_t pool, std::size_t gap,
                                const NumberEstimate& estimate, double truth, std::size_t stream,
                                std::size_t slot) {
  Levels& levels = levels_[pool * fields_ + field];
  levels.count = std::min(levels.count + 1.0, kLevelsRemembered);
  const double step = truth - levels.mean;
  levels.mean += step / levels.count;
  levels.variance += (step * (truth - levels.mean) - levels.variance) / levels.count;

  Kind& into = kind(field, pool, gap);
  count(into.tried, levels.bin(estimate.value));
  if (kept_ == 0) return;
  const double error = truth - estimate.value;
  const double side = error > 0.0 ? estimate.high - estimate.value : estimate.value - estimate.low;
  const double place = std::clamp(error / std::max(side, kNarrowest), -kFarthest, kFarthest);
  const std::size_t group = slot / CalibrationClass::lasts(gap) * 4096 + stream % 4096;
  const Trial trial{static_cast<float>(place), static_cast<std::uint32_t>(group),
                    static_cast<std::uint8_t>(levels.bin(truth))};
  if (into.trials.size() < kept_) {
    into.trials.push_back(trial);
  } else {
    into.trials[into.next] = trial;
    into.next = (into.next + 1) % kept_;
  }
}

void IntervalCalibration::note(std::size_t field, std::size_t pool, std::size_t gap, double estimate) {
  count(kind(field, pool, gap).asked, levels_[pool * fields_ + field].bin(estimate));
}

std::array<double, IntervalCalibration::kBins> IntervalCalibration::selection(std::size_t field,
                                                                              std::size_t pool) const {
  // Kinds of gap are weighed as they are asked for: estimates after a long gap lie nearer to the mean.
  std::array<double, kBins> asked{}, expected{};
  double all_asked = 0.0;
  for (std::size_t gap = 0; gap < CalibrationClass::kCount; ++gap) {
    const Kind& from = kind(field, pool, gap);
    const double tried = sum_of(from.tried);
    const double share = sum_of(from.asked);
    if (tried == 0.0) continue;
    all_asked += share;
    for (std::size_t b = 0; b < kBins; ++b) {
      asked[b] += from.asked[b];
      expected[b] += share * from.tried[b] / tried;
    }
  }
  std::array<double, kBins> out{};
  for (std::size_t b = 0; b < kBins; ++b) {
    const double prior = kFewAsked / static_cast<double>(kBins);
    out[b] = std::clamp((asked[b] + prior) / (expected[b] + prior), kLeastOdds, kMostOdds);
  }
  if (all_asked == 0.0) out.fill(1.0);
  return out;
}

IntervalCalibration::Stretch IntervalCalibration::own_stretch(const Kind& kind,
                                                              const std::array<double, kBins>& weights) {
  Stretch out;
  if (kind.trials.empty()) return out;
  sorted_ = kind.trials;
  std::sort(sorted_.begin(), sorted_.end(), [](const Trial& a, const Trial& b) {
    return a.place != b.place ? a.place < b.place : a.bin < b.bin;
  });
  double total = 0.0, squares = 0.0;
  for (const Trial& t : sorted_) {
    total += weights[t.bin];
    squares += weights[t.bin] * weights[t.bin];
  }
  groups_.clear();
  for (const Trial& t : sorted_) groups_.push_back(t.group);
  std::sort(groups_.begin(), groups_.end());
  const auto groups = std::unique(groups_.begin(), groups_.end()) - groups_.begin();
  // Effective number of trials.
  out.weight = std::min(total * total / squares, static_cast<double>(groups));
  // The next trial counts as one more at the far end, as conformal prediction has it.
  const double allowed = options_.tail * total * (1.0 + 1.0 / out.weight) - total / out.weight + 1e-9 * total;
  double below = 0.0, above = 0.0;
  float low = sorted_.front().place, high = sorted_.back().place;
  for (const Trial& t : sorted_) {
    if (below > allowed) break;
    low = t.place;
    below += weights[t.bin];
  }
  for (std::size_t i = sorted_.size(); i-- > 0 && above <= allowed;) {
    high = sorted_[i].place;
    above += weights[sorted_[i].bin];
  }
  out.low = std::log(std::clamp(-static_cast<double>(low), options_.least, options_.most));
  out.high = std::log(std::clamp(static_cast<double>(high), options_.least, options_.most));
  if (allowed < 0.0) {  // too few for the promise
    out.low = std::max(out.low, 0.0);
    out.high = std::max(out.high, 0.0);
  }
  return out;
}

void IntervalCalibration::refresh() {
  for (std::size_t gap = 0; gap < CalibrationClass::kCount; ++gap) refresh(gap);
}

void IntervalCalibration::refresh(std::size_t gap) {
  std::vector<Stretch> own(fields_);
  for (std::size_t pool = 0; pool < pools_; ++pool) {
    Stretch together;  // fields
    for (std::size_t f = 0; f < fields_; ++f) {
      own[f] = own_stretch(kind(f, pool, gap), selection(f, pool));
      together.low += own[f].weight * own[f].low;
      together.high += own[f].weight * own[f].high;
      together.weight += own[f].weight;
    }
    together.low /= together.weight + options_.few;
    together.high /= together.weight + options_.few;
    for (std::size_t f = 0; f < fields_; ++f) {
      Kind& to = kind(f, pool, gap);
      const double all = own[f].weight + options_.few;
      to.low = static_cast<float>(std::exp((own[f].weight * own[f].low + options_.few * together.low) / all));
      to.high =
          static_cast<float>(std::exp((own[f].weight * own[f].high + options_.few * together.high) / all));
    }
  }
}

void IntervalCalibration::adjust(std::size_t field, std::size_t pool, std::size_t gap,
                                 NumberEstimate& estimate) const {
  const Kind& by = kind(field, pool, gap);
  estimate.low = estimate.value - static_cast<double>(by.low) * (estimate.value - estimate.low);
  estimate.high = estimate.value + static_cast<double>(by.high) * (estimate.high - estimate.value);
}

}  // namespace skywarden::onboard
