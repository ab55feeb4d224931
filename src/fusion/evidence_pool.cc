#include "fusion/evidence_pool.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.h"
#include "statistics/pooling.h"

namespace skywarden::fusion {
namespace {

constexpr int kSteps = 400;
constexpr double kStep = 1.0;
constexpr double kShareBefore = 0.7;  // towards which few records leave a share
constexpr double kPenalty = 4.0;      // records' worth of that belief
constexpr double kCalibration = 0.1;  // relative standard error of an opinion

double probability_of(double log_odds) {
  return 1.0 / (1.0 + std::exp(-log_odds));
}

}  // namespace

EvidencePool::EvidencePool(const std::vector<Opinions>& sources, const Labels& labels,
                           std::optional<std::size_t> without)
    : shares_(sources.size(), 0.5) {
  for (const Opinions& source : sources) EXPECTS(source.size() == labels.size());
  std::vector<std::size_t> known;
  double yes = 0.0;
  for (std::size_t r = 0; r < labels.size(); ++r) {
    if (!labels[r] || (without && fold_of(r) == *without)) continue;
    known.push_back(r);
    yes += *labels[r] ? 1.0 : 0.0;
  }
  const auto count = static_cast<double>(known.size());
  if (yes == 0.0 || yes == count) return;
  prior_ = std::log(yes / (count - yes));
  std::fill(shares_.begin(), shares_.end(), kShareBefore);
  // The likelihood is concave; steps are scaled by its curvature at most, so they cannot overshoot.
  std::vector<double> curvature(sources.size(), kPenalty);
  for (std::size_t s = 0; s < sources.size(); ++s)
    for (const std::size_t r : known)
      if (sources[s][r]) curvature[s] += 0.25 * *sources[s][r] * *sources[s][r];
  const double parts = static_cast<double>(sources.size()) + 1.0;
  for (int step = 0; step < kSteps; ++step) {
    double prior_slope = 0.0;
    std::vector<double> slopes(sources.size(), 0.0);
    for (const std::size_t r : known) {
      double log_odds = prior_;
      for (std::size_t s = 0; s < sources.size(); ++s)
        if (sources[s][r]) log_odds += shares_[s] * *sources[s][r];
      const double error = (*labels[r] ? 1.0 : 0.0) - probability_of(log_odds);
      prior_slope += error;
      for (std::size_t s = 0; s < sources.size(); ++s)
        if (sources[s][r]) slopes[s] += error * *sources[s][r];
    }
    prior_ += kStep * prior_slope / (0.25 * count) / parts;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const double slope = slopes[s] - kPenalty * (shares_[s] - kShareBefore);
      shares_[s] = std::clamp(shares_[s] + kStep * slope / curvature[s] / parts, 0.0, 1.0);
    }
  }
}

Fused EvidencePool::pool(std::span<const std::optional<double>> opinions) const {
  EXPECTS(opinions.size() == shares_.size());
  Fused out;
  out.prior = prior_;
  std::vector<statistics::Opinion> present;
  for (std::size_t s = 0; s < opinions.size(); ++s) {
    out.contributions.push_back(opinions[s] ? shares_[s] * *opinions[s] : 0.0);
    if (opinions[s]) present.push_back({*opinions[s], shares_[s]});
  }
  const statistics::Pooled pooled = statistics::pool_log_odds(prior_, 0.0, present, kCalibration);
  out.probability = probability_of(pooled.log_odds);
  out.low = probability_of(pooled.log_odds - statistics::kNormal95 * pooled.deviation);
  out.high = probability_of(pooled.log_odds + statistics::kNormal95 * pooled.deviation);
  return out;
}

double area_under_curve(std::span<const double> scores, const std::vector<bool>& yes) {
  EXPECTS(scores.size() == yes.size());
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double above = 0.0, positives = 0.0, negatives = 0.0;
  for (std::size_t begin = 0; begin < order.size();) {
    std::size_t end = begin;
    double ties_yes = 0.0, ties_no = 0.0;
    for (; end < order.size() && scores[order[end]] == scores[order[begin]]; ++end)
      (yes[order[end]] ? ties_yes : ties_no) += 1.0;
    above += ties_yes * (negatives + 0.5 * ties_no);
    positives += ties_yes;
    negatives += ties_no;
    begin = end;
  }
  return positives == 0.0 || negatives == 0.0 ? 0.5 : above / (positives * negatives);
}

}  // namespace skywarden::fusion
