// The part of SGP4 common to all orbits: recovery of the original mean motion, the secular effects of the
// Earth's zonal harmonics J2…J4 and of drag in a power-law atmosphere (Hoots and Roehrich 1980; AIAA
// 2006-6753, section "sgp4init"). Angles in radians, time in minutes, lengths in Earth radii.
#pragma once

#include "orbit/elements.h"

namespace skywarden::orbit {

struct GravityModel {
  double mu = 0.0;  // km³/s²
  double radius_km = 0.0;
  double j2 = 0.0, j3 = 0.0, j4 = 0.0;

  [[nodiscard]] double root_mu() const;  // "ke": √mu in Earth radii^1.5 per minute
};
// The constants element sets are fitted with (AIAA 2006-6753, appendix B).
[[nodiscard]] GravityModel wgs72();

// Mean elements on their way from the epoch to the moment asked for.
struct OrbitElements {
  double mean_motion = 0.0;
  double eccentricity = 0.0;
  double inclination = 0.0;
  double node = 0.0;
  double perigee_argument = 0.0;
  double mean_anomaly = 0.0;
};

struct SecularRates {
  double mean_anomaly = 0.0;
  double perigee_argument = 0.0;
  double node = 0.0;
};

// How the mean elements age under drag: a polynomial in time for the axis, the eccentricity and the mean
// longitude. The names c1…c5 and d2…d4 are those of the paper.
struct Drag {
  double bstar = 0.0;
  double c1 = 0.0, c4 = 0.0, c5 = 0.0;
  double d2 = 0.0, d3 = 0.0, d4 = 0.0;
  double t2 = 0.0, t3 = 0.0, t4 = 0.0, t5 = 0.0;  // of the mean longitude
  double node_t2 = 0.0;
  double perigee_cos = 0.0;   // omgcof: drag on the argument of perigee
  double anomaly_cube = 0.0;  // xmcof: drag on the mean anomaly
  double eta = 0.0;
  double anomaly_cube_epoch = 0.0;  // (1 + η cos M₀)³
  double anomaly_sin_epoch = 0.0;   // sin M₀
};

struct NearEarthModel {
  OrbitElements epoch;  // with the original mean motion ("un-Kozai'd")
  SecularRates rates;
  Drag drag;
  bool simplified = false;  // perigee below 220 km, or deep space: drag terms above the second order left out
};

[[nodiscard]] NearEarthModel make_near_earth_model(const ElementSet& elements, const GravityModel& gravity);
// Deep space leaves out the higher drag terms.
void simplify(NearEarthModel& model);

struct Aged {
  OrbitElements elements;    // mean motion and eccentricity still those of the epoch
  double axis_factor = 1.0;  // of the square root of the semi-major axis
  double eccentricity_loss = 0.0;
  double longitude_gain = 0.0;  // in units of n₀
};
[[nodiscard]] Aged age(const NearEarthModel& model, double minutes);

}  // namespace skywarden::orbit
