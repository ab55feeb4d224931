#include "orbit/sun.h"

#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kAstronomicalUnitKm = 149597870.7;
constexpr double kDegree = std::numbers::pi / 180.0;

}  // namespace

Position<Teme> sun_position(Instant t) {
  const JulianDate jd = julian_date_utc(t);
  const double centuries = ((jd.day - 2451545.0) + jd.fraction) / 36525.0;
  const double mean_longitude = 280.460 + 36000.771 * centuries;
  const double anomaly = std::fmod(357.5291092 + 35999.05034 * centuries, 360.0) * kDegree;
  const double longitude =
      std::fmod(mean_longitude + 1.914666471 * std::sin(anomaly) + 0.019994643 * std::sin(2.0 * anomaly),
                360.0) *
      kDegree;
  const double obliquity = (23.439291 - 0.0130042 * centuries) * kDegree;
  const double range =
      (1.000140612 - 0.016708617 * std::cos(anomaly) - 0.000139589 * std::cos(2.0 * anomaly)) *
      kAstronomicalUnitKm;
  return {range * std::cos(longitude), range * std::cos(obliquity) * std::sin(longitude),
          range * std::sin(obliquity) * std::sin(longitude)};
}

Degrees sun_elevation(const Horizon& horizon, Instant t) {
  return horizon.look(to_ecef(TemeState{sun_position(t), {}}, earth_rotation(t))).elevation;
}

}  // namespace skywarden::orbit
