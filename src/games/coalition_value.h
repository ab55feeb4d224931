// Shapley values and Banzhaf indices of coalition games, exactly, from the value of every coalition.
// L. S. Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953) 307-317; J. F.
// Banzhaf, Rutgers Law Review 19 (1965) 317-343; P. Dubey, L. S. Shapley, Mathematics of Operations Research
// 4 (1979) 99-131. Both follow from the sums of the values of all coalitions of one size, with a player and
// without. Coalitions are numbered by their members' bits, the first player's the lowest; the empty one comes
// first and may be worth something.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "games/rational.h"

namespace skywarden::games {

inline constexpr std::size_t kCoalitionPlayersMax = 25;  // 2²⁵ values

// Σ over coalitions of one size k of v(S): of all, and of those that a player belongs to.
struct SizeSums {
  std::vector<Rational> all;                // k = 0…n
  std::vector<std::vector<Rational>> with;  // [player][k]
};
// Whole values are summed in 128 bits. kOutOfRange when the number of values is no power of two up to 2²⁵.
[[nodiscard]] Result<SizeSums> size_sums(std::span<const std::int64_t> values);
// Fractions: as whole numbers where a common denominator makes them fit, else one by one.
[[nodiscard]] Result<SizeSums> size_sums(const std::vector<Rational>& values);

// What each player adds on average when all come in random order; sums to v(everybody) − v(nobody).
[[nodiscard]] std::vector<Rational> shapley_values(const SizeSums& sums);
// What each player adds on average to a coalition of the others drawn at random; also called raw or absolute.
[[nodiscard]] std::vector<Rational> banzhaf_values(const SizeSums& sums);

}  // namespace skywarden::games
