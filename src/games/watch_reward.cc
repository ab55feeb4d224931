#include "games/watch_reward.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::games {
namespace {

constexpr std::int64_t kWorthMax = std::int64_t{1} << 30;

Result<void> validate_rewards(const WatchChoice& choice, const Abilities& claimed,
                              const Abilities& measured) {
  if (auto sound = validate(choice); !sound) return sound;
  const std::size_t n = choice.worth.size();
  if (n > kRewardedWatchersMax)
    return fail(Errc::kLimitReached, "expected at most {} satellites, found {}", kRewardedWatchersMax, n);
  for (const Abilities* abilities : {&claimed, &measured})
    if (abilities->size() != n || std::any_of(abilities->begin(), abilities->end(),
                                              [](std::uint32_t ability) { return ability > kFullAbility; }))
      return fail(Errc::kOutOfRange, "expected {} abilities of 0 to {}", n, kFullAbility);
  for (const auto& row : choice.worth)
    if (std::any_of(row.begin(), row.end(), [](std::int64_t worth) { return worth > kWorthMax; }))
      return fail(Errc::kOutOfRange, "expected worths of at most {}", kWorthMax);
  return {};
}

// The plan of a coalition: the others have no views.
WatchPlan plan_of(const WatchChoice& choice, std::size_t members) {
  WatchChoice only = choice;
  for (std::size_t s = 0; s < only.views.size(); ++s)
    if ((members >> s & 1U) == 0) only.views[s] = 0;
  return best_plan(only);
}

}  // namespace

WatchChoice choice_for(const WatchChoice& at_full_ability, const Abilities& abilities) {
  EXPECTS(abilities.size() == at_full_ability.worth.size());
  WatchChoice choice = at_full_ability;
  for (std::size_t s = 0; s < abilities.size(); ++s)
    for (std::int64_t& worth : choice.worth[s]) worth *= abilities[s];
  return choice;
}

Result<std::vector<Rational>> watch_rewards(const WatchChoice& at_full_ability, const Abilities& claimed,
                                            const Abilities& measured) {
  if (auto sound = validate_rewards(at_full_ability, claimed, measured); !sound)
    return tl::unexpected(sound.error());
  const WatchChoice as_claimed = choice_for(at_full_ability, claimed);
  const WatchChoice as_measured = choice_for(at_full_ability, measured);
  const std::size_t n = claimed.size();
  std::vector<std::int64_t> claimed_worth(std::size_t{1} << n, 0);
  std::vector<std::vector<std::int64_t>> with_measured(n, claimed_worth);  // [satellite][coalition]
  for (std::size_t members = 0; members < claimed_worth.size(); ++members) {
    const WatchPlan plan = plan_of(as_claimed, members);
    claimed_worth[members] = total_worth(as_claimed, plan);
    for (std::size_t s = 0; s < n; ++s) with_measured[s][members] = claimed_worth[members];
    for (std::size_t c = 0; c < plan.size(); ++c)
      if (const std::size_t s = plan[c]; s != kUnwatched)
        with_measured[s][members] += as_measured.worth[s][c] - as_claimed.worth[s][c];
  }
  std::vector<Rational> rewards;
  for (std::size_t s = 0; s < n; ++s) {
    const auto sums = size_sums(std::span<const std::int64_t>(with_measured[s]));
    if (!sums) return tl::unexpected(sums.error());
    rewards.push_back(shapley_values(*sums)[s]);
  }
  return rewards;
}

}  // namespace skywarden::games
