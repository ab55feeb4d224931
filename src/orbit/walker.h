// Constellations by pattern (Walker 1984): T satellites in P planes, phasing F between neighbouring planes in
// units of 360°/T. A delta pattern spreads the nodes over 360°, a star pattern over 180°. The sets are exact
// circles at the epoch and carry no drag.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

enum class WalkerKind : std::uint8_t { kDelta, kStar };

inline constexpr std::uint32_t kWalkerSatellitesMax = 100'000;

struct WalkerPattern {
  WalkerKind kind = WalkerKind::kDelta;
  std::uint32_t satellites = 24;  // T, a multiple of the planes
  std::uint32_t planes = 6;       // P
  std::uint32_t phasing = 1;      // F, 0…P − 1
  Degrees inclination{97.6};
  Metres altitude = kilometres(550.0);  // above the equatorial radius; sets the mean motion
  Degrees first_node{0.0};
  Instant epoch{};
  std::uint32_t first_norad = 900'000'001;  // above every number in use
  std::string name = "WALKER";              // satellites are NAME-plane-slot, both from 1

  [[nodiscard]] Result<bool> validate() const;
};

// Plane by plane, slot by slot.
[[nodiscard]] Result<std::vector<ElementSet>> walker_elements(const WalkerPattern& pattern);

}  // namespace skywarden::orbit
