// All equilibria of a game of two, in exact fractions. A degenerate game may have infinitely many; they are
// unions of products of polytopes whose corners are the extreme equilibria, so those say everything: pairs of
// vertices of the two best-response polytopes that together have every label. D. Avis, G. D. Rosenberg, R.
// Savani, B. von Stengel, "Enumeration of Nash equilibria for two-player games", Economic Theory 42 (2010)
// 9-37. Supports of unequal size are covered; finding one equilibrium quickly is lemke_howson.
#pragma once

#include "games/strategic_game.h"

namespace skywarden::games {

inline constexpr std::size_t kEnumeratedLabelsMax = 64;  // strategies of both together
// Entries of a tableau that may be computed for each polytope: 12 × 12 of random payoffs needs a third of it.
inline constexpr std::size_t kEnumeratedEntriesMax = 300'000'000;

struct ExtremeEquilibria {
  std::vector<MixedProfile> profiles;  // ascending, none twice; never empty
  bool degenerate = false;             // some strategy has more best replies than it uses
};

// kLimitReached when the game is too large. The game has two players.
[[nodiscard]] Result<ExtremeEquilibria> extreme_equilibria(const StrategicGame& game);

// The equilibrium that the path without `label` leads to from the origins; a label for each strategy, the
// first player's first. C. E. Lemke, J. T. Howson, "Equilibrium points of bimatrix games", SIAM J. Appl.
// Math. 12 (1964) 413-423. kLimitReached after `pivots_max`: a path may be exponentially long (Savani and von
// Stengel 2006).
[[nodiscard]] Result<MixedProfile> lemke_howson(const StrategicGame& game, std::size_t label);

}  // namespace skywarden::games
