// What rain takes from a radio link between the ground and a satellite: the loss that is exceeded only so
// much of an average year, by ITU-R P.618-13, section 2.2.1.1, over the specific attenuation of P.838-3. The
// station's climate is given, not looked up: the rain rate of P.837 and the rain height of P.839 come from
// maps of their own. Clouds and scintillation are not in it; below 5 degrees of elevation the recommendation
// itself is less sure.
#pragma once

#include "base/result.h"
#include "base/units.h"

namespace skywarden::network {

using Decibels = Quantity<struct DecibelsTag>;
using Hertz = Quantity<struct HertzTag>;

[[nodiscard]] constexpr Hertz gigahertz(double ghz) {
  return Hertz(ghz * 1e9);
}

struct RainClimate {
  double rate_mm_h = 30.0;               // exceeded 0.01 % of the year (P.837); 0…250, 0: it never rains
  double exceeded_percent = 1.0;         // how much of the year the loss may be exceeded, 0.001…5
  Metres rain_height = kilometres(3.0);  // above the sea (P.839), −500…10,000 m

  [[nodiscard]] Result<bool> validate() const;
};

// P.839-1, by latitude alone; the maps of later revisions know the ocean currents too.
[[nodiscard]] Metres typical_rain_height(Degrees latitude);

struct RainCoefficients {  // of rate^alpha * k, dB/km with the rate in mm/h
  double k = 0.0, alpha = 0.0;
};
// 1…1,000 GHz. Tilt: 0 for horizontal polarisation, 90 for vertical, 45 for circular.
[[nodiscard]] RainCoefficients rain_coefficients(Hertz frequency, Degrees elevation, Degrees tilt);

struct RainPath {
  Hertz frequency;    // 1…55 GHz
  Degrees elevation;  // above 0, …90; below 1 read as 1
  Degrees tilt{45.0};
  Degrees latitude;         // of the station
  Metres station_altitude;  // above the sea
};

// Never negative; 0 for a station above the rain.
[[nodiscard]] Decibels rain_fade(const RainPath& path, const RainClimate& climate);

}  // namespace skywarden::network
