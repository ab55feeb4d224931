// A game in strategic (normal) form with exact payoffs, and what can be said of a profile of mixed
// strategies. J. Nash, "Non-cooperative games", Annals of Mathematics 54 (1951) 286-295.
#pragma once

#include <string>
#include <vector>

#include "games/rational.h"

namespace skywarden::games {

inline constexpr std::size_t kGamePlayersMax = 16;
inline constexpr std::size_t kGamePayoffsMax = 1'000'000;  // players times pure profiles

using PureProfile = std::vector<std::size_t>;  // a strategy of each player, from 0
using Mixed = std::vector<Rational>;           // a probability for each strategy of one player; sum 1
using MixedProfile = std::vector<Mixed>;       // one of each player

struct StrategicGame {
  std::string title;
  std::vector<std::string> players;
  std::vector<std::size_t> strategies;  // how many each player has, each > 0
  std::vector<Rational> payoffs;  // [profile * players + player]; in `profile` the first player runs fastest

  [[nodiscard]] std::size_t profiles() const;  // product of strategies
  [[nodiscard]] std::size_t index(const PureProfile& profile) const;
  [[nodiscard]] const Rational& payoff(const PureProfile& profile, std::size_t player) const;
};

// Goes to the next profile, first player fastest; false, and back at the first one, after the last.
bool advance(const StrategicGame& game, PureProfile& profile);

// What each pure strategy of `player` earns when the others play the profile.
[[nodiscard]] std::vector<Rational> payoffs_against(const StrategicGame& game, const MixedProfile& others,
                                                    std::size_t player);
[[nodiscard]] std::vector<Rational> expected_payoffs(const StrategicGame& game, const MixedProfile& profile);

// How much the player who could gain most would gain by another strategy; zero exactly at an equilibrium.
[[nodiscard]] Rational regret(const StrategicGame& game, const MixedProfile& profile);
// Probabilities that are not negative and sum to one, of the right number.
[[nodiscard]] bool is_profile(const StrategicGame& game, const MixedProfile& profile);
[[nodiscard]] bool is_equilibrium(const StrategicGame& game, const MixedProfile& profile);

[[nodiscard]] MixedProfile as_mixed(const StrategicGame& game, const PureProfile& profile);
// All equilibria in pure strategies, in the order of their profiles.
[[nodiscard]] std::vector<PureProfile> pure_equilibria(const StrategicGame& game);

}  // namespace skywarden::games
