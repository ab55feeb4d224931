#include "onboard/complete_level_calibration.h"

#include <algorithm>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr std::size_t kShortGaps = 2;  // kinds of gap that are short

// True when it has become more than is remembered.
bool add(std::span<float> sums, std::span<const double> more, double remembered) {
  double total = 0.0;
  for (std::size_t l = 0; l < sums.size(); ++l) {
    sums[l] += static_cast<float>(more[l]);
    total += static_cast<double>(sums[l]);
  }
  return total > remembered;
}

}  // namespace

void LevelCalibration::Reliability::add(double weight, double said, bool was_right, double remembered) {
  count += static_cast<float>(weight);
  stated += static_cast<float>(weight * said);
  right += was_right ? static_cast<float>(weight) : 0.0F;
  if (static_cast<double>(count) < remembered) return;
  count *= 0.5F;
  stated *= 0.5F;
  right *= 0.5F;
}

std::size_t LevelCalibration::gap_of(std::int64_t slots) {
  return slots < 3 ? 0 : slots < 17 ? 1 : 2;
}

std::size_t LevelCalibration::bin_of(std::size_t gap, double stated) {
  return gap * kBins + std::min(kBins - 1, static_cast<std::size_t>(stated * kBins));
}

LevelCalibration::LevelCalibration(std::size_t levels, std::size_t streams, std::vector<std::uint32_t> pools,
                                   LevelCalibrationOptions options)
    : levels_(levels), pools_(std::move(pools)), options_(options) {
  std::size_t pool_count = 1;
  for (const std::uint32_t p : pools_) pool_count = std::max<std::size_t>(pool_count, p + 1);
  of_streams_.resize(streams * kGaps * kBins);
  of_pools_.resize(pool_count * kGaps * kBins);
  tried_.assign(streams * kShortGaps * levels, 0.0F);
  asked_ = tried_;
  odds_.assign(pool_count * levels, 1.0);
}

void LevelCalibration::tilt(std::size_t stream, std::size_t gap, std::span<double> probabilities) const {
  if (!is_short(gap)) return;
  const std::span<const double> odds = this->odds(pools_[stream]);
  double total = 0.0;
  for (std::size_t l = 0; l < levels_; ++l) total += probabilities[l] *= odds[l];
  for (double& p : probabilities) p /= total;
}

void LevelCalibration::see(std::size_t stream, std::size_t gap, std::span<const double> untilted) {
  if (!is_short(gap)) return;
  if (add(sums_of(tried_, stream, gap), untilted, options_.cells_remembered)) fade(stream, gap);
}

void LevelCalibration::learn(std::size_t stream, std::size_t gap, double stated, bool right,
                             std::size_t truth) {
  const double weight = is_short(gap) ? odds(pools_[stream])[truth] : 1.0;
  const std::size_t bin = bin_of(gap, stated);
  of_streams_[stream * kGaps * kBins + bin].add(weight, stated, right, options_.remembered);
  of_pools_[pools_[stream] * kGaps * kBins + bin].add(weight, stated, right, options_.remembered);
}

void LevelCalibration::note(std::size_t stream, std::size_t gap, std::span<const double> tilted) {
  if (!is_short(gap)) return;
  if (add(sums_of(asked_, stream, gap), tilted, options_.cells_remembered)) fade(stream, gap);
}

double LevelCalibration::correction(std::size_t stream, std::size_t gap, double stated) const {
  const std::size_t bin = bin_of(gap, stated);
  double out = 1.0;
  for (const Reliability& seen :
       {of_pools_[pools_[stream] * kGaps * kBins + bin], of_streams_[stream * kGaps * kBins + bin]}) {
    const double few = options_.few_trials * stated;
    out = (static_cast<double>(seen.right) + few * out) / (static_cast<double>(seen.stated) + few);
  }
  return std::min(out, 1.0 / stated);
}

std::span<float> LevelCalibration::sums_of(std::vector<float>& sums, std::size_t stream,
                                           std::size_t gap) const {
  return std::span(sums).subspan((stream * kShortGaps + gap) * levels_, levels_);
}

// Both at once: they are compared, so they must be of the same times.
void LevelCalibration::fade(std::size_t stream, std::size_t gap) {
  for (float& sum : sums_of(tried_, stream, gap)) sum *= 0.5F;
  for (float& sum : sums_of(asked_, stream, gap)) sum *= 0.5F;
}

void LevelCalibration::refresh() {
  std::vector<double> asked(odds_.size(), 0.0), expected(odds_.size(), 0.0);
  for (std::size_t s = 0; s < pools_.size(); ++s) {
    const std::size_t pool = pools_[s] * levels_;
    for (std::size_t gap = 0; gap < kShortGaps; ++gap) {
      const std::span<const float> tried = sums_of(tried_, s, gap), lost = sums_of(asked_, s, gap);
      double trials = 0.0, cells = 0.0;
      for (std::size_t l = 0; l < levels_; ++l) {
        trials += static_cast<double>(tried[l]);
        cells += static_cast<double>(lost[l]);
      }
      if (trials < options_.few_trials) continue;
      for (std::size_t l = 0; l < levels_; ++l) {
        asked[pool + l] += static_cast<double>(lost[l]);
        expected[pool + l] += cells * static_cast<double>(tried[l]) / trials;
      }
    }
  }
  for (std::size_t pool = 0; pool < odds_.size(); pool += levels_) {
    double all = 0.0;
    for (std::size_t l = 0; l < levels_; ++l) all += expected[pool + l];
    if (all == 0.0) continue;
    const std::span<double> odds = std::span(odds_).subspan(pool, levels_);
    const auto off_one = [](double o) { return std::abs(std::log(o)); };
    const bool tilted = std::any_of(odds.begin(), odds.end(), [](double o) { return o != 1.0; });
    double farthest = 0.0;
    for (std::size_t l = 0; l < levels_; ++l) {
      const double prior = options_.few_asked * std::max(expected[pool + l] / all, 1e-6);
      odds[l] = std::clamp((asked[pool + l] + prior) / (expected[pool + l] + prior), options_.odds_least,
                           options_.odds_most);
      farthest = std::max(farthest, off_one(odds[l]));
    }
    if (farthest < (tilted ? 0.5 : 1.0) * options_.chance) std::fill(odds.begin(), odds.end(), 1.0);
  }
}

void LevelCalibration::forget_trials() {
  std::fill(tried_.begin(), tried_.end(), 0.0F);
  std::fill(of_streams_.begin(), of_streams_.end(), Reliability{});
  std::fill(of_pools_.begin(), of_pools_.end(), Reliability{});
}

void LevelCalibration::forget_asked() {
  std::fill(asked_.begin(), asked_.end(), 0.0F);
}

void LevelCalibration::move_streams(StreamMoves moves, std::size_t streams) {
  onboard::move_streams(of_streams_, 1, streams, kGaps * kBins, moves, Reliability{});
  onboard::move_streams(tried_, 1, streams, kShortGaps * levels_, moves, 0.0F);
  onboard::move_streams(asked_, 1, streams, kShortGaps * levels_, moves, 0.0F);
  pools_.assign(moves.size(), 0);
}

}  // namespace skywarden::onboard
