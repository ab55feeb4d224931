#include "orbit/resonance.h"

#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;
constexpr double kEarthRotation = 4.37526908801129966e-3;  // rad/min
constexpr double kStepMinutes = 720.0;

// Mean motions (rad/min) of the two bands.
constexpr double kSynchronousMin = 0.0034906585;
constexpr double kSynchronousMax = 0.0052359877;
constexpr double kHalfDayMin = 8.26e-3;
constexpr double kHalfDayMax = 9.24e-3;
constexpr double kHalfDayEccentricityMin = 0.5;

ResonanceKind kind_of(double n, double e) {
  if (n > kSynchronousMin && n < kSynchronousMax) return ResonanceKind::kSynchronous;
  if (n >= kHalfDayMin && n <= kHalfDayMax && e >= kHalfDayEccentricityMin) return ResonanceKind::kHalfDay;
  return ResonanceKind::kNone;
}

double cubic(double e, double c0, double c1, double c2, double c3) {
  return c0 + c1 * e + c2 * e * e + c3 * e * e * e;
}

// Kaula's eccentricity functions of the half-day band, fitted by polynomials (the paper's g201 … g533).
struct EccentricityFunctions {
  double g201, g211, g310, g322, g410, g422, g520, g521, g532, g533;
};

EccentricityFunctions eccentricity_functions(double e) {
  EccentricityFunctions g{};
  g.g201 = -0.306 - (e - 0.64) * 0.440;
  if (e <= 0.65) {
    g.g211 = cubic(e, 3.616, -13.2470, 16.2900, 0.0);
    g.g310 = cubic(e, -19.302, 117.3900, -228.4190, 156.5910);
    g.g322 = cubic(e, -18.9068, 109.7927, -214.6334, 146.5816);
    g.g410 = cubic(e, -41.122, 242.6940, -471.0940, 313.9530);
    g.g422 = cubic(e, -146.407, 841.8800, -1629.014, 1083.4350);
    g.g520 = cubic(e, -532.114, 3017.977, -5740.032, 3708.2760);
  } else {
    g.g211 = cubic(e, -72.099, 331.819, -508.738, 266.724);
    g.g310 = cubic(e, -346.844, 1582.851, -2415.925, 1246.113);
    g.g322 = cubic(e, -342.585, 1554.908, -2366.899, 1215.972);
    g.g410 = cubic(e, -1052.797, 4758.686, -7193.992, 3651.957);
    g.g422 = cubic(e, -3581.690, 16178.110, -24462.770, 12422.520);
    g.g520 = e > 0.715 ? cubic(e, -5149.66, 29936.92, -54087.36, 31324.56)
                       : cubic(e, 1464.74, -4664.75, 3763.64, 0.0);
  }
  if (e < 0.7) {
    g.g533 = cubic(e, -919.22770, 4988.6100, -9064.7700, 5542.21);
    g.g521 = cubic(e, -822.71072, 4568.6173, -8491.4146, 5337.524);
    g.g532 = cubic(e, -853.66600, 4690.2500, -8624.7700, 5341.4);
  } else {
    g.g533 = cubic(e, -37995.780, 161616.52, -229838.20, 109377.94);
    g.g521 = cubic(e, -51752.104, 218913.95, -309468.16, 146349.42);
    g.g532 = cubic(e, -40023.880, 170470.89, -242699.48, 115605.82);
  }
  return g;
}

// Kaula's inclination functions of the half-day band (the paper's f220 … f543).
struct InclinationFunctions {
  double f220, f221, f321, f322, f441, f442, f522, f523, f542, f543;
};

InclinationFunctions inclination_functions(double inclination) {
  const double c = std::cos(inclination);
  const double s = std::sin(inclination);
  const double c2 = c * c;
  const double s2 = s * s;
  InclinationFunctions f{};
  f.f220 = 0.75 * (1.0 + 2.0 * c + c2);
  f.f221 = 1.5 * s2;
  f.f321 = 1.875 * s * (1.0 - 2.0 * c - 3.0 * c2);
  f.f322 = -1.875 * s * (1.0 + 2.0 * c - 3.0 * c2);
  f.f441 = 35.0 * s2 * f.f220;
  f.f442 = 39.3750 * s2 * s2;
  f.f522 = 9.84375 * s * (s2 * (1.0 - 2.0 * c - 5.0 * c2) + 0.33333333 * (-2.0 + 4.0 * c + 6.0 * c2));
  f.f523 = s * (4.92187512 * s2 * (-2.0 - 4.0 * c + 10.0 * c2) + 6.56250012 * (1.0 + 2.0 * c - 3.0 * c2));
  f.f542 = 29.53125 * s * (2.0 - 8.0 * c + c2 * (-12.0 + 8.0 * c + 10.0 * c2));
  f.f543 = 29.53125 * s * (-2.0 - 8.0 * c + c2 * (12.0 + 8.0 * c - 10.0 * c2));
  return f;
}

void set_half_day_terms(const OrbitElements& epoch, double inverse_axis, ResonanceModel& model) {
  constexpr double kRoot22 = 1.7891679e-6;
  constexpr double kRoot32 = 3.7393792e-7;
  constexpr double kRoot44 = 7.3636953e-9;
  constexpr double kRoot52 = 1.1428639e-7;
  constexpr double kRoot54 = 2.1765803e-9;
  constexpr double kPhase22 = 5.7686396;
  constexpr double kPhase32 = 0.95240898;
  constexpr double kPhase44 = 1.8014998;
  constexpr double kPhase52 = 1.0508330;
  constexpr double kPhase54 = 4.4108898;
  const EccentricityFunctions g = eccentricity_functions(epoch.eccentricity);
  const InclinationFunctions f = inclination_functions(epoch.inclination);
  const double second = 3.0 * epoch.mean_motion * epoch.mean_motion * inverse_axis * inverse_axis;
  const double third = second * inverse_axis;
  const double fourth = third * inverse_axis;
  const double fifth = fourth * inverse_axis;
  model.terms = {{{second * kRoot22 * f.f220 * g.g201, 2.0, 1.0, kPhase22},
                  {second * kRoot22 * f.f221 * g.g211, 0.0, 1.0, kPhase22},
                  {third * kRoot32 * f.f321 * g.g310, 1.0, 1.0, kPhase32},
                  {third * kRoot32 * f.f322 * g.g322, -1.0, 1.0, kPhase32},
                  {2.0 * fourth * kRoot44 * f.f441 * g.g410, 2.0, 2.0, kPhase44},
                  {2.0 * fourth * kRoot44 * f.f442 * g.g422, 0.0, 2.0, kPhase44},
                  {fifth * kRoot52 * f.f522 * g.g520, 1.0, 1.0, kPhase52},
                  {fifth * kRoot52 * f.f523 * g.g532, -1.0, 1.0, kPhase52},
                  {2.0 * fifth * kRoot54 * f.f542 * g.g521, 1.0, 2.0, kPhase54},
                  {2.0 * fifth * kRoot54 * f.f543 * g.g533, -1.0, 2.0, kPhase54}}};
  model.term_count = 10;
}

void set_synchronous_terms(const OrbitElements& epoch, double inverse_axis, ResonanceModel& model) {
  constexpr double kQ22 = 1.7891679e-6;
  constexpr double kQ31 = 2.1460748e-6;
  constexpr double kQ33 = 2.2123015e-7;
  constexpr double kPhase31 = 0.13130908;
  constexpr double kPhase22 = 2.8843198;
  constexpr double kPhase33 = 0.37448087;
  const double e2 = epoch.eccentricity * epoch.eccentricity;
  const double c = std::cos(epoch.inclination);
  const double s = std::sin(epoch.inclination);
  const double g200 = 1.0 + e2 * (-2.5 + 0.8125 * e2);
  const double g310 = 1.0 + 2.0 * e2;
  const double g300 = 1.0 + e2 * (-6.0 + 6.60937 * e2);
  const double f220 = 0.75 * (1.0 + c) * (1.0 + c);
  const double f311 = 0.9375 * s * s * (1.0 + 3.0 * c) - 0.75 * (1.0 + c);
  const double f330 = 1.875 * (1.0 + c) * (1.0 + c) * (1.0 + c);
  const double second = 3.0 * epoch.mean_motion * epoch.mean_motion * inverse_axis * inverse_axis;
  model.terms[0] = {second * f311 * g310 * kQ31 * inverse_axis, 0.0, 1.0, kPhase31};
  model.terms[1] = {2.0 * second * f220 * g200 * kQ22, 0.0, 2.0, 2.0 * kPhase22};
  model.terms[2] = {3.0 * second * f330 * g300 * kQ33 * inverse_axis, 0.0, 3.0, 3.0 * kPhase33};
  model.term_count = 3;
}

// Derivatives of the mean motion and of the resonant longitude at one moment.
struct Slopes {
  double longitude = 0.0;           // λ'
  double mean_motion = 0.0;         // n'
  double mean_motion_second = 0.0;  // n''
};

Slopes slopes(const ResonanceModel& model, double longitude, double mean_motion, double minutes) {
  const double perigee = model.perigee_epoch + model.perigee_rate * minutes;
  Slopes out;
  out.longitude = mean_motion + model.longitude_rate;
  for (std::size_t i = 0; i < model.term_count; ++i) {
    const ResonantTerm& term = model.terms[i];
    const double angle = term.perigee_turns * perigee + term.longitude_turns * longitude - term.phase;
    out.mean_motion += term.amplitude * std::sin(angle);
    out.mean_motion_second += term.longitude_turns * term.amplitude * std::cos(angle);
  }
  out.mean_motion_second *= out.longitude;
  return out;
}

}  // namespace

ResonanceModel make_resonance_model(const NearEarthModel& near, const OrbitElements& drift,
                                    double greenwich_epoch, const GravityModel& gravity) {
  const OrbitElements& epoch = near.epoch;
  const SecularRates& zonal = near.rates;
  ResonanceModel model;
  model.kind = kind_of(epoch.mean_motion, epoch.eccentricity);
  if (model.kind == ResonanceKind::kNone) return model;
  model.mean_motion_epoch = epoch.mean_motion;
  model.perigee_epoch = epoch.perigee_argument;
  model.perigee_rate = zonal.perigee_argument;
  model.sidereal_epoch = greenwich_epoch;
  const double inverse_axis = std::pow(epoch.mean_motion / gravity.root_mu(), 2.0 / 3.0);
  const double anomaly_excess = zonal.mean_anomaly + drift.mean_anomaly - epoch.mean_motion;
  if (model.kind == ResonanceKind::kHalfDay) {
    set_half_day_terms(epoch, inverse_axis, model);
    model.longitude_epoch = std::fmod(epoch.mean_anomaly + 2.0 * epoch.node - 2.0 * greenwich_epoch, kTwoPi);
    model.longitude_rate = anomaly_excess + 2.0 * (zonal.node + drift.node - kEarthRotation);
  } else {
    set_synchronous_terms(epoch, inverse_axis, model);
    model.longitude_epoch =
        std::fmod(epoch.mean_anomaly + epoch.node + epoch.perigee_argument - greenwich_epoch, kTwoPi);
    model.longitude_rate = anomaly_excess + zonal.perigee_argument + zonal.node - kEarthRotation +
                           drift.perigee_argument + drift.node;
  }
  return model;
}

void integrate_resonance(const ResonanceModel& model, double minutes, OrbitElements& elements) {
  if (model.kind == ResonanceKind::kNone) return;
  const double step = minutes > 0.0 ? kStepMinutes : -kStepMinutes;
  double at = 0.0;
  double longitude = model.longitude_epoch;
  double mean_motion = model.mean_motion_epoch;
  Slopes slope = slopes(model, longitude, mean_motion, at);
  while (std::abs(minutes - at) >= kStepMinutes) {
    longitude += slope.longitude * step + slope.mean_motion * (step * step / 2.0);
    mean_motion += slope.mean_motion * step + slope.mean_motion_second * (step * step / 2.0);
    at += step;
    slope = slopes(model, longitude, mean_motion, at);
  }
  const double rest = minutes - at;
  elements.mean_motion =
      mean_motion + slope.mean_motion * rest + slope.mean_motion_second * rest * rest * 0.5;
  longitude += slope.longitude * rest + slope.mean_motion * rest * rest * 0.5;
  const double greenwich = std::fmod(model.sidereal_epoch + minutes * kEarthRotation, kTwoPi);
  elements.mean_anomaly = model.kind == ResonanceKind::kHalfDay
                              ? longitude - 2.0 * elements.node + 2.0 * greenwich
                              : longitude - elements.node - elements.perigee_argument + greenwich;
}

}  // namespace skywarden::orbit
