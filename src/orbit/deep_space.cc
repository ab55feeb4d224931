#include "orbit/deep_space.h"

#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kTwoPi = 2.0 * kPi;

// Under 3 degrees (and over 177) the drift of the node is not resolved.
constexpr double kInclinationNodeless = 5.2359877e-2;
constexpr double kInclinationLyddane = 0.2;

constexpr double kSunEccentricity = 0.01675;
constexpr double kSunMeanMotion = 1.19459e-5;  // rad/min
constexpr double kSunStrength = 2.9864797e-6;  // rad/min · 1/…: the paper's c1ss
constexpr double kMoonEccentricity = 0.05490;
constexpr double kMoonMeanMotion = 1.5835218e-4;
constexpr double kMoonStrength = 4.7968065e-7;

struct SineCosine {
  double sin, cos;
};
SineCosine sine_cosine(double angle) {
  return {std::sin(angle), std::cos(angle)};
}

// Where a body's orbit lies as seen from the satellite's node.
struct BodyOrbit {
  SineCosine perigee, inclination, node;
  double strength, mean_motion, eccentricity, mean_anomaly;
};

// The Moon's orbit regresses on the ecliptic; days are counted from 1900 January 0.5.
BodyOrbit moon_orbit(double day, const SineCosine& satellite_node) {
  const double node_ecliptic = std::fmod(4.5236020 - 9.2422029e-4 * day, kTwoPi);
  const SineCosine n = sine_cosine(node_ecliptic);
  BodyOrbit moon{};
  moon.inclination.cos = 0.91375164 - 0.03568096 * n.cos;
  moon.inclination.sin = std::sqrt(1.0 - moon.inclination.cos * moon.inclination.cos);
  const double node_sin = 0.089683511 * n.sin / moon.inclination.sin;
  const double node_cos = std::sqrt(1.0 - node_sin * node_sin);
  const double perigee_ecliptic = 5.8351514 + 0.0019443680 * day;
  const double tilt =
      std::atan2(0.39785416 * n.sin / moon.inclination.sin, node_cos * n.cos + 0.91744867 * node_sin * n.sin);
  moon.perigee = sine_cosine(perigee_ecliptic + tilt - node_ecliptic);
  moon.node = {satellite_node.sin * node_cos - satellite_node.cos * node_sin,
               node_cos * satellite_node.cos + node_sin * satellite_node.sin};
  moon.strength = kMoonStrength;
  moon.mean_motion = kMoonMeanMotion;
  moon.eccentricity = kMoonEccentricity;
  moon.mean_anomaly = std::fmod(4.7199672 + 0.22997150 * day - perigee_ecliptic, kTwoPi);
  return moon;
}

BodyOrbit sun_orbit(double day, const SineCosine& satellite_node) {
  BodyOrbit sun{};
  sun.perigee = {-0.98088458, 0.1945905};
  sun.inclination = {0.39785416, 0.91744867};
  sun.node = satellite_node;
  sun.strength = kSunStrength;
  sun.mean_motion = kSunMeanMotion;
  sun.eccentricity = kSunEccentricity;
  sun.mean_anomaly = std::fmod(6.2565837 + 0.017201977 * day, kTwoPi);
  return sun;
}

// The doubly averaged disturbing function: the paper's z and s, and the secular drifts they give.
struct Disturbance {
  double z1, z2, z3, z11, z12, z13, z21, z22, z23, z31, z32, z33;
  double s1, s2, s3, s4, s5, s6, s7;
};

struct SatelliteOrbit {
  SineCosine perigee, inclination, node;
  double eccentricity, e2, beta2, mean_motion;
};

Disturbance disturbance(const BodyOrbit& body, const SatelliteOrbit& sat) {
  const auto& [sin_g, cos_g] = body.perigee;
  const auto& [sin_i, cos_i] = body.inclination;
  const auto& [sin_h, cos_h] = body.node;
  // Direction cosines of the body's apsidal axes in the satellite's nodal frame.
  const double a1 = cos_g * cos_h + sin_g * cos_i * sin_h;
  const double a3 = -sin_g * cos_h + cos_g * cos_i * sin_h;
  const double a7 = -cos_g * sin_h + sin_g * cos_i * cos_h;
  const double a8 = sin_g * sin_i;
  const double a9 = sin_g * sin_h + cos_g * cos_i * cos_h;
  const double a10 = cos_g * sin_i;
  const double a2 = sat.inclination.cos * a7 + sat.inclination.sin * a8;
  const double a4 = sat.inclination.cos * a9 + sat.inclination.sin * a10;
  const double a5 = -sat.inclination.sin * a7 + sat.inclination.cos * a8;
  const double a6 = -sat.inclination.sin * a9 + sat.inclination.cos * a10;
  // The same, turned to the satellite's perigee.
  const double x1 = a1 * sat.perigee.cos + a2 * sat.perigee.sin;
  const double x2 = a3 * sat.perigee.cos + a4 * sat.perigee.sin;
  const double x3 = -a1 * sat.perigee.sin + a2 * sat.perigee.cos;
  const double x4 = -a3 * sat.perigee.sin + a4 * sat.perigee.cos;
  const double x5 = a5 * sat.perigee.sin;
  const double x6 = a6 * sat.perigee.sin;
  const double x7 = a5 * sat.perigee.cos;
  const double x8 = a6 * sat.perigee.cos;

  const double e2 = sat.e2;
  Disturbance d{};
  d.z31 = 12.0 * x1 * x1 - 3.0 * x3 * x3;
  d.z32 = 24.0 * x1 * x2 - 6.0 * x3 * x4;
  d.z33 = 12.0 * x2 * x2 - 3.0 * x4 * x4;
  d.z1 = 2.0 * (3.0 * (a1 * a1 + a2 * a2) + d.z31 * e2) + sat.beta2 * d.z31;
  d.z2 = 2.0 * (6.0 * (a1 * a3 + a2 * a4) + d.z32 * e2) + sat.beta2 * d.z32;
  d.z3 = 2.0 * (3.0 * (a3 * a3 + a4 * a4) + d.z33 * e2) + sat.beta2 * d.z33;
  d.z11 = -6.0 * a1 * a5 + e2 * (-24.0 * x1 * x7 - 6.0 * x3 * x5);
  d.z12 = -6.0 * (a1 * a6 + a3 * a5) + e2 * (-24.0 * (x2 * x7 + x1 * x8) - 6.0 * (x3 * x6 + x4 * x5));
  d.z13 = -6.0 * a3 * a6 + e2 * (-24.0 * x2 * x8 - 6.0 * x4 * x6);
  d.z21 = 6.0 * a2 * a5 + e2 * (24.0 * x1 * x5 - 6.0 * x3 * x7);
  d.z22 = 6.0 * (a4 * a5 + a2 * a6) + e2 * (24.0 * (x2 * x5 + x1 * x6) - 6.0 * (x4 * x7 + x3 * x8));
  d.z23 = 6.0 * a4 * a6 + e2 * (24.0 * x2 * x6 - 6.0 * x4 * x8);

  const double beta = std::sqrt(sat.beta2);
  d.s3 = body.strength / sat.mean_motion;
  d.s2 = -0.5 * d.s3 / beta;
  d.s4 = d.s3 * beta;
  d.s1 = -15.0 * sat.eccentricity * d.s4;
  d.s5 = x1 * x3 + x2 * x4;
  d.s6 = x2 * x3 + x1 * x4;
  d.s7 = x2 * x4 - x1 * x3;
  return d;
}

ThirdBody oscillations(const BodyOrbit& body, const Disturbance& d, double e2) {
  ThirdBody out;
  out.mean_anomaly_epoch = body.mean_anomaly;
  out.mean_motion = body.mean_motion;
  out.eccentricity = body.eccentricity;
  out.e2 = 2.0 * d.s1 * d.s6;
  out.e3 = 2.0 * d.s1 * d.s7;
  out.i2 = 2.0 * d.s2 * d.z12;
  out.i3 = 2.0 * d.s2 * (d.z13 - d.z11);
  out.l2 = -2.0 * d.s3 * d.z2;
  out.l3 = -2.0 * d.s3 * (d.z3 - d.z1);
  out.l4 = -2.0 * d.s3 * (-21.0 - 9.0 * e2) * body.eccentricity;
  out.gh2 = 2.0 * d.s4 * d.z32;
  out.gh3 = 2.0 * d.s4 * (d.z33 - d.z31);
  out.gh4 = -18.0 * d.s4 * body.eccentricity;
  out.h2 = -2.0 * d.s2 * d.z22;
  out.h3 = -2.0 * d.s2 * (d.z23 - d.z21);
  return out;
}

void add_drift(const BodyOrbit& body, const Disturbance& d, const SatelliteOrbit& sat, double inclination,
               OrbitElements& rates) {
  const double n = body.mean_motion;
  rates.eccentricity += d.s1 * n * d.s5;
  rates.inclination += d.s2 * n * (d.z11 + d.z13);
  rates.mean_anomaly += -n * d.s3 * (d.z1 + d.z3 - 14.0 - 6.0 * sat.e2);
  const bool nodeless = inclination < kInclinationNodeless || inclination > kPi - kInclinationNodeless;
  const double sin_node = nodeless ? 0.0 : -n * d.s2 * (d.z21 + d.z23);  // sin i times the node's drift
  const double node = sat.inclination.sin != 0.0 ? sin_node / sat.inclination.sin : 0.0;
  rates.perigee_argument += d.s4 * n * (d.z31 + d.z33 - 6.0) - sat.inclination.cos * node;
  rates.node += node;
}

struct Oscillation {
  double eccentricity = 0.0, inclination = 0.0, longitude = 0.0;
  double perigee = 0.0;   // argument of perigee + cos i · node
  double sin_node = 0.0;  // sin i · node
};

void add_body(const ThirdBody& b, double minutes, Oscillation& sum) {
  const double mean = b.mean_anomaly_epoch + b.mean_motion * minutes;
  const double true_anomaly = mean + 2.0 * b.eccentricity * std::sin(mean);
  const double f = std::sin(true_anomaly);
  const double f2 = 0.5 * f * f - 0.25;
  const double f3 = -0.5 * f * std::cos(true_anomaly);
  sum.eccentricity += b.e2 * f2 + b.e3 * f3;
  sum.inclination += b.i2 * f2 + b.i3 * f3;
  sum.longitude += b.l2 * f2 + b.l3 * f3 + b.l4 * f;
  sum.perigee += b.gh2 * f2 + b.gh3 * f3 + b.gh4 * f;
  sum.sin_node += b.h2 * f2 + b.h3 * f3;
}

// The same shift applied to (sin i sin Ω, sin i cos Ω) and to the mean longitude M + ω + Ω cos i.
void shift_in_lyddane_variables(const Oscillation& by, OrbitElements& el) {
  const SineCosine i = sine_cosine(el.inclination);
  const SineCosine h = sine_cosine(el.node);
  const double alpha = i.sin * h.sin + by.sin_node * h.cos + by.inclination * i.cos * h.sin;
  const double beta = i.sin * h.cos - by.sin_node * h.sin + by.inclination * i.cos * h.cos;
  const double node_before = std::fmod(el.node, kTwoPi);
  const double longitude = el.mean_anomaly + el.perigee_argument + i.cos * node_before + by.longitude +
                           by.perigee - by.inclination * node_before * i.sin;
  el.node = std::atan2(alpha, beta);
  // Same turn as before, or the longitude below would jump by 2π cos i.
  if (std::abs(node_before - el.node) > kPi) el.node += el.node < node_before ? kTwoPi : -kTwoPi;
  el.mean_anomaly += by.longitude;
  el.perigee_argument = longitude - el.mean_anomaly - i.cos * el.node;
}

}  // namespace

LunarSolarModel make_lunar_solar_model(const ElementSet& elements, const OrbitElements& epoch) {
  // The sum is rounded to one double (0.04 ms) on purpose: the published states were made that way, and
  // orbits as eccentric as case 23333 magnify the difference to millimetres.
  const double julian_day = elements.epoch_jd.day + elements.epoch_jd.fraction;
  const double days_since_1900 = (julian_day - 2433281.5) + 18261.5;
  SatelliteOrbit sat{};
  sat.perigee = sine_cosine(epoch.perigee_argument);
  sat.inclination = sine_cosine(epoch.inclination);
  sat.node = sine_cosine(epoch.node);
  sat.eccentricity = epoch.eccentricity;
  sat.e2 = epoch.eccentricity * epoch.eccentricity;
  sat.beta2 = 1.0 - sat.e2;
  sat.mean_motion = epoch.mean_motion;

  LunarSolarModel model;
  const BodyOrbit sun = sun_orbit(days_since_1900, sat.node);
  const Disturbance by_sun = disturbance(sun, sat);
  model.sun = oscillations(sun, by_sun, sat.e2);
  add_drift(sun, by_sun, sat, epoch.inclination, model.rates);
  const BodyOrbit moon = moon_orbit(days_since_1900, sat.node);
  const Disturbance by_moon = disturbance(moon, sat);
  model.moon = oscillations(moon, by_moon, sat.e2);
  add_drift(moon, by_moon, sat, epoch.inclination, model.rates);
  return model;
}

void add_lunar_solar_oscillations(const LunarSolarModel& model, double minutes, OrbitElements& el) {
  Oscillation sum;
  add_body(model.sun, minutes, sum);
  add_body(model.moon, minutes, sum);
  el.inclination += sum.inclination;
  el.eccentricity += sum.eccentricity;
  if (el.inclination < kInclinationLyddane) {
    shift_in_lyddane_variables(sum, el);
    return;
  }
  const SineCosine i = sine_cosine(el.inclination);
  const double node = sum.sin_node / i.sin;
  el.perigee_argument += sum.perigee - i.cos * node;
  el.node += node;
  el.mean_anomaly += sum.longitude;
}

}  // namespace skywarden::orbit
