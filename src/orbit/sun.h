// Where the Sun is, to about 0.01 degree from 1950 to 2050 (Vallado, Fundamentals of Astrodynamics and
// Applications, algorithm 29; after the Astronomical Almanac). Its equator and equinox are the mean ones of
// date, which differ from TEME by nutation, 0.005 degree at most; TDB is taken as UTC, a minute and three
// thousandths of a degree away. Good for shadows, glints and daylight, not for astrometry.
#pragma once

#include "base/frames.h"
#include "base/time.h"
#include "base/units.h"
#include "orbit/earth.h"

namespace skywarden::orbit {

[[nodiscard]] Position<Teme> sun_position(Instant t);

// Geometric height of the Sun's centre above a station's horizon: no refraction, which lifts a setting Sun by
// half a degree. −90…90.
[[nodiscard]] Degrees sun_elevation(const Horizon& horizon, Instant t);

}  // namespace skywarden::orbit
