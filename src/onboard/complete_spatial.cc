#include "onboard/complete_spatial.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "onboard/cholesky.h"

namespace skywarden::onboard {
namespace {

constexpr std::size_t kRankEvery = 24;  // slots

// So that there is an order whatever numbers a schema without ranges lets in.
double distance(double variance) {
  return std::isnan(variance) ? std::numeric_limits<double>::infinity() : variance;
}

}  // namespace

SpatialModel::SpatialModel(std::size_t streams, std::size_t fields, SpatialOptions options)
    : streams_(streams), fields_(fields), options_(options), pairs_(streams * streams * fields) {
  rank_neighbours();
}

void SpatialModel::rank_neighbours() {
  ranked_.resize(fields_ * streams_ * streams_);
  for (std::size_t f = 0; f < fields_; ++f) {
    for (std::size_t s = 0; s < streams_; ++s) {
      auto* begin = ranked_.data() + (f * streams_ + s) * streams_;
      for (std::size_t k = 0; k < streams_; ++k) begin[k] = static_cast<std::uint32_t>(k);
      // By distance, then by number: a stable order without the memory that a stable sort asks for.
      std::sort(begin, begin + streams_, [&](std::uint32_t a, std::uint32_t b) {
        const Pair& left = pair(s, a, f);
        const Pair& right = pair(s, b, f);
        const bool left_ready = left.count >= options_.pairs_min;
        const bool right_ready = right.count >= options_.pairs_min;
        if (left_ready != right_ready) return left_ready;
        const double nearer = distance(left.variance), other = distance(right.variance);
        return !left_ready || nearer == other ? a < b : nearer < other;
      });
    }
  }
}

bool SpatialModel::solve(std::size_t stream, std::size_t field, double* answer) {
  const std::size_t n = asked_.size();
  if (pair(stream, asked_.front(), field).count < options_.pairs_min) {  // too few to tell them apart
    *answer = std::accumulate(asked_levels_.begin(), asked_levels_.end(), 0.0) / static_cast<double>(n);
    return true;
  }
  // cov(d_k, d_l) of the differences d_k = stream − k follows from the three variances of differences.
  matrix_.resize(n * n);
  right_.assign(n, 1.0);
  for (std::size_t i = 0; i < n; ++i) {
    const double own = pair(stream, asked_[i], field).variance + 1e-9;
    for (std::size_t j = 0; j < i; ++j) {
      const Pair& between = pair(asked_[i], asked_[j], field);
      const double other = pair(stream, asked_[j], field).variance + 1e-9;
      const double least = 0.9 * std::min(own, other);
      const double covariance =
          between.count >= options_.pairs_min ? 0.5 * (own + other - between.variance) : 0.5 * least;
      matrix_[i * n + j] = matrix_[j * n + i] = std::clamp(covariance, -least, least);
    }
    matrix_[i * n + i] = own * (1.0 + options_.nugget);
  }
  double sum = 0.0;
  bool sound = solve_cholesky(matrix_, std::span(right_).first(n), Dependent::kFails);
  for (std::size_t i = 0; sound && i < n; ++i) {
    right_[i] = std::max(right_[i], 0.0);  // a neighbour never speaks against itself
    sum += right_[i];
  }
  if (!sound || sum <= 0.0) {
    sum = 0.0;
    for (std::size_t i = 0; i < n; ++i)
      sum += right_[i] = 1.0 / (pair(stream, asked_[i], field).variance + 1e-9);
  }
  double total = 0.0;
  for (std::size_t i = 0; i < n; ++i) total += right_[i] * asked_levels_[i];
  *answer = total / sum;
  return true;
}

template <typename Visit>
void SpatialModel::for_asked(const Work& work, std::size_t slot, std::size_t stream, std::size_t field,
                             const CopyFinder& copies, bool causal, Visit visit) const {
  const Panel& panel = work.panel;
  const std::uint32_t* ranked = ranked_.data() + (field * streams_ + stream) * streams_;
  std::size_t asked = 0;
  for (const double pairs : {options_.pairs_min, options_.pairs_first}) {
    for (std::size_t i = 0; i < streams_ && asked < options_.neighbours_max; ++i) {
      const std::uint32_t k = ranked[i];
      if (k == stream || pair(stream, k, field).count < pairs) continue;
      const std::size_t theirs = panel.at(slot, k, field);
      if (!work.known(theirs) || copies.copies(stream, k, field)) continue;
      if (causal && !panel.arrived_before(slot, stream, k)) continue;
      ++asked;
      visit(k, theirs);
    }
    if (asked > 0) return;
  }
}

void SpatialModel::estimate(Work& work, std::size_t slot, std::size_t stream, const CopyFinder& copies,
                            bool causal) {
  for (std::size_t f = 0; f < fields_; ++f) {
    if (work.is_number[f] == 0) continue;
    asked_.clear();
    asked_levels_.clear();
    for_asked(work, slot, stream, f, copies, causal, [&](std::uint32_t k, std::size_t theirs) {
      asked_.push_back(k);
      const double level = static_cast<double>(work.levels[theirs]) + pair(stream, k, f).mean;
      asked_levels_.push_back(asked_levels_.empty() ? level
                                                    : work.scales[f].near(level, asked_levels_.front()));
    });
    if (asked_.empty()) continue;
    double answer = 0.0;
    if (!solve(stream, f, &answer)) continue;
    const std::size_t cell = work.panel.at(slot, stream, f);
    work.spatial[cell] = static_cast<float>(answer);
    work.flags[cell] |= Work::kHasSpatial;
  }
}

std::size_t SpatialModel::nearest(const Work& work, std::size_t slot, std::size_t stream, std::size_t field,
                                  const CopyFinder& copies, bool causal, std::span<NearStream> out,
                                  std::vector<float>* levels) const {
  std::size_t found = 0;
  levels->clear();
  for_asked(work, slot, stream, field, copies, causal, [&](std::uint32_t k, std::size_t theirs) {
    const float level = work.levels[theirs];
    levels->push_back(level);
    const Pair& between = pair(stream, k, field);
    if (found < out.size()) out[found++] = {level + between.mean, std::sqrt(between.variance)};
  });
  return found;
}

void SpatialModel::learn(const Work& work, std::size_t slot, bool causal) {
  const Panel& panel = work.panel;
  for (std::size_t f = 0; f < fields_; ++f) {
    if (work.is_number[f] == 0) continue;
    for (std::size_t s = 0; s < streams_; ++s) {
      const std::size_t mine = panel.at(slot, s, f);
      if (!work.known(mine)) continue;
      for (std::size_t k = 0; k < streams_; ++k) {
        const std::size_t theirs = panel.at(slot, k, f);
        if (k == s || !work.known(theirs)) continue;
        if (causal && !panel.arrived_before(slot, s, k)) continue;
        Pair& p = pair(s, k, f);
        const double apart = static_cast<double>(work.levels[mine]) - work.levels[theirs];
        double step = work.scales[f].beyond(apart, p.mean);
        if (p.count >= options_.pairs_min) {
          const double limit = options_.outlier_deviations * std::sqrt(p.variance) + 1e-6;
          step = std::clamp(step, -limit, limit);
        }
        p.count += 1.0F;
        const double share_mean = 1.0 / std::min<double>(p.count, options_.memory_bias);
        const double share_variance = 1.0 / std::min<double>(p.count, options_.memory_variance);
        p.variance += static_cast<float>(share_variance * (step * step * (1.0 - share_mean) - p.variance));
        p.mean += static_cast<float>(share_mean * step);
      }
    }
  }
  if (++learnt_ % kRankEvery == 0) rank_neighbours();
}

void SpatialModel::move_streams(StreamMoves moves) {
  const std::size_t before = streams_;
  onboard::move_streams(pairs_, fields_ * before, before, 1, moves, Pair{});
  onboard::move_streams(pairs_, fields_, before, moves.size(), moves, Pair{});
  // The order of those that stay is kept until the next ranking; new streams come last.
  std::vector<std::uint32_t> ranked;
  for (std::size_t f = 0; f < fields_; ++f) {
    for (std::size_t s = 0; s < moves.size(); ++s) {
      const std::uint32_t* old =
          moves[s] == kNewStream ? nullptr : ranked_.data() + (f * before + moves[s]) * before;
      for (std::size_t i = 0; old != nullptr && i < before; ++i) {
        const auto there = std::find(moves.begin(), moves.end(), old[i]);
        if (there != moves.end()) ranked.push_back(static_cast<std::uint32_t>(there - moves.begin()));
      }
      for (std::size_t k = 0; k < moves.size(); ++k)
        if (moves[k] == kNewStream || old == nullptr) ranked.push_back(static_cast<std::uint32_t>(k));
    }
  }
  ranked_ = std::move(ranked);
  streams_ = moves.size();
}

}  // namespace skywarden::onboard
