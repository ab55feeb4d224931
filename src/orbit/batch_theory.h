// SGP4 and SDP4 for several satellites at once, over a type L of lanes: the formulas of near_earth.cc,
// deep_space.cc, resonance.cc and sgp4.cc in the same order. What grows with time is added up exactly as
// there, so that both paths reduce the same angles; what stays small goes through addition formulas instead
// of one more sine. Kepler's equation is solved by Householder's method, and for eccentricities of 0.3 and
// more by the reference path's own rounds. Internal to the batch path; templates only (see
// batch_trigonometry.h).
#pragma once

#include "orbit/batch_kernel.h"
#include "orbit/batch_trigonometry.h"

namespace skywarden::orbit {

template <typename L>
struct BatchState {
  L x, y, z, vx, vy, vz;
  L error;  // Sgp4Error's number, 0 for none, kBatchAskReference; the rest is NaN unless 0
};

// The theory far outside what it was made for, where the last digit of an intermediate decides about metres
// and kilometres: only the reference path itself can answer as the reference path does.
inline constexpr double kBatchSemiLatusMin = 0.05;  // Earth radii: J2's effect outgrows the orbit
inline constexpr double kBatchAxisMax = 100.0;      // drag has run backwards to beyond the Moon
inline constexpr double kBatchEccentricitySquaredMax = 0.9;
inline constexpr double kBatchCosinePlusOneMin = 1e-4;  // of the inclination; 179.2 degrees
inline constexpr double kBatchMeanMotionChangeMax = 0.5;

// Lanes without an error where `fine` does not hold are left to the reference path.
template <typename L>
[[gnu::always_inline]] inline L ask_unless(typename L::Mask fine, L error) {
  return L::select(fine, error, L::select(error == L(0.0), L(kBatchAskReference), error));
}
// Where the integration of a resonance stands, so that the next time of the same satellite can go on from
// there. The steps are those of the reference path, so going on and starting anew give the same bits.
template <typename L>
struct ResonanceProgress {
  L at, longitude, mean_motion;
};

// One lane's worth of everything that the shared end of the theory needs.
template <typename L>
struct BatchElements {
  L axis;       // semi-major axis, Earth radii
  L axis_root;  // its square root
  L eccentricity;
  SineCosineOf<L> perigee, node, inclination;
  L longitude;  // M + ω, within a few turns
  L long_period_sine, long_period_longitude;
};

template <typename L>
struct BatchFieldReader {
  const double* block;
  [[gnu::always_inline]] L operator[](std::size_t field) const { return L::load(block + field * L::kWidth); }
};

// ---- Kepler's equation: sine and cosine of E + ω from e cos ω, e sin ω and the mean longitude.

template <typename L>
[[gnu::noinline]] SineCosineOf<L> kepler_eccentric(L longitude, L e_cos, L e_sin) {
  constexpr int kRoundsMax = 10;
  constexpr double kTolerance = 1.0e-12;
  constexpr double kStepMax = 0.95;
  L u = longitude;
  auto running = less_equal(L(0.0), abs(longitude));  // all but NaN
  for (int round = 0; round < kRoundsMax && any(running); ++round) {
    const SineCosineOf<L> at = sine_cosine(u);
    const L step = (longitude - e_sin * at.cosine + e_cos * at.sine - u) /
                   (L(1.0) - at.cosine * e_cos - at.sine * e_sin);
    const L bounded = L::select(less(L(kStepMax), step), L(kStepMax),
                                L::select(less(step, L(-kStepMax)), L(-kStepMax), step));
    u = L::select(running, u + bounded, u);
    running = running & less_equal(L(kTolerance), abs(bounded));
  }
  return sine_cosine(u);
}

// Further rounds of Householder's method for lanes whose first step was not small enough. Third order: the
// error after a step h is of order h⁴.
template <typename L>
[[gnu::noinline]] SineCosineOf<L> kepler_refined(L longitude, L e_cos, L e_sin, SineCosineOf<L> done, L first,
                                                 typename L::Mask running) {
  constexpr int kRoundsMax = 8;
  constexpr double kStepEnough = 5e-5;
  const SineCosineOf<L> start = sine_cosine(longitude);
  L sum = first;
  SineCosineOf<L> at = turned(start, sum);
  for (int round = 0; round < kRoundsMax && any(running); ++round) {
    const L a = L::multiply_add(e_cos, at.cosine, e_sin * at.sine);
    const L b = L::negative_multiply_add(e_sin, at.cosine, e_cos * at.sine);
    const L g = L(1.0) / (L(1.0) - a);
    const L h = (b - sum) * g;
    const L second = L(0.5) * b * g;
    const L third = L(1.0 / 6.0) * a * g;
    const L step = h * (L(1.0) - h * (second - h * (L(2.0) * second * second - third)));
    sum = sum + step;
    at = turned(start, sum);
    done = {L::select(running, at.sine, done.sine), L::select(running, at.cosine, done.cosine)};
    running = running & less(L(kStepEnough), abs(step));
  }
  return done;
}

template <typename L>
[[gnu::always_inline]] inline SineCosineOf<L> kepler(L longitude, L e_cos, L e_sin, L e2) {
  constexpr double kEccentricitySquared = 0.09;
  constexpr double kFirstStepEnough = 4e-3;
  const SineCosineOf<L> mean = sine_cosine(longitude);
  const L a = L::multiply_add(e_cos, mean.cosine, e_sin * mean.sine);           // e cos E, were E the mean
  const L b = L::negative_multiply_add(e_sin, mean.cosine, e_cos * mean.sine);  // e sin E
  const L g = L(1.0) / (L(1.0) - a);
  const L h = b * g;
  // The second derivative is b, of the order of the step itself: seventh order in h.
  const L h2 = h * h;
  const L k = L(1.0 / 6.0) * a * g;
  const L c = L(0.5) + k;
  const L d = L::multiply_add(c, L::multiply_add(k, L(3.0), L(1.0)),
                              L::multiply_add(k, L(1.0 / 20.0), L(1.0 / 24.0)));
  const L step = h * L::multiply_add(h2, L::multiply_add(h2, d, L(0.0) - c), L(1.0));
  SineCosineOf<L> out = turned(mean, step);
  const auto eccentric = less_equal(L(kEccentricitySquared), e2);
  const auto finished = less_equal(abs(h), L(kFirstStepEnough)) & ~eccentric;
  if (!all(finished)) {
    const auto moderate = less(L(kFirstStepEnough), abs(h)) & ~eccentric;
    if (any(moderate)) out = kepler_refined(longitude, e_cos, e_sin, out, step, moderate);
    if (any(eccentric)) {
      const SineCosineOf<L> exact = kepler_eccentric(longitude, e_cos, e_sin);
      out = {L::select(eccentric, exact.sine, out.sine), L::select(eccentric, exact.cosine, out.cosine)};
    }
  }
  return out;
}

// ---- From mean elements to a state: with_long_period, with_short_period and to_vectors of sgp4.cc.

template <typename L>
[[gnu::always_inline]] inline BatchState<L> state_of(const BatchConstants& constants,
                                                     const BatchElements<L>& el, L error) {
  const L one(1.0);
  const L inverse_axis = one / el.axis;
  const L inverse_root = inverse_axis * el.axis_root;
  const L inverse_p = inverse_axis / (one - el.eccentricity * el.eccentricity);
  const L e_cos = el.eccentricity * el.perigee.cosine;
  const L e_sin = el.eccentricity * el.perigee.sine + inverse_p * el.long_period_sine;
  const L longitude = el.longitude + inverse_p * el.long_period_longitude * e_cos;
  const L e2 = e_cos * e_cos + e_sin * e_sin;
  const L beta2 = one - e2;
  const L semi_latus = el.axis * beta2;
  const SineCosineOf<L> u_ecc = kepler(longitude, e_cos, e_sin, e2);

  const L e_cos_e = L::multiply_add(e_cos, u_ecc.cosine, e_sin * u_ecc.sine);
  const L e_sin_e = L::negative_multiply_add(e_sin, u_ecc.cosine, e_cos * u_ecc.sine);
  const L flat_radius = el.axis * (one - e_cos_e);
  const L inverse_ratio = one / (one - e_cos_e);  // a/r
  const L beta = sqrt(beta2);
  const L k = e_sin_e / (one + beta);
  const L sin_u = inverse_ratio * (u_ecc.sine - e_sin - e_cos * k);
  const L cos_u = inverse_ratio * (u_ecc.cosine - e_cos + e_sin * k);
  const L sin_2u = L(2.0) * cos_u * sin_u;
  const L cos_2u = one - L(2.0) * sin_u * sin_u;

  const L inverse_latus = inverse_axis / beta2;
  const L k1 = L(0.5 * constants.j2) * inverse_latus;
  const L k2 = k1 * inverse_latus;
  const L cos_i = el.inclination.cosine;
  const L cos_i2 = cos_i * cos_i;
  const L three_cos2_minus_1 = L(3.0) * cos_i2 - one;
  const L sin2_i = one - cos_i2;
  const L seven_cos2_minus_1 = L(7.0) * cos_i2 - one;
  const L r = flat_radius * (one - L(1.5) * k2 * beta * three_cos2_minus_1) + L(0.5) * k1 * sin2_i * cos_2u;
  const L tilt = L(1.5) * k2 * cos_i;
  const SineCosineOf<L> u =
      turned(SineCosineOf<L>{sin_u, cos_u}, L(-0.25) * k2 * seven_cos2_minus_1 * sin_2u);
  const SineCosineOf<L> node = turned(el.node, tilt * sin_2u);
  const SineCosineOf<L> inclination = turned(el.inclination, tilt * el.inclination.sine * cos_2u);

  const auto orderly = less(e2, L(kBatchEccentricitySquaredMax)) & less(L(kBatchSemiLatusMin), semi_latus) &
                       less(el.axis, L(kBatchAxisMax));
  error = ask_unless(orderly, error);
  error = L::select(error == L(0.0), L::select(less_equal(L(0.0), semi_latus), error, L(4.0)), error);
  error = L::select(error == L(0.0), L::select(less_equal(one, r), error, L(6.0)), error);

  // Unit vectors outwards and along the motion, as to_vectors has them.
  const L out_x = inclination.cosine * u.sine;
  const L ahead_x = inclination.cosine * u.cosine;
  const L px = node.cosine * u.cosine - node.sine * out_x;
  const L py = node.cosine * out_x + node.sine * u.cosine;
  const L pz = inclination.sine * u.sine;
  const L qx = L(0.0) - (node.sine * ahead_x + node.cosine * u.sine);
  const L qy = node.cosine * ahead_x - node.sine * u.sine;
  const L qz = inclination.sine * u.cosine;
  const L motion = inverse_axis * inverse_root * k1;  // n k1 / √μ
  const L r_rate =
      (inverse_root * inverse_ratio * e_sin_e - motion * sin2_i * sin_2u) * L(constants.speed_km_s);
  const L rf_rate =
      (inverse_root * inverse_ratio * beta + motion * (sin2_i * cos_2u + L(1.5) * three_cos2_minus_1)) *
      L(constants.speed_km_s);
  const L km = r * L(constants.radius_km);
  BatchState<L> state{km * px,
                      km * py,
                      km * pz,
                      r_rate * px + rf_rate * qx,
                      r_rate * py + rf_rate * qy,
                      r_rate * pz + rf_rate * qz,
                      error};
  const auto fine = error == L(0.0);
  if (!all(fine)) [[unlikely]] {
    const L none(__builtin_nan(""));
    state = {L::select(fine, state.x, none),
             L::select(fine, state.y, none),
             L::select(fine, state.z, none),
             L::select(fine, state.vx, none),
             L::select(fine, state.vy, none),
             L::select(fine, state.vz, none),
             error};
  }
  return state;
}

// ---- Ageing: age() of near_earth.cc.

template <typename L>
struct BatchAged {
  L mean_anomaly, perigee, node;
  L axis_factor, eccentricity_loss, longitude_gain;
};

template <bool all_drag, typename L>
[[gnu::always_inline]] inline BatchAged<L> aged(const BatchFieldReader<L>& field, L t) {
  using f = BatchField;
  const L t2 = t * t;
  BatchAged<L> out{field[f::kMeanAnomaly] + field[f::kMeanAnomalyRate] * t,
                   field[f::kPerigee] + field[f::kPerigeeRate] * t,
                   field[f::kNode] + (field[f::kNodeRate] * t + field[f::kNodeSquare] * t2),
                   L(1.0) - field[f::kAxisLinear] * t,
                   field[f::kEccentricityLinear] * t,
                   field[f::kLongitudeSquare] * t2};
  if constexpr (all_drag) {
    const SineCosineOf<L> anomaly = sine_cosine<true>(out.mean_anomaly);
    const L lobe = L(1.0) + field[f::kEta] * anomaly.cosine;
    const L shift = field[f::kPerigeeCos] * t +
                    field[f::kAnomalyCube] * (lobe * lobe * lobe - field[f::kAnomalyCubeEpoch]);
    out.mean_anomaly = out.mean_anomaly + shift;
    out.perigee = out.perigee - shift;
    const L t3 = t2 * t;
    const L t4 = t3 * t;
    out.axis_factor =
        out.axis_factor - field[f::kAxisSquare] * t2 - field[f::kAxisCube] * t3 - field[f::kAxisFourth] * t4;
    out.eccentricity_loss =
        out.eccentricity_loss +
        field[f::kEccentricitySine] * (turned(anomaly, shift).sine - field[f::kAnomalySinEpoch]);
    out.longitude_gain =
        out.longitude_gain +
        (field[f::kLongitudeCube] * t3 + t4 * (field[f::kLongitudeFourth] + t * field[f::kLongitudeFifth]));
  }
  return out;
}

// Errors 2 and 1, in the order of the reference path.
template <typename L>
[[gnu::always_inline]] inline L error_of_mean(L mean_motion, L eccentricity) {
  const auto bound = less(eccentricity, L(1.0)) & less_equal(L(-0.001), eccentricity);
  const L error = L::select(bound, L(0.0), L(1.0));
  return L::select(less(L(0.0), mean_motion), error, L(2.0));
}

template <bool all_drag, typename L>
[[gnu::always_inline]] inline BatchState<L> near_state(const BatchConstants& constants,
                                                       const BatchFieldReader<L>& field, L t) {
  using f = BatchField;
  const BatchAged<L> now = aged<all_drag>(field, t);
  const L mean_motion = field[f::kMeanMotion];
  L eccentricity = field[f::kEccentricity] - now.eccentricity_loss;
  const L error = error_of_mean(mean_motion, eccentricity);
  eccentricity = L::select(less(eccentricity, L(1e-6)), L(1e-6), eccentricity);
  const L mean_anomaly = now.mean_anomaly + mean_motion * now.longitude_gain;
  const L node = within_half_turn(now.node);
  BatchElements<L> el{field[f::kAxis] * now.axis_factor * now.axis_factor,
                      field[f::kAxisRoot] * abs(now.axis_factor),
                      eccentricity,
                      sine_cosine(now.perigee),
                      sine_cosine(node),
                      {field[f::kSinInclination], field[f::kCosInclination]},
                      within_half_turn(mean_anomaly + now.perigee + now.node) - node,
                      field[f::kLongPeriodSine],
                      field[f::kLongPeriodLongitude]};
  return state_of(constants, el, error);
}

// ---- Deep space: resonance.cc.

template <typename L>
struct ResonanceSlopes {
  L longitude, mean_motion, mean_motion_second;
};

template <typename L>
[[gnu::always_inline]] inline SineCosineOf<L> sum_of_angles(SineCosineOf<L> a, SineCosineOf<L> b) {
  return {L::multiply_add(a.sine, b.cosine, a.cosine * b.sine),
          L::negative_multiply_add(a.sine, b.sine, a.cosine * b.cosine)};
}

// A sin(angle − φ) and its derivative, from the pair (A cos φ, A sin φ).
template <typename L>
[[gnu::always_inline]] inline void add_term(const BatchFieldReader<L>& field, std::size_t term,
                                            SineCosineOf<L> angle, double turns, ResonanceSlopes<L>& out) {
  const L a = field[BatchField::kTerms + 2 * term];
  const L b = field[BatchField::kTerms + 2 * term + 1];
  out.mean_motion = out.mean_motion + (a * angle.sine - b * angle.cosine);
  out.mean_motion_second = out.mean_motion_second + L(turns) * (a * angle.cosine + b * angle.sine);
}

template <BatchGroup group, typename L>
[[gnu::noinline]] ResonanceSlopes<L> resonance_slopes(const BatchFieldReader<L>& field, L longitude,
                                                      L mean_motion, L minutes) {
  using f = BatchField;
  ResonanceSlopes<L> out{mean_motion + field[f::kResonantRate], L(0.0), L(0.0)};
  const SineCosineOf<L> once = sine_cosine<true>(longitude);
  const SineCosineOf<L> twice = sum_of_angles(once, once);
  if constexpr (group == BatchGroup::kDeepSynchronous) {
    add_term(field, 0, once, 1.0, out);
    add_term(field, 1, twice, 2.0, out);
    add_term(field, 2, sum_of_angles(once, twice), 3.0, out);
  } else {
    const SineCosineOf<L> perigee = sine_cosine<true>(field[f::kPerigee] + field[f::kPerigeeRate] * minutes);
    const SineCosineOf<L> by_turns[4] = {{L(0.0) - perigee.sine, perigee.cosine},
                                         {L(0.0), L(1.0)},
                                         perigee,
                                         sum_of_angles(perigee, perigee)};  // −1, 0, 1, 2 turns of ω
    for (std::size_t i = 0; i < 8; ++i) {
      const HalfDayCombination& turns = kHalfDayCombinations[i];
      add_term(field, i,
               sum_of_angles(by_turns[turns.perigee_turns + 1], turns.longitude_turns == 1 ? once : twice),
               turns.longitude_turns, out);
    }
  }
  out.mean_motion_second = out.mean_motion_second * out.longitude;
  return out;
}

template <typename L>
struct ResonantMotion {
  L mean_motion, mean_anomaly;
};

// `node` and `perigee` must be those of `minutes`.
template <BatchGroup group, typename L>
[[gnu::always_inline]] inline ResonantMotion<L> integrated_resonance(const BatchFieldReader<L>& field,
                                                                     L minutes, L node, L perigee,
                                                                     ResonanceProgress<L>& progress) {
  using f = BatchField;
  constexpr double kStepMinutes = 720.0;
  constexpr double kEarthRotation = 4.37526908801129966e-3;  // rad/min
  const L step = L::select(less(L(0.0), minutes), L(kStepMinutes), L(-kStepMinutes));
  // Go on only from a place on the way from the epoch.
  const auto on_the_way = less_equal(L(0.0), progress.at * step) & less_equal(abs(progress.at), abs(minutes));
  L at = L::select(on_the_way, progress.at, L(0.0));
  L longitude = L::select(on_the_way, progress.longitude, field[f::kResonantLongitude]);
  L mean_motion = L::select(on_the_way, progress.mean_motion, field[f::kMeanMotion]);
  const L half_square(kStepMinutes * kStepMinutes / 2.0);
  ResonanceSlopes<L> slope = resonance_slopes<group>(field, longitude, mean_motion, at);
  for (auto more = less_equal(L(kStepMinutes), abs(minutes - at)); any(more);
       more = less_equal(L(kStepMinutes), abs(minutes - at))) {
    longitude =
        L::select(more, longitude + (slope.longitude * step + slope.mean_motion * half_square), longitude);
    mean_motion = L::select(
        more, mean_motion + (slope.mean_motion * step + slope.mean_motion_second * half_square), mean_motion);
    at = L::select(more, at + step, at);
    slope = resonance_slopes<group>(field, longitude, mean_motion, at);
  }
  progress = {at, longitude, mean_motion};
  const L rest = minutes - at;
  const L now = mean_motion + slope.mean_motion * rest + slope.mean_motion_second * rest * rest * L(0.5);
  longitude = longitude + (slope.longitude * rest + slope.mean_motion * rest * rest * L(0.5));
  const L greenwich = within_turn(field[f::kSiderealEpoch] + minutes * L(kEarthRotation));
  if constexpr (group == BatchGroup::kDeepHalfDay)
    return {now, longitude - L(2.0) * node + L(2.0) * greenwich};
  else
    return {now, longitude - node - perigee + greenwich};
}

// ratio^(−2/3) by Newton's method on y³ ratio² = 1; a resonance hardly moves the ratio from 1.
template <typename L>
[[gnu::always_inline]] inline L inverse_two_thirds(L ratio) {
  const L d = ratio - L(1.0);
  const L square = ratio * ratio;
  L y = L::multiply_add(d, L::multiply_add(d, L(5.0 / 9.0), L(-2.0 / 3.0)), L(1.0));
  for (int round = 0; round < 5; ++round) y = y + y * (L(1.0) - square * (y * y * y)) * L(1.0 / 3.0);
  return y;
}

// ---- Deep space: deep_space.cc.

template <typename L>
struct BatchOscillation {
  L eccentricity, inclination, longitude, perigee, sin_node;
};

template <typename L>
[[gnu::always_inline]] inline void add_body(const BatchFieldReader<L>& field, std::size_t body, L minutes,
                                            BatchOscillation<L>& sum) {
  using f = BatchField;
  const auto b = [&](std::size_t index) { return field[body + index]; };
  const SineCosineOf<L> mean = sine_cosine<true>(b(f::kBodyAnomaly) + b(f::kBodyMotion) * minutes);
  const SineCosineOf<L> true_anomaly = turned(mean, L(2.0) * b(f::kBodyEccentricity) * mean.sine);
  const L sine = true_anomaly.sine;
  const L f2 = L(0.5) * sine * sine - L(0.25);
  const L f3 = L(-0.5) * sine * true_anomaly.cosine;
  sum.eccentricity = sum.eccentricity + (b(f::kBodyE2) * f2 + b(f::kBodyE3) * f3);
  sum.inclination = sum.inclination + (b(f::kBodyI2) * f2 + b(f::kBodyI3) * f3);
  sum.longitude = sum.longitude + (b(f::kBodyL2) * f2 + b(f::kBodyL3) * f3 + b(f::kBodyL4) * sine);
  sum.perigee = sum.perigee + (b(f::kBodyGh2) * f2 + b(f::kBodyGh3) * f3 + b(f::kBodyGh4) * sine);
  sum.sin_node = sum.sin_node + (b(f::kBodyH2) * f2 + b(f::kBodyH3) * f3);
}

inline constexpr double kBatchInclinationLyddane = 0.2;

template <typename L>
struct BatchAngles {
  L node, perigee, mean_anomaly;
};

// Both ways of add_lunar_solar_oscillations, each lane taking its own; `i` is the moved inclination.
template <typename L>
[[gnu::always_inline]] inline BatchAngles<L> with_oscillations(const BatchOscillation<L>& by, L inclination,
                                                               SineCosineOf<L> i, BatchAngles<L> angles) {
  const L direct = by.sin_node / i.sine;
  BatchAngles<L> out{angles.node + direct, angles.perigee + (by.perigee - i.cosine * direct),
                     angles.mean_anomaly + by.longitude};
  const auto lyddane = less(inclination, L(kBatchInclinationLyddane));
  if (any(lyddane)) {
    // (sin i sin Ω, sin i cos Ω) turned back by Ω, shifted: its direction is by how much the node moves.
    const L by_node = arc_tangent(by.sin_node, i.sine + by.inclination * i.cosine);
    const L node = angles.node + by_node;
    const L longitude = angles.mean_anomaly + angles.perigee + i.cosine * angles.node + by.longitude +
                        by.perigee - by.inclination * angles.node * i.sine;
    const L perigee = longitude - out.mean_anomaly - i.cosine * node;
    out.node = L::select(lyddane, node, out.node);
    out.perigee = L::select(lyddane, perigee, out.perigee);
  }
  return out;
}

template <BatchGroup group, typename L>
[[gnu::always_inline]] inline BatchState<L> deep_state(const BatchConstants& constants,
                                                       const BatchFieldReader<L>& field, L t,
                                                       ResonanceProgress<L>& progress) {
  using f = BatchField;
  constexpr double kPi = 2.0 * kBatchQuarterTurn;
  const BatchAged<L> now = aged<false>(field, t);
  L eccentricity = field[f::kEccentricity] + field[f::kEccentricityDrift] * t;
  L inclination = field[f::kInclination] + field[f::kInclinationDrift] * t;
  L perigee = now.perigee + field[f::kPerigeeDrift] * t;
  L node = now.node + field[f::kNodeDrift] * t;
  L mean_anomaly = now.mean_anomaly + field[f::kMeanAnomalyDrift] * t;
  L mean_motion = field[f::kMeanMotion];
  L axis = field[f::kAxis];
  L axis_root = field[f::kAxisRoot];
  auto motion_fine = less(L(0.0), mean_motion);
  if constexpr (group != BatchGroup::kDeep) {
    const ResonantMotion<L> motion = integrated_resonance<group>(field, t, node, perigee, progress);
    const L ratio = motion.mean_motion / mean_motion;
    const L factor = inverse_two_thirds(ratio);
    motion_fine = less_equal(abs(ratio - L(1.0)), L(kBatchMeanMotionChangeMax));
    mean_motion = motion.mean_motion;
    mean_anomaly = motion.mean_anomaly;
    axis = axis * factor;
    axis_root = axis_root * sqrt(factor);
  }
  eccentricity = eccentricity - now.eccentricity_loss;
  L error = error_of_mean(mean_motion, eccentricity);
  error = ask_unless(motion_fine, error);
  eccentricity = L::select(less(eccentricity, L(1e-6)), L(1e-6), eccentricity);
  mean_anomaly = mean_anomaly + field[f::kMeanMotion] * now.longitude_gain;
  // reduce_angles() of sgp4.cc. Lyddane's variables tell one turn of the node from another.
  L longitude = within_turn(mean_anomaly + perigee + node);
  node = within_turn(node);
  perigee = within_turn(perigee);
  mean_anomaly = within_turn(longitude - perigee - node);

  BatchOscillation<L> by{L(0.0), L(0.0), L(0.0), L(0.0), L(0.0)};
  add_body(field, f::kSun, t, by);
  add_body(field, f::kMoon, t, by);
  inclination = inclination + by.inclination;
  eccentricity = eccentricity + by.eccentricity;
  SineCosineOf<L> i = sine_cosine<true>(inclination);
  const L cos_plus_1 = L(1.0) + i.cosine;
  error = ask_unless(less(L(kBatchCosinePlusOneMin), cos_plus_1), error);
  const BatchAngles<L> angles = with_oscillations(by, inclination, i, {node, perigee, mean_anomaly});
  // make_inclination_positive() of sgp4.cc.
  const auto negative = less(inclination, L(0.0));
  i.sine = L::select(negative, L(0.0) - i.sine, i.sine);
  node = L::select(negative, angles.node + L(kPi), angles.node);
  perigee = L::select(negative, angles.perigee - L(kPi), angles.perigee);
  const auto bound = less_equal(L(0.0), eccentricity) & less_equal(eccentricity, L(1.0));
  error = L::select(error == L(0.0), L::select(bound, error, L(3.0)), error);

  const L j3_sine = L(constants.j3_over_j2) * i.sine;
  const BatchElements<L> el{axis * now.axis_factor * now.axis_factor,
                            axis_root * abs(now.axis_factor),
                            eccentricity,
                            sine_cosine(perigee),
                            sine_cosine(node),
                            i,
                            within_half_turn(angles.mean_anomaly + perigee),
                            L(-0.5) * j3_sine,
                            L(-0.25) * j3_sine * (L(3.0) + L(5.0) * i.cosine) / cos_plus_1};
  return state_of(constants, el, error);
}

// ---- The two loops.

// Times further from the epoch than this (1,900 years) are treated as no time at all: an error, as for NaN.
inline constexpr double kBatchMinutesMax = 1e9;

template <BatchGroup group, typename L>
[[gnu::always_inline]] inline BatchState<L> state_at(const BatchConstants& constants, const double* block,
                                                     L minutes, ResonanceProgress<L>& progress) {
  const BatchFieldReader<L> field{block};
  minutes = L::select(less_equal(abs(minutes), L(kBatchMinutesMax)), minutes, L(__builtin_nan("")));
  if constexpr (group == BatchGroup::kNear)
    return near_state<true>(constants, field, minutes);
  else if constexpr (group == BatchGroup::kNearSimplified)
    return near_state<false>(constants, field, minutes);
  else
    return deep_state<group>(constants, field, minutes, progress);
}

// Lane by lane to places that need not be neighbours. `live` lanes count.
template <typename L, typename Place>
[[gnu::always_inline]] inline void scatter(const BatchState<L>& state, const BatchTarget& target,
                                           std::size_t live, const Place& place) {
  double lanes[7][L::kWidth];
  state.x.store(lanes[0]);
  state.y.store(lanes[1]);
  state.z.store(lanes[2]);
  state.error.store(lanes[6]);
  for (std::size_t i = 0; i < live; ++i) {
    const std::size_t at = place(i);
    target.x[at] = lanes[0][i];
    target.y[at] = lanes[1][i];
    target.z[at] = lanes[2][i];
    target.error[at] = static_cast<std::uint8_t>(static_cast<int>(lanes[6][i]));
  }
  if (target.vx == nullptr) return;
  state.vx.store(lanes[3]);
  state.vy.store(lanes[4]);
  state.vz.store(lanes[5]);
  for (std::size_t i = 0; i < live; ++i) {
    const std::size_t at = place(i);
    target.vx[at] = lanes[3][i];
    target.vy[at] = lanes[4][i];
    target.vz[at] = lanes[5][i];
  }
}

template <BatchGroup group, typename L>
void propagate_group(const BatchConstants& constants, const BatchBlocks& blocks, std::size_t field_count,
                     const BatchTime* times, std::size_t count, const BatchTarget& target) {
  for (std::size_t b = 0; b < blocks.count; ++b) {
    const double* block = blocks.fields + b * field_count * L::kWidth;
    const std::uint32_t* satellites = blocks.satellites + b * L::kWidth;
    const L epoch_day = L::load(block + BatchField::kEpochDay * L::kWidth);
    const L epoch_fraction = L::load(block + BatchField::kEpochFraction * L::kWidth);
    ResonanceProgress<L> progress{L(__builtin_nan("")), L(0.0), L(0.0)};
    for (std::size_t k = 0; k < count; ++k) {
      const L minutes =
          (L(times[k].day) - epoch_day) * L(1440.0) + (L(times[k].fraction) - epoch_fraction) * L(1440.0);
      const BatchState<L> state = state_at<group>(constants, block, minutes, progress);
      scatter(state, target, L::kWidth, [&](std::size_t lane) {
        return target.first + satellites[lane] * target.satellite_stride + k * target.time_stride;
      });
    }
  }
}

template <BatchGroup group, typename L>
void track_group(const BatchConstants& constants, const double* block, const double* minutes,
                 std::size_t count, const BatchTarget& target) {
  ResonanceProgress<L> progress{L(__builtin_nan("")), L(0.0), L(0.0)};
  for (std::size_t first = 0; first < count; first += L::kWidth) {
    const std::size_t live = count - first < L::kWidth ? count - first : L::kWidth;
    double lanes[L::kWidth];
    for (std::size_t i = 0; i < L::kWidth; ++i) lanes[i] = minutes[first + (i < live ? i : live - 1)];
    const BatchState<L> state = state_at<group>(constants, block, L::load(lanes), progress);
    scatter(state, target, live,
            [&](std::size_t lane) { return target.first + (first + lane) * target.time_stride; });
  }
}

template <typename L>
void propagate_blocks(const BatchConstants& constants, const BatchBlocks& blocks, const BatchTime* times,
                      std::size_t count, const BatchTarget& target) {
  using f = BatchField;
  switch (blocks.group) {
    case BatchGroup::kNear:
      return propagate_group<BatchGroup::kNear, L>(constants, blocks, f::kNearCount, times, count, target);
    case BatchGroup::kNearSimplified:
      return propagate_group<BatchGroup::kNearSimplified, L>(constants, blocks, f::kSimplifiedCount, times,
                                                             count, target);
    case BatchGroup::kDeep:
      return propagate_group<BatchGroup::kDeep, L>(constants, blocks, f::kDeepCount, times, count, target);
    case BatchGroup::kDeepSynchronous:
      return propagate_group<BatchGroup::kDeepSynchronous, L>(constants, blocks, f::kSynchronousCount, times,
                                                              count, target);
    case BatchGroup::kDeepHalfDay:
      return propagate_group<BatchGroup::kDeepHalfDay, L>(constants, blocks, f::kHalfDayCount, times, count,
                                                          target);
  }
}

template <typename L>
void track_block(const BatchConstants& constants, const BatchBlocks& block, const double* minutes,
                 std::size_t count, const BatchTarget& target) {
  switch (block.group) {
    case BatchGroup::kNear:
      return track_group<BatchGroup::kNear, L>(constants, block.fields, minutes, count, target);
    case BatchGroup::kNearSimplified:
      return track_group<BatchGroup::kNearSimplified, L>(constants, block.fields, minutes, count, target);
    case BatchGroup::kDeep:
      return track_group<BatchGroup::kDeep, L>(constants, block.fields, minutes, count, target);
    case BatchGroup::kDeepSynchronous:
      return track_group<BatchGroup::kDeepSynchronous, L>(constants, block.fields, minutes, count, target);
    case BatchGroup::kDeepHalfDay:
      return track_group<BatchGroup::kDeepHalfDay, L>(constants, block.fields, minutes, count, target);
  }
}

}  // namespace skywarden::orbit
