#include "orbit/sgp4.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kTwoPi = 2.0 * kPi;
constexpr double kEccentricityMin = 1.0e-6;
constexpr double kNearPolar = 1.5e-12;  // keeps 1 + cos i from zero at 180 degrees

// Eccentricity vector and mean longitude after the long-period effect of J3.
struct LongPeriod {
  double a;          // semi-major axis, Earth radii
  double e_cos;      // e cos ω
  double e_sin;      // e sin ω
  double longitude;  // M + ω, from the node
};

LongPeriod with_long_period(const OrbitElements& el, double a, const GravityModel& gravity) {
  const double cos_i = std::cos(el.inclination);
  const double sin_i = std::sin(el.inclination);
  const LongPeriodFactors factors = long_period_factors(sin_i, cos_i, gravity);
  const double inverse_p = 1.0 / (a * (1.0 - el.eccentricity * el.eccentricity));
  LongPeriod out{};
  out.a = a;
  out.e_cos = el.eccentricity * std::cos(el.perigee_argument);
  out.e_sin = el.eccentricity * std::sin(el.perigee_argument) + inverse_p * factors.sine;
  out.longitude = el.mean_anomaly + el.perigee_argument + inverse_p * factors.longitude * out.e_cos;
  return out;
}

// Kepler's equation for E + ω by Newton's method with bounded steps.
double eccentric_longitude(double longitude, double e_cos, double e_sin) {
  constexpr int kRoundsMax = 10;
  constexpr double kTolerance = 1.0e-12;
  constexpr double kStepMax = 0.95;
  double u = longitude;
  for (int round = 0; round < kRoundsMax; ++round) {
    const double s = std::sin(u);
    const double c = std::cos(u);
    const double step = (longitude - e_sin * c + e_cos * s - u) / (1.0 - c * e_cos - s * e_sin);
    const double bounded = std::clamp(step, -kStepMax, kStepMax);
    u += bounded;
    if (std::abs(bounded) < kTolerance) break;
  }
  return u;
}

// Position in the orbit's plane and the plane itself, after the short-period effect of J2.
struct PolarState {
  double r, r_rate, rf_rate;  // radius, its rate, and radius times the rate of the argument of latitude
  double u;                   // argument of latitude
  double node, inclination;
};

PolarState with_short_period(const LongPeriod& lp, const OrbitElements& el, double n, double semi_latus,
                             double root_mu, double j2) {
  const double u_ecc = eccentric_longitude(std::fmod(lp.longitude, kTwoPi), lp.e_cos, lp.e_sin);
  const double s = std::sin(u_ecc);
  const double c = std::cos(u_ecc);
  const double e_cos_e = lp.e_cos * c + lp.e_sin * s;
  const double e_sin_e = lp.e_cos * s - lp.e_sin * c;
  const double e2 = lp.e_cos * lp.e_cos + lp.e_sin * lp.e_sin;
  const double r = lp.a * (1.0 - e_cos_e);
  const double r_rate = std::sqrt(lp.a) * e_sin_e / r;
  const double rf_rate = std::sqrt(semi_latus) / r;
  const double beta = std::sqrt(1.0 - e2);
  const double k = e_sin_e / (1.0 + beta);
  const double sin_u = lp.a / r * (s - lp.e_sin - lp.e_cos * k);
  const double cos_u = lp.a / r * (c - lp.e_cos + lp.e_sin * k);
  const double sin_2u = 2.0 * cos_u * sin_u;
  const double cos_2u = 1.0 - 2.0 * sin_u * sin_u;

  const double k1 = 0.5 * j2 / semi_latus;
  const double k2 = k1 / semi_latus;
  const double cos_i = std::cos(el.inclination);
  const double sin_i = std::sin(el.inclination);
  const double three_cos2_minus_1 = 3.0 * cos_i * cos_i - 1.0;
  const double sin2_i = 1.0 - cos_i * cos_i;
  const double seven_cos2_minus_1 = 7.0 * cos_i * cos_i - 1.0;
  PolarState out{};
  out.r = r * (1.0 - 1.5 * k2 * beta * three_cos2_minus_1) + 0.5 * k1 * sin2_i * cos_2u;
  out.u = std::atan2(sin_u, cos_u) - 0.25 * k2 * seven_cos2_minus_1 * sin_2u;
  out.node = el.node + 1.5 * k2 * cos_i * sin_2u;
  out.inclination = el.inclination + 1.5 * k2 * cos_i * sin_i * cos_2u;
  out.r_rate = r_rate - n * k1 * sin2_i * sin_2u / root_mu;
  out.rf_rate = rf_rate + n * k1 * (sin2_i * cos_2u + 1.5 * three_cos2_minus_1) / root_mu;
  return out;
}

TemeState to_vectors(const PolarState& p, double radius_km, double root_mu) {
  const double sin_u = std::sin(p.u);
  const double cos_u = std::cos(p.u);
  const double sin_h = std::sin(p.node);
  const double cos_h = std::cos(p.node);
  const double sin_i = std::sin(p.inclination);
  const double cos_i = std::cos(p.inclination);
  const Position<Teme> along{-sin_h * cos_i * sin_u + cos_h * cos_u, cos_h * cos_i * sin_u + sin_h * cos_u,
                             sin_i * sin_u};
  const Position<Teme> ahead{-sin_h * cos_i * cos_u - cos_h * sin_u, cos_h * cos_i * cos_u - sin_h * sin_u,
                             sin_i * cos_u};
  const double speed_unit = radius_km * root_mu / 60.0;  // km/s
  TemeState state;
  state.position = (p.r * radius_km) * along;
  state.velocity = {(p.r_rate * along.x + p.rf_rate * ahead.x) * speed_unit,
                    (p.r_rate * along.y + p.rf_rate * ahead.y) * speed_unit,
                    (p.r_rate * along.z + p.rf_rate * ahead.z) * speed_unit};
  return state;
}

void add_drift(const OrbitElements& rates, double minutes, OrbitElements& el) {
  el.eccentricity += rates.eccentricity * minutes;
  el.inclination += rates.inclination * minutes;
  el.perigee_argument += rates.perigee_argument * minutes;
  el.node += rates.node * minutes;
  el.mean_anomaly += rates.mean_anomaly * minutes;
}

// Oscillations can push a nearly equatorial orbit through zero inclination; the plane is the same when the
// node is turned half way round.
void make_inclination_positive(OrbitElements& el) {
  if (el.inclination >= 0.0) return;
  el.inclination = -el.inclination;
  el.node += kPi;
  el.perigee_argument -= kPi;
}

// Brings the angles into one turn without losing the mean longitude.
void reduce_angles(OrbitElements& el) {
  double longitude = el.mean_anomaly + el.perigee_argument + el.node;
  el.node = std::fmod(el.node, kTwoPi);
  el.perigee_argument = std::fmod(el.perigee_argument, kTwoPi);
  longitude = std::fmod(longitude, kTwoPi);
  el.mean_anomaly = std::fmod(longitude - el.perigee_argument - el.node, kTwoPi);
}

}  // namespace

std::string_view to_string(Sgp4Error error) {
  switch (error) {
    case Sgp4Error::kMeanEccentricity:
      return "mean eccentricity outside 0…1";
    case Sgp4Error::kMeanMotion:
      return "mean motion not positive";
    case Sgp4Error::kPerturbedEccentricity:
      return "perturbed eccentricity outside 0…1";
    case Sgp4Error::kSemiLatusRectum:
      return "negative semi-latus rectum";
    case Sgp4Error::kSuborbitalEpoch:
      return "suborbital at the epoch";
    case Sgp4Error::kDecayed:
      return "decayed";
  }
  return "unknown";
}

LongPeriodFactors long_period_factors(double sin_i, double cos_i, const GravityModel& gravity) {
  const double j3_over_j2 = gravity.j3 / gravity.j2;
  const double divisor = std::abs(cos_i + 1.0) > kNearPolar ? 1.0 + cos_i : kNearPolar;
  return {-0.5 * j3_over_j2 * sin_i, -0.25 * j3_over_j2 * sin_i * (3.0 + 5.0 * cos_i) / divisor};
}

Sgp4::Sgp4(const ElementSet& elements, const GravityModel& gravity)
    : elements_(elements),
      gravity_(gravity),
      root_mu_(gravity.root_mu()),
      near_(make_near_earth_model(elements, gravity)) {
  if (kTwoPi / near_.epoch.mean_motion < kDeepSpacePeriodMinutes) return;
  simplify(near_);
  DeepSpace deep;
  deep.lunar_solar = make_lunar_solar_model(elements, near_.epoch);
  deep.resonance = make_resonance_model(near_, deep.lunar_solar.rates,
                                        greenwich_sidereal_time(elements.epoch_jd).value(), gravity);
  deep_ = deep;
}

// The conditions read "not inside" so that a NaN, too, ends as an error.
tl::expected<TemeState, Sgp4Error> Sgp4::at_minutes(double t) const {
  const Aged aged = age(near_, t);
  OrbitElements el = aged.elements;
  if (deep_) {
    add_drift(deep_->lunar_solar.rates, t, el);
    integrate_resonance(deep_->resonance, t, el);
  }
  if (!(el.mean_motion > 0.0)) return tl::unexpected(Sgp4Error::kMeanMotion);
  const double a = std::pow(root_mu_ / el.mean_motion, 2.0 / 3.0) * aged.axis_factor * aged.axis_factor;
  const double n = root_mu_ / std::pow(a, 1.5);
  el.eccentricity -= aged.eccentricity_loss;
  if (!(el.eccentricity < 1.0 && el.eccentricity >= -0.001))
    return tl::unexpected(Sgp4Error::kMeanEccentricity);
  el.eccentricity = std::max(el.eccentricity, kEccentricityMin);
  el.mean_anomaly += near_.epoch.mean_motion * aged.longitude_gain;
  reduce_angles(el);

  if (deep_) {
    add_lunar_solar_oscillations(deep_->lunar_solar, t, el);
    make_inclination_positive(el);
    if (!(el.eccentricity >= 0.0 && el.eccentricity <= 1.0))
      return tl::unexpected(Sgp4Error::kPerturbedEccentricity);
  }
  const LongPeriod lp = with_long_period(el, a, gravity_);
  const double semi_latus = a * (1.0 - (lp.e_cos * lp.e_cos + lp.e_sin * lp.e_sin));
  if (!(semi_latus >= 0.0)) return tl::unexpected(Sgp4Error::kSemiLatusRectum);
  const PolarState polar = with_short_period(lp, el, n, semi_latus, root_mu_, gravity_.j2);
  if (!(polar.r >= 1.0)) return tl::unexpected(Sgp4Error::kDecayed);
  return to_vectors(polar, gravity_.radius_km, root_mu_);
}

tl::expected<TemeState, Sgp4Error> Sgp4::at(Instant t) const {
  return at_minutes(minutes_since_epoch(elements_, t));
}

}  // namespace skywarden::orbit
