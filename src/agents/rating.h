// How well an agent does what it claims, from what others found: so many useful of so many views (or
// transfers, records, bytes fetched again). Older results count less, halving every `half_life`, so that a
// rating falls back to nothing known. Ranking uses the lower end of the interval in which the true part lies:
// E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927)
// 209-212, with z = 2. It is 0 without results, so a newcomer ranks below nobody else; it rises with every
// useful view and falls with every other one.
//
// Whole numbers only: replicas must agree to the byte.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace skywarden::agents {

inline constexpr std::uint32_t kPerMille = 1000;
inline constexpr std::uint32_t kResultViewsMax = 64;  // one result cannot outweigh many
inline constexpr std::uint32_t kRatedMax =
    4'000 * 1'000;  // thousandths of views remembered, useful and others together

struct Rating {
  std::uint32_t useful = 0, others = 0;  // thousandths of views, at `as_of`; together at most kRatedMax
  Instant as_of;                         // Instant{} when there are none
  friend bool operator==(const Rating&, const Rating&) = default;
};

// Decay goes in steps of an eighth of the half-life (> 0). Earlier than as_of: unchanged.
[[nodiscard]] Rating decayed(Rating rating, Instant now, Duration half_life);
// Expects 0 <= useful <= views <= kResultViewsMax, views > 0.
[[nodiscard]] Rating with_result(Rating rating, std::uint32_t useful, std::uint32_t views, Instant now,
                                 Duration half_life);
// A claim that grows (before < after, both > 0 or before 0) makes what was delivered a smaller part of what
// is claimed; claim times lower_bound never grows by it. A claim that shrinks changes nothing.
[[nodiscard]] Rating with_claim(Rating rating, std::uint64_t before, std::uint64_t after);

[[nodiscard]] std::uint32_t lower_bound(const Rating& rating);  // per mille, 0…999

}  // namespace skywarden::agents
