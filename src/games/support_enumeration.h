// Equilibria of a game of two, support by support: every pair of equally many strategies of each player that
// makes the other indifferent in exactly one way. Complete for games that are not degenerate; in others
// two_player_equilibria finds more. Slow and plain: C(m + n, m) pairs of systems. B. von Stengel,
// "Equilibrium computation for two-player games in strategic and extensive form", in Nisan et al.,
// Algorithmic Game Theory (2007), algorithm 3.4.
#pragma once

#include "games/strategic_game.h"

namespace skywarden::games {

inline constexpr std::size_t kSupportPairsMax = 20'000;  // as many as 8 × 8 has

// By size of the supports, then in their order. kLimitReached for too many pairs. The game has two players.
[[nodiscard]] Result<std::vector<MixedProfile>> equal_support_equilibria(const StrategicGame& game);

}  // namespace skywarden::games
