// Equilibria of games of any number of players, by following logit responses. In a logit equilibrium of
// precision λ each strategy is played in proportion to w·exp(λ·payoff); from λ = 0, where only the weights w
// count, a path of such points leads to equilibria as λ grows. R. D. McKelvey, T. R. Palfrey, "Quantal
// response equilibria for normal form games", Games and Economic Behavior 10 (1995) 6-38; T. L. Turocy, "A
// dynamic homotopy interpretation of the logistic quantal response equilibrium correspondence", ibid. 51
// (2005) 243-263. The path is followed by its arc in the logarithms of the probabilities, so it may turn
// back; Newton's method on the strategies still in use sharpens its end. The path is floating point; what
// comes out is judged in exact fractions, so a wrong step finds nothing but never lies. Complete for one
// equilibrium in generic games; other weights find others, not always all.
#pragma once

#include "games/strategic_game.h"

namespace skywarden::games {

inline constexpr std::size_t kTracedProfilesMax = 20'000;
inline constexpr std::size_t kTracedStrategiesMax = 60;  // of all players together

// Of the largest payoff range of a player, at least 1.
inline constexpr double kRegretMax = 1e-8;

struct TracedEquilibrium {
  MixedProfile profile;  // exact fractions that sum to one
  Rational regret;       // exact, in payoffs; zero when the fractions are the equilibrium itself
};

// What `paths` weights lead to, equal ones once: first equal weights, then weights drawn from `seed`. May be
// empty. kLimitReached past the limits.
[[nodiscard]] Result<std::vector<TracedEquilibrium>> trace_equilibria(const StrategicGame& game,
                                                                      std::size_t paths, std::uint64_t seed);

}  // namespace skywarden::games
