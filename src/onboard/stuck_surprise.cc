#include "onboard/stuck_surprise.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr std::array<float, 4> kMoves{0.1F, 0.4F, 1.0F, 2.0F};  // usual moves
constexpr double kMemory = 20'000.0;                            // readings of a class

std::size_t class_of_move(float move) {
  if (std::isnan(move)) return kMoves.size() + 1;
  const float size = std::abs(move);
  return static_cast<std::size_t>(std::upper_bound(kMoves.begin(), kMoves.end(), size) - kMoves.begin());
}

}  // namespace

void StuckSurprise::arrive(Run& run, double value, bool tie, float neighbours_move) {
  const auto stated = static_cast<float>(value);
  // What counts is how common the value before is: that is what could be repeated. Doubling classes from one
  // reading in 256 on.
  const auto times = static_cast<unsigned>(run.commonness * 256.0F);
  const std::size_t common = std::min<std::size_t>(std::bit_width(times), kCommonnessClasses - 1);
  const std::size_t at = common * kMoveClasses + class_of_move(neighbours_move);
  if (tie) {
    ++run.length;
    const double share = (shares_[at].ties + 1.0) / (shares_[at].all + 4.0);
    run.surprise += static_cast<float>(-std::log(share));
  }
  if (run.length <= kLearntLength && !run.recent.empty()) seen_.push_back({at, tie});
  if (!tie) {
    run.length = 0;
    run.surprise = 0.0F;
    const auto equal = std::count(run.recent.begin(), run.recent.end(), stated);
    run.commonness =
        run.recent.empty() ? 0.0F : static_cast<float>(equal) / static_cast<float>(run.recent.size());
  }
  if (run.recent.size() < kRecent)
    run.recent.push_back(stated);
  else
    run.recent[run.next] = stated;
  run.next = (run.next + 1) % kRecent;
}

void StuckSurprise::learn() {
  for (const Seen& one : seen_) {
    Share& share = shares_[one.share];
    if (share.all >= kMemory) {
      share.ties *= 1.0 - 1.0 / kMemory;
      share.all *= 1.0 - 1.0 / kMemory;
    }
    share.ties += one.tie ? 1.0 : 0.0;
    share.all += 1.0;
  }
  seen_.clear();
}

}  // namespace skywarden::onboard
