#include "games/watch_plan.h"

#include <algorithm>
#include <tuple>

#include "base/contract.h"

namespace skywarden::games {
namespace {

constexpr std::int64_t kNoWay = std::numeric_limits<std::int64_t>::min();

// A path begins at a satellite with a view to spare, takes a cell, perhaps from another satellite, which
// takes another cell instead, and ends at a cell that nobody watched.
struct Ways {
  std::vector<std::int64_t> to_satellite, to_cell;  // the largest gain of a way so far
  std::vector<std::size_t> cell_from;               // the satellite before the cell
};

Ways largest_gains(const WatchChoice& choice, const WatchPlan& plan,
                   const std::vector<std::uint32_t>& spare) {
  const std::size_t satellites = choice.worth.size();
  Ways ways{std::vector<std::int64_t>(satellites, kNoWay), std::vector<std::int64_t>(plan.size(), kNoWay),
            std::vector<std::size_t>(plan.size(), kUnwatched)};
  for (std::size_t s = 0; s < satellites; ++s)
    if (spare[s] > 0) ways.to_satellite[s] = 0;
  // Bellman and Ford: a plan of largest worth for its number of views leaves no cycle that gains.
  for (bool changed = true; changed;) {
    changed = false;
    for (std::size_t s = 0; s < satellites; ++s) {
      if (ways.to_satellite[s] == kNoWay) continue;
      for (std::size_t c = 0; c < plan.size(); ++c) {
        if (choice.worth[s][c] == 0 || plan[c] == s) continue;
        const std::int64_t gain = ways.to_satellite[s] + choice.worth[s][c];
        if (gain <= ways.to_cell[c]) continue;
        ways.to_cell[c] = gain;
        ways.cell_from[c] = s;
        changed = true;
        if (plan[c] != kUnwatched)
          ways.to_satellite[plan[c]] = std::max(ways.to_satellite[plan[c]], gain - choice.worth[plan[c]][c]);
      }
    }
  }
  return ways;
}

// The cell that the satellite gives up on its way here.
std::size_t given_up(const WatchChoice& choice, const WatchPlan& plan, const Ways& ways,
                     std::size_t satellite) {
  for (std::size_t c = 0; c < plan.size(); ++c)
    if (plan[c] == satellite && ways.to_cell[c] != kNoWay &&
        ways.to_cell[c] - choice.worth[satellite][c] == ways.to_satellite[satellite])
      return c;
  return kUnwatched;
}

}  // namespace

Result<void> validate(const WatchChoice& choice) {
  if (choice.views.size() != choice.worth.size() || choice.views.size() > kWatchersMax)
    return fail(Errc::kOutOfRange, "expected views and worths of at most {} satellites", kWatchersMax);
  for (const auto& row : choice.worth) {
    if (row.size() != choice.worth.front().size() || row.size() > kWatchedCellsMax)
      return fail(Errc::kOutOfRange, "expected a worth for each of at most {} cells", kWatchedCellsMax);
    for (const std::int64_t worth : row)
      if (worth < 0 || worth > kViewWorthMax)
        return fail(Errc::kOutOfRange, "expected a worth of 0 to {}, found {}", kViewWorthMax, worth);
  }
  return {};
}

WatchPlan best_plan(const WatchChoice& choice) {
  EXPECTS(validate(choice).has_value());
  WatchPlan plan(choice.worth.empty() ? 0 : choice.worth.front().size(), kUnwatched);
  std::vector<std::uint32_t> spare = choice.views;
  while (true) {
    const Ways ways = largest_gains(choice, plan, spare);
    std::size_t end = kUnwatched;
    for (std::size_t c = 0; c < plan.size(); ++c)
      if (plan[c] == kUnwatched && ways.to_cell[c] > 0 &&
          (end == kUnwatched || ways.to_cell[c] > ways.to_cell[end]))
        end = c;
    if (end == kUnwatched) return plan;
    // Backwards: each satellite takes the cell and gives up the one before, until one has a view to spare.
    for (std::size_t cell = end, steps = 0;; ++steps) {
      ENSURES(steps <= plan.size());
      const std::size_t satellite = ways.cell_from[cell];
      const std::size_t before = spare[satellite] > 0 ? kUnwatched : given_up(choice, plan, ways, satellite);
      plan[cell] = satellite;
      if (before == kUnwatched) {
        EXPECTS(spare[satellite] > 0);
        --spare[satellite];
        break;
      }
      cell = before;
    }
  }
}

WatchPlan greedy_plan(const WatchChoice& choice) {
  EXPECTS(validate(choice).has_value());
  std::vector<std::tuple<std::int64_t, std::size_t, std::size_t>>
      possible;  // minus the worth, satellite, cell
  for (std::size_t s = 0; s < choice.worth.size(); ++s)
    for (std::size_t c = 0; c < choice.worth[s].size(); ++c)
      if (choice.worth[s][c] > 0) possible.emplace_back(-choice.worth[s][c], s, c);
  std::sort(possible.begin(), possible.end());
  WatchPlan plan(choice.worth.empty() ? 0 : choice.worth.front().size(), kUnwatched);
  std::vector<std::uint32_t> spare = choice.views;
  for (const auto& [worth, satellite, cell] : possible) {
    if (plan[cell] != kUnwatched || spare[satellite] == 0) continue;
    plan[cell] = satellite;
    --spare[satellite];
  }
  return plan;
}

std::int64_t total_worth(const WatchChoice& choice, const WatchPlan& plan) {
  std::int64_t total = 0;
  for (std::size_t c = 0; c < plan.size(); ++c)
    if (plan[c] != kUnwatched) total += choice.worth[plan[c]][c];
  return total;
}

}  // namespace skywarden::games
