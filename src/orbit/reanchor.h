// Today's satellites over yesterday's fire. SGP4 is good for days, not years; elements more than 30 days from
// the incident are therefore moved: their epoch becomes the incident's start and their node turns with the
// mean Sun, so that each plane keeps its local solar time. Where such a satellite is along its orbit is
// invented: everything it then does is WHAT-IF, and it is never cited as an observer.
#pragma once

#include "base/time.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

inline constexpr Duration kElementAgeMax = std::chrono::hours(24 * 30);

struct Reanchored {
  ElementSet elements;
  bool what_if = false;  // false: young enough, untouched
};

[[nodiscard]] Reanchored reanchor(const ElementSet& elements, Instant incident_start,
                                  Duration age_max = kElementAgeMax);

// Mean local solar time, in hours 0…24, under the ascending node at the epoch.
[[nodiscard]] double local_solar_time_of_node(const ElementSet& elements);

}  // namespace skywarden::orbit
