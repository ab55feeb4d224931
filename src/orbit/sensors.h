// What a sensor that sweeps the ground can see: a line across the track, between two angles off the nadir.
// Published sensors by name, each with where its numbers come from. Nothing here says what a sensor can
// detect there, only whether it looks.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "base/units.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

// Angles at the satellite, from the nadir (the normal of the ellipsoid) and positive to the right of the
// flight. A satellite that may roll adds its largest roll to both sides: it can see what lies between, though
// not all of it in one passage.
struct SwathSensor {
  Degrees off_nadir_min{-56.28};
  Degrees off_nadir_max{56.28};  // −90 < min < max < 90
  Degrees elevation_min{0.0};    // of the satellite as seen from the ground, 0…90
  // True: the line lies across the track over the turning Earth (Sentinel-2, Landsat). False: across the
  // velocity in space; its ends then differ by up to four degrees of heading.
  bool yaw_steered = false;
};

// kOutOfRange names the angle.
[[nodiscard]] Result<bool> check(const SwathSensor& sensor);

// The half-angle whose line is `swath` long on a sphere of the equator's radius, from a circular orbit with
// these elements' mean motion: how nominal swath widths are quoted. Within 1.5 % of what is published for
// VIIRS, MODIS and AVHRR. Nothing when the horizon is nearer than that.
[[nodiscard]] std::optional<Degrees> half_angle_of_swath(Metres swath, const ElementSet& elements);

// A published sensor has a half-angle or else a width.
struct KnownSensor {
  std::string_view name;
  double half_angle_deg = 0.0;  // 0: see swath_km
  double swath_km = 0.0;        // nominal
  bool yaw_steered = false;
  std::string_view carried_by;              // in words
  std::span<const std::uint32_t> carriers;  // catalogue numbers
  std::string_view source;
};
[[nodiscard]] std::span<const KnownSensor> known_sensors();
[[nodiscard]] const KnownSensor* find_sensor(std::string_view name);      // null when there is none
[[nodiscard]] const KnownSensor* sensor_carried_by(std::uint32_t norad);  // null when none is known

}  // namespace skywarden::orbit
