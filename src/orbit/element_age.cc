#include "orbit/element_age.h"

#include <cmath>

#include "orbit/near_earth.h"

namespace skywarden::orbit {

Metres element_age_margin(Duration age, const ElementAgeOptions& options) {
  constexpr double kDaySeconds = 86400.0;
  return options.at_epoch + options.per_day * (std::abs(to_seconds(age)) / kDaySeconds);
}

Duration pass_time_margin(const ElementSet& elements, Instant t, const ElementAgeOptions& options) {
  const double rad_s = elements.mean_motion / 60.0;
  const double speed_kms = std::cbrt(wgs72().mu * rad_s);  // of a circular orbit with this mean motion
  return from_seconds(element_age_margin(t - elements.epoch, options).value() / 1000.0 / speed_kms);
}

}  // namespace skywarden::orbit
