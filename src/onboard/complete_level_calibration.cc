#include "onboard/complete_level_calibration.h"

#include <algorithm>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr std::size_t kShortGaps = 3;  // kinds of gap that are short

// Their sum before it is made 1.
double tilt_by(std::span<const double> odds, std::span<double> probabilities) {
  double total = 0.0;
  for (std::size_t l = 0; l < odds.size(); ++l) total += probabilities[l] *= odds[l];
  for (double& p : probabilities) p /= total;
  return total;
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

std::size_t LevelCalibration::gap_of(std::int64_t nearer, std::int64_t further) {
  return nearer <= 1 && further <= 1 ? 0 : nearer < 3 ? 1 : nearer < 17 ? 2 : 3;
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
  found_.assign(pool_count * levels, 1.0);
  odds_ = found_;
}

void LevelCalibration::tilt(std::size_t stream, std::size_t gap, std::span<double> probabilities) const {
  if (is_short(gap)) tilt_by(odds(pools_[stream]), probabilities);
}

std::size_t LevelCalibration::trials_at(std::size_t stream, std::size_t gap) const {
  return (stream * kShortGaps + gap) * levels_;
}

void LevelCalibration::see(std::size_t stream, std::size_t gap, std::span<const double> untilted) {
  if (!is_short(gap)) return;
  const std::span<float> sums = std::span(tried_).subspan(trials_at(stream, gap), levels_);
  double total = 0.0;
  for (std::size_t l = 0; l < levels_; ++l)
    total += static_cast<double>(sums[l] += static_cast<float>(untilted[l]));
  if (total > options_.trials_remembered)
    for (float& sum : sums) sum *= 0.5F;
}

void LevelCalibration::learn(std::size_t stream, std::size_t gap, double stated, bool right,
                             std::size_t truth) {
  const double weight = is_short(gap) ? odds(pools_[stream])[truth] : 1.0;
  const std::size_t bin = bin_of(gap, stated);
  of_streams_[stream * kGaps * kBins + bin].add(weight, stated, right, options_.remembered);
  of_pools_[pools_[stream] * kGaps * kBins + bin].add(weight, stated, right, options_.remembered);
}

void LevelCalibration::note(std::size_t stream, std::size_t gap, std::span<const double> untilted) {
  if (!is_short(gap)) return;
  if (asked_.streams.size() * levels_ < options_.asked_levels) {
    asked_.streams.push_back(0);
    asked_.gaps.push_back(0);
    asked_.untilted.resize(asked_.untilted.size() + levels_);
    asked_.next = asked_.streams.size() - 1;
  }
  const std::size_t at = asked_.next;
  asked_.streams[at] = static_cast<std::uint32_t>(stream);
  asked_.gaps[at] = static_cast<std::uint8_t>(gap);
  for (std::size_t l = 0; l < levels_; ++l)
    asked_.untilted[at * levels_ + l] = static_cast<float>(untilted[l]);
  asked_.next = (at + 1) % asked_.streams.size();
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

void LevelCalibration::refresh() {
  for (int turn = 0; turn < options_.turns; ++turn) take_turn();
  use_what_is_evident();
}

// `visit(where the pool's odds begin, sums of its trials, how many, probabilities)` of each missing cell that
// there are trials for.
template <typename Visit>
void LevelCalibration::for_asked(Visit visit) const {
  std::vector<double> trials(pools_.size() * kShortGaps, 0.0), untilted(levels_);
  for (std::size_t i = 0; i < tried_.size(); ++i) trials[i / levels_] += static_cast<double>(tried_[i]);
  for (std::size_t cell = 0; cell < asked_.streams.size(); ++cell) {
    const std::size_t stream = asked_.streams[cell], tried = trials_at(stream, asked_.gaps[cell]);
    const double count = trials[tried / levels_];
    if (count < options_.few_trials) continue;
    for (std::size_t l = 0; l < levels_; ++l)
      untilted[l] = static_cast<double>(asked_.untilted[cell * levels_ + l]);
    visit(pools_[stream] * levels_, std::span(tried_).subspan(tried, levels_), count, std::span(untilted));
  }
}

// Of expectation (what the missing cells are, tilted as before) and maximisation (by which odds).
void LevelCalibration::take_turn() {
  std::vector<double> asked(found_.size(), 0.0), expected(found_.size(), 0.0);
  for_asked([&](std::size_t pool, std::span<const float> tried, double trials, std::span<double> cell) {
    tilt_by(std::span(found_).subspan(pool, levels_), cell);
    for (std::size_t l = 0; l < levels_; ++l) {
      asked[pool + l] += cell[l];
      expected[pool + l] += static_cast<double>(tried[l]) / trials;
    }
  });
  for (std::size_t pool = 0; pool < found_.size(); pool += levels_) {
    double all = 0.0;
    for (std::size_t l = 0; l < levels_; ++l) all += expected[pool + l];
    if (all == 0.0) continue;
    for (std::size_t l = pool; l < pool + levels_; ++l) {
      const double prior = options_.few_asked * std::max(expected[l] / all, 1e-6);
      found_[l] =
          std::clamp((asked[l] + prior) / (expected[l] + prior), options_.odds_least, options_.odds_most);
    }
  }
}

// How much likelier the odds make the missing cells, held against how much they would make any.
void LevelCalibration::use_what_is_evident() {
  std::vector<double> gains(found_.size() / levels_, 0.0), cells(gains);
  for_asked([&](std::size_t pool, std::span<const float> tried, double trials, std::span<double> cell) {
    const std::span<const double> odds = std::span(found_).subspan(pool, levels_);
    double any = 0.0;
    for (std::size_t l = 0; l < levels_; ++l) any += odds[l] * static_cast<double>(tried[l]) / trials;
    gains[pool / levels_] += std::log(tilt_by(odds, cell) / any);
    cells[pool / levels_] += 1.0;
  });
  for (std::size_t pool = 0; pool < gains.size(); ++pool) {
    const double needed = options_.evidence * cells[pool] + static_cast<double>(levels_);
    for (std::size_t l = pool * levels_; l < (pool + 1) * levels_; ++l)
      odds_[l] = gains[pool] > needed ? found_[l] : 1.0;
  }
}

void LevelCalibration::forget_trials() {
  std::fill(tried_.begin(), tried_.end(), 0.0F);
  std::fill(of_streams_.begin(), of_streams_.end(), Reliability{});
  std::fill(of_pools_.begin(), of_pools_.end(), Reliability{});
}

void LevelCalibration::move_streams(StreamMoves moves, std::size_t streams) {
  onboard::move_streams(of_streams_, 1, streams, kGaps * kBins, moves, Reliability{});
  onboard::move_streams(tried_, 1, streams, kShortGaps * levels_, moves, 0.0F);
  pools_.assign(moves.size(), 0);
  std::vector<std::size_t> now_at(streams, kNewStream);
  for (std::size_t s = 0; s < moves.size(); ++s)
    if (moves[s] != kNewStream) now_at[moves[s]] = s;
  Asked kept;  // in their order, the oldest first
  const std::size_t cells = asked_.streams.size();
  for (std::size_t i = 0; i < cells; ++i) {
    const std::size_t cell = (asked_.next + i) % cells, stream = now_at[asked_.streams[cell]];
    if (stream == kNewStream) continue;
    kept.streams.push_back(static_cast<std::uint32_t>(stream));
    kept.gaps.push_back(asked_.gaps[cell]);
    const auto from = asked_.untilted.begin() + static_cast<std::ptrdiff_t>(cell * levels_);
    kept.untilted.insert(kept.untilted.end(), from, from + static_cast<std::ptrdiff_t>(levels_));
  }
  asked_ = std::move(kept);
}

}  // namespace skywarden::onboard
