// Which satellites watch which cells in the passes to come. A cell is watched by one satellite at most, a
// satellite views so many cells at most, and a view is worth something to the constellation. Maximum-weight
// matching by augmenting paths of the largest gain, in whole numbers: R. Ahuja, T. Magnanti, J. Orlin,
// Network Flows (1993), §9.7 (successive shortest paths).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/result.h"

namespace skywarden::games {

inline constexpr std::size_t kWatchersMax = 1000;
inline constexpr std::size_t kWatchedCellsMax = 10'000;
inline constexpr std::int64_t kViewWorthMax = std::int64_t{1} << 40;
inline constexpr std::size_t kUnwatched = std::numeric_limits<std::size_t>::max();

struct WatchChoice {
  std::vector<std::uint32_t> views;              // how many cells each satellite can view
  std::vector<std::vector<std::int64_t>> worth;  // [satellite][cell] of a view, 0: cannot see it
};
[[nodiscard]] Result<void> validate(const WatchChoice& choice);  // shapes, limits, worths of 0…kViewWorthMax

using WatchPlan = std::vector<std::size_t>;  // cell → satellite, or kUnwatched

// The plan of the largest total worth; of equal ones always the same. The choice is valid.
[[nodiscard]] WatchPlan best_plan(const WatchChoice& choice);
// Again and again the view that is worth most of those still possible, what schedulers commonly do: at least
// half of the best total.
[[nodiscard]] WatchPlan greedy_plan(const WatchChoice& choice);

[[nodiscard]] std::int64_t total_worth(const WatchChoice& choice, const WatchPlan& plan);

}  // namespace skywarden::games
