// One satellite's mean elements as SGP4 wants them, whatever file they came from. The epoch is kept twice: as
// the split Julian date the theory is anchored to, and as an Instant for everybody else. The values are mean
// elements of SGP4 (Hoots and Roehrich 1980; AIAA 2006-6753), not osculating ones; no other theory may read
// them.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace skywarden::orbit {

struct ElementSet {
  std::uint32_t norad = 0;     // catalogue number, up to nine digits; 0 is none
  std::string name;            // may be empty
  std::string designator;      // international, as written by its publisher: "99068A" or "1999-068A"
  char classification = 'U';   // U, C or S
  std::uint8_t ephemeris = 0;  // 0 and 2 mean SGP4
  std::uint32_t number = 0;    // of the element set
  std::uint32_t revolution = 0;

  JulianDate epoch_jd;  // UTC
  Instant epoch{};

  double mean_motion = 0.0;  // rad/min, Kozai's convention as published
  double eccentricity = 0.0;
  double inclination = 0.0;       // rad
  double node = 0.0;              // right ascension of the ascending node, rad
  double perigee_argument = 0.0;  // rad
  double mean_anomaly = 0.0;      // rad
  double bstar = 0.0;             // drag term, 1/Earth radii
  double mean_motion_dot = 0.0;   // rev/day² (half the derivative, as printed); SGP4 does not use it
  double mean_motion_ddot = 0.0;  // rev/day³ (a sixth of it, as printed); SGP4 does not use it
};

inline constexpr double kMinutesPerDay = 1440.0;

[[nodiscard]] double mean_motion_from_revs_per_day(double revs_per_day);  // rad/min
[[nodiscard]] double revs_per_day(const ElementSet& elements);
[[nodiscard]] double period_minutes(const ElementSet& elements);

// Sets both forms of the epoch.
void set_epoch(ElementSet& elements, JulianDate jd);

// Minutes of UTC days between the epoch and t: SGP4's time, in which a leap second does not count.
[[nodiscard]] double minutes_since_epoch(const ElementSet& elements, Instant t);

// The name, or the catalogue number when there is none.
[[nodiscard]] std::string label(const ElementSet& elements);

// Empty when a theory can start from these numbers, else what was expected: "eccentricity in [0, 1), found
// …".
[[nodiscard]] std::string implausible(const ElementSet& elements);

}  // namespace skywarden::orbit
