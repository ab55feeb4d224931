#include "tree_choices.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace skywarden::fit {
namespace {

constexpr std::array<float, 3> kShares{0.0F, 0.5F, 1.0F};
constexpr std::size_t kFew = 300;  // examples
constexpr double kTail = 0.05;

class Judge {
 public:
  Judge(const FieldExamples& examples, const datum::FieldSpec& spec, std::span<const float> corrections,
        std::span<const float> log_errors)
      : examples_(examples), spec_(spec), scale_(spec), corrections_(corrections), log_errors_(log_errors) {}

  [[nodiscard]] double value(std::size_t i, float share) const {
    double v = scale_.back(static_cast<double>(examples_.estimates[i]) + share * corrections_[i]);
    if (spec_.min) v = std::max(v, *spec_.min);
    if (spec_.max) v = std::min(v, *spec_.max);
    return v;
  }
  [[nodiscard]] bool within(std::size_t i, float share, double part) const {
    const double truth = scale_.back(examples_.truths[i]);
    const double tolerance = std::max(spec_.tolerance_abs, spec_.tolerance_rel * std::abs(truth));
    const double half_step = 0.5 * spec_.resolution.value_or(0.0);  // the estimate is rounded to the grid
    return std::abs(value(i, share) - truth) <= part * tolerance + half_step;
  }
  [[nodiscard]] int score(std::size_t i, float share) const {
    return (within(i, share, 1.0) ? 1 : 0) + (within(i, share, 0.5) ? 1 : 0);
  }
  [[nodiscard]] double error(std::size_t i, float share) const {  // over the usual error
    const double estimate = static_cast<double>(examples_.estimates[i]) + share * corrections_[i];
    return (examples_.truths[i] - estimate) / std::exp(static_cast<double>(log_errors_[i]));
  }

 private:
  const FieldExamples& examples_;
  const datum::FieldSpec& spec_;
  onboard::WorkingScale scale_;
  std::span<const float> corrections_, log_errors_;
};

// The share whose score beats the baseline's by more than a standard error of the difference; else 0.
float best_share(const Judge& judge, std::span<const std::size_t> members) {
  float best = 0.0F;
  double best_gain = 0.0;
  for (const float share : kShares) {
    double sum = 0.0, squares = 0.0;
    for (const std::size_t i : members) {
      const double gain = judge.score(i, share) - judge.score(i, 0.0F);
      sum += gain;
      squares += gain * gain;
    }
    if (sum > std::sqrt(squares) && sum > best_gain) {
      best = share;
      best_gain = sum;
    }
  }
  return best;
}

onboard::GapChoice choose_gap(const Judge& judge, std::span<const std::size_t> members) {
  onboard::GapChoice out;
  if (members.empty()) return out;
  out.share = best_share(judge, members);
  std::vector<double> errors;
  for (const std::size_t i : members) errors.push_back(judge.error(i, out.share));
  std::sort(errors.begin(), errors.end());
  const auto quantile = [&](double q) {
    return static_cast<float>(
        errors[static_cast<std::size_t>(std::lround(q * static_cast<double>(errors.size() - 1)))]);
  };
  out.low = quantile(kTail);
  out.high = quantile(1.0 - kTail);
  return out;
}

}  // namespace

TreeChoices choose(const FieldExamples& examples, const datum::FieldSpec& spec,
                   std::span<const float> corrections, std::span<const float> log_errors) {
  const Judge judge(examples, spec, corrections, log_errors);
  std::vector<std::size_t> all;
  std::array<std::vector<std::size_t>, onboard::GapSituation::kClasses> classes;
  for (std::size_t i = 0; i < examples.size(); ++i) {
    all.push_back(i);
    classes[examples.gaps[i]].push_back(i);
  }
  TreeChoices out;
  for (std::size_t c = 0; c < classes.size(); ++c)
    out.gaps[c] = choose_gap(judge, classes[c].size() >= kFew ? classes[c] : all);
  const double count = std::max<double>(1.0, static_cast<double>(examples.size()));
  for (const std::size_t i : all) {
    const onboard::GapChoice& gap = out.gaps[examples.gaps[i]];
    out.baseline.within += judge.within(i, 0.0F, 1.0) / count;
    out.baseline.within_half += judge.within(i, 0.0F, 0.5) / count;
    out.baseline.interval_holds +=
        (examples.truths[i] >= examples.lows[i] && examples.truths[i] <= examples.highs[i]) / count;
    out.trees.within += judge.within(i, gap.share, 1.0) / count;
    out.trees.within_half += judge.within(i, gap.share, 0.5) / count;
    const double error = judge.error(i, gap.share);
    out.trees.interval_holds += (error >= gap.low && error <= gap.high) / count;
  }
  return out;
}

}  // namespace skywarden::fit
