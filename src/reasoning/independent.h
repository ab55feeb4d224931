// The heaviest set of pieces of evidence of which no two share a source or an observation: what may be
// multiplied as if independent. Exact (branch and bound) within a step limit; past it, the best set found,
// which is never lighter than the greedy one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace skywarden::reasoning {

struct Piece {
  std::int64_t weight = 0;  // > 0; an integer, so that sums do not depend on their order
  std::string_view source;
  std::span<const ObservationId> observations;  // ascending, unique
};

inline constexpr std::size_t kSearchStepsMax = 20'000;
inline constexpr std::size_t kSearchPiecesMax = 64;  // after dominated pieces are gone, the heaviest

// Pieces in descending order of weight; ties in an order the caller chooses. Indices, ascending.
[[nodiscard]] std::vector<std::size_t> heaviest_independent(std::span<const Piece> pieces);

}  // namespace skywarden::reasoning
