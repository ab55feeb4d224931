// Whether a satellite sees the Sun. Conical: the discs of the Earth and the Sun as the satellite sees them
// overlap or not (Montenbruck and Gill, Satellite Orbits, section 3.4.2), with umbra, penumbra and the
// antumbra far behind the Earth. Cylindrical: the Sun infinitely far, one shadow as wide as the Earth;
// cheaper, and right to half the penumbra's width. The Earth is a sphere of its equatorial radius, without an
// atmosphere: where the shadow's edge comes from the poles it is up to 21 km too wide.
//
// Vectors start at the Earth's centre; which equatorial frame does not matter as long as both share it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/frames.h"
#include "base/units.h"

namespace skywarden::orbit {

enum class Light : std::uint8_t { kSunlit, kPenumbra, kUmbra };
[[nodiscard]] std::string_view to_string(Light light);  // "sunlit", "penumbra", "umbra"

// The part of the Sun's disc in sight, 0…1.
[[nodiscard]] Fraction sunlit_part(const Position<Teme>& satellite, const Position<Teme>& sun);
[[nodiscard]] Light light_at(const Position<Teme>& satellite, const Position<Teme>& sun);

[[nodiscard]] bool in_cylindrical_shadow(const Position<Teme>& satellite, const Position<Teme>& sun);

}  // namespace skywarden::orbit
