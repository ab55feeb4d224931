// Sines, cosines and arc tangents for several numbers at once, over a type L of lanes (batch_baseline.cc and
// its siblings define one each). Range reduction after Cody and Waite (Software Manual for the Elementary
// Functions, 1980), polynomials fitted with Remez's algorithm; absolute errors stay within about 2e-16 of a
// number already reduced. Lanes never influence each other: where one lane needs a longer way, the others
// keep the bits of the short one.
//
// Templates only: L differs between the compiled kernels, so none can be taken for another's by the linker.
#pragma once

#include <cstddef>

namespace skywarden::orbit {

inline constexpr double kBatchQuarterTurn = 1.57079632679489655800;          // the double nearest π/2
inline constexpr double kBatchQuarterTurnRest = 6.12323399573676603587e-17;  // π/2 minus that
// Adding this rounds to an integer, whose lowest bits are then those of the sum.
inline constexpr double kBatchRounder = 6755399441055744.0;  // 1.5 · 2^52

template <typename L>
struct SineCosineOf {
  L sine, cosine;
};

// x − q · multiple, exactly, for whole q; `multiple` is a power of two times the double nearest π/2.
template <typename L>
[[gnu::always_inline]] inline L subtract_turns(L x, L q, double multiple) {
  if constexpr (L::kFused) {
    return L::negative_multiply_add(q, L(multiple), x);
  } else {
    const double high = static_cast<double>(static_cast<float>(multiple));
    return (x - q * L(high)) - q * L(multiple - high);
  }
}

// The angle less whole turns, −π…π. A turn is 2π as a double, as for std::fmod(x, 2π): the reference path
// reduces so, and over years the difference from true turns would show.
template <typename L>
[[gnu::always_inline]] inline L within_half_turn(L x) {
  const L turns = (x * L(0.25 / kBatchQuarterTurn) + L(kBatchRounder)) - L(kBatchRounder);
  return subtract_turns(x, turns, 4.0 * kBatchQuarterTurn);
}

// std::fmod(x, 2π): the sign is that of x.
template <typename L>
[[gnu::always_inline]] inline L within_turn(L x) {
  constexpr double kTurn = 4.0 * kBatchQuarterTurn;
  const L rest = within_half_turn(x);
  const L positive = L::select(less(rest, L(0.0)), rest + L(kTurn), rest);
  const L negative = L::select(less(L(0.0), rest), rest - L(kTurn), rest);
  return L::select(less(x, L(0.0)), negative, positive);
}

// For |x| up to π/4.
template <typename L>
[[gnu::always_inline]] inline SineCosineOf<L> sine_cosine_reduced(L x) {
  const L z = x * x;
  L s = L::multiply_add(z, L(1.589674485940658e-10), L(-2.5050757267862112e-08));
  L c = L::multiply_add(z, L(-1.1359613183977957e-11), L(2.0875722628135893e-09));
  s = L::multiply_add(z, s, L(2.755731368670064e-06));
  c = L::multiply_add(z, c, L(-2.7557314347769894e-07));
  s = L::multiply_add(z, s, L(-0.00019841269829793366));
  c = L::multiply_add(z, c, L(2.4801587289467063e-05));
  s = L::multiply_add(z, s, L(0.008333333333322396));
  c = L::multiply_add(z, c, L(-0.00138888888888741));
  s = L::multiply_add(z, s, L(-0.16666666666666632));
  c = L::multiply_add(z, c, L(0.0416666666666666));
  const L half = L::multiply_add(z, L(-0.5), L(1.0));
  return {L::multiply_add(x * z, s, x), L::multiply_add(z * z, c, half)};
}

// `true_turns` reduces by π itself, else by the double nearest it (see within_half_turn).
template <bool true_turns = false, typename L>
[[gnu::always_inline]] inline SineCosineOf<L> sine_cosine(L x) {
  const L rounded = x * L(1.0 / kBatchQuarterTurn) + L(kBatchRounder);
  const L quarters = rounded - L(kBatchRounder);
  L rest = subtract_turns(x, quarters, kBatchQuarterTurn);
  if constexpr (true_turns) rest = L::negative_multiply_add(quarters, L(kBatchQuarterTurnRest), rest);
  const SineCosineOf<L> r = sine_cosine_reduced(rest);
  const auto bits = rounded.bits();
  const auto odd = L::is_odd(bits);
  return {L::flip_by_second_bit(L::select(odd, r.cosine, r.sine), bits),
          L::flip_by_second_bit(L::select(odd, r.sine, r.cosine), L::plus_one(bits))};
}

inline constexpr double kBatchSmallAngle = 0.125;

// For |x| up to kBatchSmallAngle: Taylor's series.
template <typename L>
[[gnu::always_inline]] inline SineCosineOf<L> sine_cosine_small(L x) {
  const L z = x * x;
  L s = L::multiply_add(z, L(1.0 / 362880.0), L(-1.0 / 5040.0));
  L c = L::multiply_add(z, L(-1.0 / 3628800.0), L(1.0 / 40320.0));
  s = L::multiply_add(z, s, L(1.0 / 120.0));
  c = L::multiply_add(z, c, L(-1.0 / 720.0));
  s = L::multiply_add(z, s, L(-1.0 / 6.0));
  c = L::multiply_add(z, c, L(1.0 / 24.0));
  c = L::multiply_add(z, c, L(-0.5));
  return {L::multiply_add(x * z, s, x), L::multiply_add(z, c, L(1.0))};
}

template <typename L>
[[gnu::noinline]] SineCosineOf<L> sine_cosine_where_large(L x, SineCosineOf<L> small) {
  const SineCosineOf<L> full = sine_cosine(x);
  const auto is_small = less_equal(abs(x), L(kBatchSmallAngle));
  return {L::select(is_small, small.sine, full.sine), L::select(is_small, small.cosine, full.cosine)};
}

// An angle turned by another that is nearly always small.
template <typename L>
[[gnu::always_inline]] inline SineCosineOf<L> turned(SineCosineOf<L> angle, L by) {
  SineCosineOf<L> turn = sine_cosine_small(by);
  if (!all(less_equal(abs(by), L(kBatchSmallAngle)))) [[unlikely]]
    turn = sine_cosine_where_large(by, turn);
  return {L::multiply_add(angle.sine, turn.cosine, angle.cosine * turn.sine),
          L::negative_multiply_add(angle.sine, turn.sine, angle.cosine * turn.cosine)};
}

// Arc tangent of y/x in the right quadrant; of (0, 0) it is 0.
template <typename L>
[[gnu::always_inline]] inline L arc_tangent(L y, L x) {
  constexpr double kTangentOfEighth = 0.41421356237309503;  // tan(π/8)
  const L across = abs(x);
  const L up = abs(y);
  const auto steep = less(across, up);
  const L large = L::select(steep, up, across);
  const L small = L::select(steep, across, up);
  // tan(a − π/4) = (tan a − 1) / (tan a + 1) keeps the argument below tan(π/8).
  const auto upper = less(large * L(kTangentOfEighth), small);
  const L over = L::select(upper, small - large, small);
  const L under = L::select(upper, small + large, large);
  const L ratio = L::select(less(L(0.0), under), over / under, L(0.0));
  const L z = ratio * ratio;
  L p = L::multiply_add(z, L(0.015195502490825883), L(-0.033474827065962484));
  p = L::multiply_add(z, p, L(0.0450356648047727));
  p = L::multiply_add(z, p, L(-0.052184088751297215));
  p = L::multiply_add(z, p, L(0.05877022542320304));
  p = L::multiply_add(z, p, L(-0.06666226838524379));
  p = L::multiply_add(z, p, L(0.0769228276453867));
  p = L::multiply_add(z, p, L(-0.09090908144807681));
  p = L::multiply_add(z, p, L(0.11111111088186162));
  p = L::multiply_add(z, p, L(-0.14285714285388154));
  p = L::multiply_add(z, p, L(0.1999999999999767));
  p = L::multiply_add(z, p, L(-0.33333333333333326));
  L angle = L::multiply_add(ratio * z, p, ratio);
  angle = L::select(upper, angle + L(0.5 * kBatchQuarterTurn), angle);
  angle = L::select(steep, L(kBatchQuarterTurn) - angle, angle);
  angle = L::select(less(x, L(0.0)), L(2.0 * kBatchQuarterTurn) - angle, angle);
  return L::select(less(y, L(0.0)), L(0.0) - angle, angle);
}

}  // namespace skywarden::orbit
