#include "orbit/elements.h"

#include <cmath>
#include <numbers>

namespace skywarden::orbit {

double mean_motion_from_revs_per_day(double revs_per_day) {
  return revs_per_day / (kMinutesPerDay / (2.0 * std::numbers::pi));
}

double revs_per_day(const ElementSet& elements) {
  return elements.mean_motion * (kMinutesPerDay / (2.0 * std::numbers::pi));
}

double period_minutes(const ElementSet& elements) {
  return 2.0 * std::numbers::pi / elements.mean_motion;
}

void set_epoch(ElementSet& elements, JulianDate jd) {
  elements.epoch_jd = jd;
  elements.epoch = from_julian_date_utc(jd);
}

double minutes_since_epoch(const ElementSet& elements, Instant t) {
  const JulianDate jd = julian_date_utc(t);
  return (jd.day - elements.epoch_jd.day) * kMinutesPerDay +
         (jd.fraction - elements.epoch_jd.fraction) * kMinutesPerDay;
}

std::string label(const ElementSet& elements) {
  return elements.name.empty() ? std::to_string(elements.norad) : elements.name;
}

std::string implausible(const ElementSet& e) {
  constexpr double kHalfTurn = std::numbers::pi;
  if (!(e.mean_motion > 0.0) || revs_per_day(e) > 20.0)
    return fmt::format("expected a mean motion above 0 and up to 20 revolutions a day, found {}",
                       revs_per_day(e));
  if (!(e.eccentricity >= 0.0 && e.eccentricity < 1.0))
    return fmt::format("expected an eccentricity of at least 0 and below 1, found {}", e.eccentricity);
  if (!(e.inclination >= 0.0 && e.inclination <= kHalfTurn * (1.0 + 1e-12)))
    return fmt::format("expected an inclination of 0…180 degrees, found {}",
                       e.inclination * 180.0 / kHalfTurn);
  for (const double angle : {e.node, e.perigee_argument, e.mean_anomaly})
    if (!(std::abs(angle) <= 4.0 * kHalfTurn))
      return fmt::format("expected an angle within ±720 degrees, found {}", angle * 180.0 / kHalfTurn);
  if (!(std::abs(e.bstar) < 1e3)) return fmt::format("expected a drag term below 1000, found {}", e.bstar);
  return {};
}

}  // namespace skywarden::orbit
