// The split of what watching is worth, so that a satellite gains nothing by overstating its ability. A
// satellite's ability is the part of its views that turn out useful; geometry makes a view of a cell by a
// satellite worth so much at full ability. Plans are made from claimed abilities. Paying by claims, or each
// for the views it delivers, would reward overstating: it wins cells from abler ones. Instead each is paid
// its Shapley value, and in every marginal contribution its own views count with its ability as measured,
// while the plan follows its claim:
//   Σ over coalitions P of the others, weighted as by Shapley: worth of plan(P + it), its own views as
//   measured, minus worth of plan(P).
// No claim can raise the second term, and the first is largest when the plan is made for the ability that
// will be measured: so a true claim is at least as good as any other in expectation, whatever the others
// claim, when the measure is unbiased and no claim moves it (reference views judged by others). With true
// claims and exact measures the rewards are the Shapley values of the game of plans and sum to the worth of
// the plan. The idea is that of payments after execution: R. Porter, A. Ronen, Y. Shoham, M. Tennenholtz,
// "Fault tolerant mechanism design", Artificial Intelligence 172 (2008) 1783-1799, averaged over the orders
// of arrival as L. S. Shapley's value (1953).
#pragma once

#include "games/coalition_value.h"
#include "games/watch_plan.h"

namespace skywarden::games {

inline constexpr std::size_t kRewardedWatchersMax = 12;  // 2ⁿ plans; larger groups are split by region

using Abilities = std::vector<std::uint32_t>;  // per mille, 0…1000
inline constexpr std::uint32_t kFullAbility = 1000;

// worth · ability per mille, in thousandths of the units of `at_full_ability`; worths up to 2³⁰.
[[nodiscard]] WatchChoice choice_for(const WatchChoice& at_full_ability, const Abilities& abilities);

// In thousandths of the units of `at_full_ability`. Claims cost whoever claims too much: a reward may be
// negative.
[[nodiscard]] Result<std::vector<Rational>> watch_rewards(const WatchChoice& at_full_ability,
                                                          const Abilities& claimed,
                                                          const Abilities& measured);

}  // namespace skywarden::games
