// Square systems of linear equations in exact fractions, by elimination.
#pragma once

#include <optional>
#include <vector>

#include "games/rational.h"

namespace skywarden::games {

using Matrix = std::vector<std::vector<Rational>>;

// The one solution of a·x = b; nothing when there is none or more than one. a is square, as long as b.
[[nodiscard]] std::optional<std::vector<Rational>> solve(Matrix a, std::vector<Rational> b);
[[nodiscard]] Rational determinant(Matrix a);

}  // namespace skywarden::games
