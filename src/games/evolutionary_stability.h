// Strategies that a population keeps although some of it change (ESS), decided in exact fractions and for
// mixtures too: x is one when every other y earns less against x, or as much and then y·Ay < x·Ay. J. Maynard
// Smith, G. R. Price, "The logic of animal conflict", Nature 246 (1973) 15-18; J. Haigh, "Game theory and
// evolution", Advances in Applied Probability 7 (1975) 8-11; A. Abakuks, "Conditions for evolutionarily
// stable strategies", J. Appl. Prob. 17 (1980) 559-562: the second part is strict copositivity of a matrix
// over the best replies that x does not use. That is decided by determinants of principal submatrices (E. L.
// Keller, in Cottle, Habetler, Lemke, Linear Algebra and its Applications 3 (1970) 295-310).
#pragma once

#include <optional>
#include <vector>

#include "games/linear_system.h"

namespace skywarden::games {

inline constexpr std::size_t kEssStrategiesMax = 10;  // 2ⁿ supports, each with up to 2ⁿ submatrices

// a[own][other's], square; x a probability for each strategy. kLimitReached past the limit, kOutOfRange for
// shapes.
[[nodiscard]] Result<bool> is_evolutionarily_stable(const Matrix& a, const std::vector<Rational>& x);
// All of them, by their supports; finitely many, perhaps none.
[[nodiscard]] Result<std::vector<std::vector<Rational>>> evolutionarily_stable_strategies(const Matrix& a);

// The only mixture of all strategies by which all earn the same; nothing when there is none or more than one.
[[nodiscard]] std::optional<std::vector<Rational>> interior_rest_point(const Matrix& a);

// zᵀMz > 0 for every z ≥ 0 other than zero; M symmetric.
[[nodiscard]] bool strictly_copositive(const Matrix& m);

}  // namespace skywarden::games
