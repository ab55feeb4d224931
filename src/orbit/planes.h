// Which satellites fly in one orbital plane: their planes are the closest failure domain there is, as those
// who share one often share a launcher, a bus and what the Sun does to them. A plane is told by its normal,
// from inclination and node as published; sets whose epochs lie weeks apart have turned on meanwhile, so give
// sets of one time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/units.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

// A number from 1 for each set, in their order. Whoever is within `apart_max` of the first of a plane joins
// it, the lowest number first; so two of one plane are at most twice that apart, and planes do not chain.
// Expects 0 to 90 degrees.
[[nodiscard]] std::vector<std::uint32_t> orbital_planes(std::span<const ElementSet> sets, Degrees apart_max);

}  // namespace skywarden::orbit
