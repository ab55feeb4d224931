#include "orbit/reanchor.h"

#include <cmath>
#include <numbers>

#include "orbit/earth.h"

namespace skywarden::orbit {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

double wrap(double angle) {
  const double rest = std::fmod(angle, kTwoPi);
  return rest < 0.0 ? rest + kTwoPi : rest;
}

// Sidereal time is solar time plus the mean Sun's right ascension plus twelve hours.
double mean_sun_right_ascension(JulianDate ut1) {
  return wrap(greenwich_sidereal_time(ut1).value() - kTwoPi * ut1.fraction + kTwoPi / 2.0);
}

}  // namespace

Reanchored reanchor(const ElementSet& elements, Instant incident_start, Duration age_max) {
  const Duration age = incident_start - elements.epoch;
  if (age <= age_max && age >= -age_max) return {elements, false};
  Reanchored out{elements, true};
  const JulianDate moved_to = julian_date_utc(incident_start);
  out.elements.node =
      wrap(elements.node + mean_sun_right_ascension(moved_to) - mean_sun_right_ascension(elements.epoch_jd));
  out.elements.epoch_jd = moved_to;
  out.elements.epoch = incident_start;
  return out;
}

double local_solar_time_of_node(const ElementSet& elements) {
  const double hour_angle = wrap(elements.node - mean_sun_right_ascension(elements.epoch_jd));
  return std::fmod(hour_angle / kTwoPi * 24.0 + 12.0, 24.0);
}

}  // namespace skywarden::orbit
