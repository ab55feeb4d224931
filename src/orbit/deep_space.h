// What the Sun and the Moon do to an orbit of 225 minutes or more: secular drifts and long-period
// oscillations (Hujsak 1979; Hoots and Roehrich 1980; AIAA 2006-6753, sections "dscom" and "dpper", improved
// mode). One set of formulas serves both bodies.
#pragma once

#include "orbit/near_earth.h"

namespace skywarden::orbit {

inline constexpr double kDeepSpacePeriodMinutes = 225.0;

// A body's pull on the satellite's orbit, averaged over the satellite's revolution.
struct ThirdBody {
  double mean_anomaly_epoch = 0.0;  // of the body, at the element set's epoch
  double mean_motion = 0.0;         // of the body, rad/min
  double eccentricity = 0.0;        // of the body's orbit
  // Oscillation amplitudes: along f₂, f₃ and sin f (the paper's se2, se3, si2, …, sgh4, sh2, sh3).
  double e2 = 0.0, e3 = 0.0;               // eccentricity
  double i2 = 0.0, i3 = 0.0;               // inclination
  double l2 = 0.0, l3 = 0.0, l4 = 0.0;     // mean longitude
  double gh2 = 0.0, gh3 = 0.0, gh4 = 0.0;  // argument of perigee + cos i · node
  double h2 = 0.0, h3 = 0.0;               // sin i · node
};

struct LunarSolarModel {
  ThirdBody sun, moon;
  OrbitElements rates;  // secular drift per minute; the mean motion does not drift
};

[[nodiscard]] LunarSolarModel make_lunar_solar_model(const ElementSet& elements, const OrbitElements& epoch);

// Adds the long-period oscillations `minutes` after the epoch. Inclinations under 0.2 rad are moved with
// Lyddane's variables, which do not divide by sin i.
void add_lunar_solar_oscillations(const LunarSolarModel& model, double minutes, OrbitElements& elements);

}  // namespace skywarden::orbit
