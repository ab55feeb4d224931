// How often a place is seen: statistics of its accesses over an interval (Wertz, Mission Geometry; Orbit and
// Constellation Design and Management, 2001, section 9.5).
#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "base/time.h"

namespace skywarden::orbit {

struct Revisit {
  std::size_t accesses = 0;
  std::optional<Instant> first, last;
  std::optional<Duration> gap_mean, gap_max;  // between one access and the next; nothing below two accesses
  // The longest time without an access, counting from the interval's start and to its end.
  Duration unseen_max{0};
};

// `accesses` in the order of time, within start…end.
[[nodiscard]] Revisit revisit_of(std::span<const Instant> accesses, Instant start, Instant end);

}  // namespace skywarden::orbit
