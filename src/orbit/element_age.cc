#include "orbit/element_age.h"

#include <array>
#include <cmath>

#include "orbit/near_earth.h"

namespace skywarden::orbit {
namespace {

double days_of(Duration age) {
  constexpr double kDaySeconds = 86400.0;
  return std::abs(to_seconds(age)) / kDaySeconds;
}

// Kilometres: at the epoch, then for each day and each day squared.
struct ErrorGrowth {
  double height_max_km;
  double along_day, along_day2, across_day;
};
constexpr double kAlongAtEpoch = 1.0;
constexpr double kAcrossAtEpoch = 0.5;
constexpr std::array kGrowth{ErrorGrowth{450.0, 4.0, 3.0, 0.3}, ErrorGrowth{600.0, 1.0, 4.5, 0.3},
                             ErrorGrowth{2000.0, 0.5, 0.6, 0.08}};

}  // namespace

Metres element_age_margin(Duration age, const ElementAgeOptions& options) {
  return options.at_epoch + options.per_day * days_of(age);
}

ElementError element_error(const ElementSet& elements, Duration age) {
  const double rad_s = elements.mean_motion / 60.0;
  const double height_km = std::cbrt(wgs72().mu / (rad_s * rad_s)) - wgs72().radius_km;
  const double days = days_of(age);
  for (const ErrorGrowth& growth : kGrowth)
    if (height_km < growth.height_max_km)
      return {kilometres(kAlongAtEpoch + days * (growth.along_day + days * growth.along_day2)),
              kilometres(kAcrossAtEpoch + days * growth.across_day)};
  return {element_age_margin(age), element_age_margin(age)};
}

Duration pass_time_margin(const ElementSet& elements, Instant t, const ElementAgeOptions& options) {
  const double rad_s = elements.mean_motion / 60.0;
  const double speed_kms = std::cbrt(wgs72().mu * rad_s);  // of a circular orbit with this mean motion
  return from_seconds(element_age_margin(t - elements.epoch, options).value() / 1000.0 / speed_kms);
}

}  // namespace skywarden::orbit
