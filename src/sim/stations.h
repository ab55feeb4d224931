// Simulated weather stations: what a handful of fire weather stations within an hour's wind of each other
// would report. Everything here is invented and marked Provenance::kSimulated; nothing is fitted to a place.
//
// Regional air is shared: slow departures of warmth and moisture, cloud, pressure and wind, each a
// mean-reverting walk (Ornstein–Uhlenbeck) of its own time scale, and cold fronts at exponential intervals
// that reach each station when they have crossed the land to it: warmth falls, the wind rises and veers,
// pressure has a trough, rain falls. A station adds its height (6.5 K/km), its own daily range, exposure and
// small walks of its own, showers, and the noise and grid of its sensors. The day's warmth is two harmonics
// with the top at three in the afternoon; relative humidity follows from temperature and dew point by
// Magnus's formula (coefficients of Alduchov and Eskridge, J. Appl. Meteorol. 35, 1996).
//
// What it cannot do: seasons, snow, terrain that steers the wind, sensors that drift or stick.
#pragma once

#include <string>
#include <vector>

#include "base/geodesy.h"
#include "base/random.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::sim {

// Temperature, humidity and wind are critical: without them there is no fire weather.
[[nodiscard]] datum::Schema station_schema();

struct Station {
  std::string name;
  GeoPoint place;
  Metres height;
};

// Within 30 km of a centre in the middle latitudes of the north.
[[nodiscard]] std::vector<Station> draw_stations(int count, const Random& random);

// The true readings of all stations in [start, end), one every `every`, by time and then by station; each has
// all fields. The regional weather does not depend on how many stations there are.
[[nodiscard]] std::vector<datum::Record> station_readings(const std::vector<Station>& stations, Instant start,
                                                          Instant end, Duration every, const Random& random);

}  // namespace skywarden::sim
