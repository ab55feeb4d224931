#include "orbit/near_earth.h"

#include <cmath>

namespace skywarden::orbit {
namespace {

constexpr double kTwoThirds = 2.0 / 3.0;
// Below this the terms that divide by the eccentricity are left out.
constexpr double kEccentricityNegligible = 1.0e-4;
constexpr double kPerigeeSimplifiedKm = 220.0;

double cube(double x) {
  return x * x * x;
}
double fourth(double x) {
  return x * x * x * x;
}

// Quantities of the epoch that the formulas below share.
struct Geometry {
  double e, e2, beta2, beta;  // β² = 1 − e²
  double cos_i, cos_i2, cos_i4, sin_i;
  double three_cos2_minus_1;  // 3θ² − 1, "con41"
  double one_minus_five_cos2;
  double n, a, p2;  // original mean motion, semi-major axis, squared semi-latus rectum
  double perigee;   // radius, Earth radii
};

// Published mean motions follow Kozai; the theory starts from Brouwer's.
double original_mean_motion(double published, const Geometry& g, const GravityModel& gravity) {
  const double a1 = std::pow(gravity.root_mu() / published, kTwoThirds);
  const double d1 = 0.75 * gravity.j2 * g.three_cos2_minus_1 / (g.beta * g.beta2);
  const double first = d1 / (a1 * a1);
  const double a0 = a1 * (1.0 - first * first - first * (1.0 / 3.0 + 134.0 * first * first / 81.0));
  return published / (1.0 + d1 / (a0 * a0));
}

Geometry geometry_of(const ElementSet& elements, const GravityModel& gravity) {
  Geometry g{};
  g.e = elements.eccentricity;
  g.e2 = g.e * g.e;
  g.beta2 = 1.0 - g.e2;
  g.beta = std::sqrt(g.beta2);
  g.cos_i = std::cos(elements.inclination);
  g.sin_i = std::sin(elements.inclination);
  g.cos_i2 = g.cos_i * g.cos_i;
  g.cos_i4 = g.cos_i2 * g.cos_i2;
  g.three_cos2_minus_1 = 3.0 * g.cos_i2 - 1.0;
  g.one_minus_five_cos2 = 1.0 - 5.0 * g.cos_i2;
  g.n = original_mean_motion(elements.mean_motion, g, gravity);
  g.a = std::pow(gravity.root_mu() / g.n, kTwoThirds);
  const double p = g.a * g.beta2;
  g.p2 = p * p;
  g.perigee = g.a * (1.0 - g.e);
  return g;
}

SecularRates secular_rates(const Geometry& g, const GravityModel& gravity) {
  const double inverse_p2 = 1.0 / g.p2;
  const double k1 = 1.5 * gravity.j2 * inverse_p2 * g.n;
  const double k2 = 0.5 * k1 * gravity.j2 * inverse_p2;
  const double k3 = -0.46875 * gravity.j4 * inverse_p2 * inverse_p2 * g.n;
  const double c2 = g.cos_i2;
  const double c4 = g.cos_i4;
  SecularRates rates;
  rates.mean_anomaly =
      g.n + 0.5 * k1 * g.beta * g.three_cos2_minus_1 + 0.0625 * k2 * g.beta * (13.0 - 78.0 * c2 + 137.0 * c4);
  rates.perigee_argument = -0.5 * k1 * g.one_minus_five_cos2 + 0.0625 * k2 * (7.0 - 114.0 * c2 + 395.0 * c4) +
                           k3 * (3.0 - 36.0 * c2 + 49.0 * c4);
  rates.node = -k1 * g.cos_i + (0.5 * k2 * (4.0 - 19.0 * c2) + 2.0 * k3 * (3.0 - 7.0 * c2)) * g.cos_i;
  return rates;
}

// The density parameter s and (q₀ − s)⁴ of the atmosphere, lowered for perigees under 156 km.
struct Atmosphere {
  double s = 0.0;  // Earth radii from the centre
  double q_minus_s4 = 0.0;
};

Atmosphere atmosphere_of(double perigee, double radius_km) {
  const double perigee_km = (perigee - 1.0) * radius_km;
  double s_km = 78.0;
  if (perigee_km < 156.0) s_km = perigee_km < 98.0 ? 20.0 : perigee_km - 78.0;
  return {s_km / radius_km + 1.0, fourth((120.0 - s_km) / radius_km)};
}

// Coefficients of the power-law drag (AIAA 2006-6753: cc1, cc3, cc4, cc5 and what follows from them).
Drag drag_of(const ElementSet& elements, const Geometry& g, const GravityModel& gravity) {
  const Atmosphere air = atmosphere_of(g.perigee, gravity.radius_km);
  const double xi = 1.0 / (g.a - air.s);
  const double eta = g.a * g.e * xi;
  const double eta2 = eta * eta;
  const double e_eta = g.e * eta;
  const double psi2 = std::abs(1.0 - eta2);
  const double k = air.q_minus_s4 * fourth(xi);
  const double k_psi = k / std::pow(psi2, 3.5);
  const double sin2_i = 1.0 - g.cos_i2;
  const double j3_over_j2 = gravity.j3 / gravity.j2;

  Drag d;
  d.bstar = elements.bstar;
  d.eta = eta;
  const double c2 =
      k_psi * g.n *
      (g.a * (1.0 + 1.5 * eta2 + e_eta * (4.0 + eta2)) +
       0.375 * gravity.j2 * xi / psi2 * g.three_cos2_minus_1 * (8.0 + 3.0 * eta2 * (8.0 + eta2)));
  d.c1 = d.bstar * c2;
  const bool eccentric = g.e > kEccentricityNegligible;
  const double c3 = eccentric ? -2.0 * k * xi * j3_over_j2 * g.n * g.sin_i / g.e : 0.0;
  d.c4 =
      2.0 * g.n * k_psi * g.a * g.beta2 *
      (eta * (2.0 + 0.5 * eta2) + g.e * (0.5 + 2.0 * eta2) -
       gravity.j2 * xi / (g.a * psi2) *
           (-3.0 * g.three_cos2_minus_1 * (1.0 - 2.0 * e_eta + eta2 * (1.5 - 0.5 * e_eta)) +
            0.75 * sin2_i * (2.0 * eta2 - e_eta * (1.0 + eta2)) * std::cos(2.0 * elements.perigee_argument)));
  d.c5 = 2.0 * k_psi * g.a * g.beta2 * (1.0 + 2.75 * (eta2 + e_eta) + e_eta * eta2);
  d.t2 = 1.5 * d.c1;
  d.node_t2 = 3.5 * g.beta2 * (-1.5 * gravity.j2 / g.p2 * g.n * g.cos_i) * d.c1;
  d.perigee_cos = d.bstar * c3 * std::cos(elements.perigee_argument);
  d.anomaly_cube = eccentric ? -kTwoThirds * k * d.bstar / e_eta : 0.0;
  d.anomaly_cube_epoch = cube(1.0 + eta * std::cos(elements.mean_anomaly));
  d.anomaly_sin_epoch = std::sin(elements.mean_anomaly);

  const double c1_squared = d.c1 * d.c1;
  d.d2 = 4.0 * g.a * xi * c1_squared;
  const double step = d.d2 * xi * d.c1 / 3.0;
  d.d3 = (17.0 * g.a + air.s) * step;
  d.d4 = 0.5 * step * g.a * xi * (221.0 * g.a + 31.0 * air.s) * d.c1;
  d.t3 = d.d2 + 2.0 * c1_squared;
  d.t4 = 0.25 * (3.0 * d.d3 + d.c1 * (12.0 * d.d2 + 10.0 * c1_squared));
  d.t5 = 0.2 * (3.0 * d.d4 + 12.0 * d.c1 * d.d3 + 6.0 * d.d2 * d.d2 +
                15.0 * c1_squared * (2.0 * d.d2 + c1_squared));
  return d;
}

}  // namespace

double GravityModel::root_mu() const {
  return 60.0 / std::sqrt(radius_km * radius_km * radius_km / mu);
}

GravityModel wgs72() {
  return {398600.8, 6378.135, 0.001082616, -0.00000253881, -0.00000165597};
}

NearEarthModel make_near_earth_model(const ElementSet& elements, const GravityModel& gravity) {
  const Geometry g = geometry_of(elements, gravity);
  NearEarthModel model;
  model.epoch = {g.n,           elements.eccentricity,     elements.inclination,
                 elements.node, elements.perigee_argument, elements.mean_anomaly};
  model.rates = secular_rates(g, gravity);
  model.drag = drag_of(elements, g, gravity);
  model.simplified = g.perigee < kPerigeeSimplifiedKm / gravity.radius_km + 1.0;
  return model;
}

void simplify(NearEarthModel& model) {
  model.simplified = true;
}

Aged age(const NearEarthModel& model, double t) {
  const Drag& d = model.drag;
  const double t2 = t * t;
  Aged aged;
  aged.elements = model.epoch;
  OrbitElements& now = aged.elements;
  now.mean_anomaly += model.rates.mean_anomaly * t;
  now.perigee_argument += model.rates.perigee_argument * t;
  now.node += model.rates.node * t + d.node_t2 * t2;
  aged.axis_factor = 1.0 - d.c1 * t;
  aged.eccentricity_loss = d.bstar * d.c4 * t;
  aged.longitude_gain = d.t2 * t2;
  if (model.simplified) return aged;

  const double shift = d.perigee_cos * t + d.anomaly_cube * (cube(1.0 + d.eta * std::cos(now.mean_anomaly)) -
                                                             d.anomaly_cube_epoch);
  now.mean_anomaly += shift;
  now.perigee_argument -= shift;
  const double t3 = t2 * t;
  const double t4 = t3 * t;
  aged.axis_factor += -d.d2 * t2 - d.d3 * t3 - d.d4 * t4;
  aged.eccentricity_loss += d.bstar * d.c5 * (std::sin(now.mean_anomaly) - d.anomaly_sin_epoch);
  aged.longitude_gain += d.t3 * t3 + t4 * (d.t4 + t * d.t5);
  return aged;
}

}  // namespace skywarden::orbit
