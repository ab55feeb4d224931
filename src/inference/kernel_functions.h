// exp, reciprocal and the activations on sixteen lanes, as polynomials of our own. Internal to kernels.
#pragma once

#include "inference/kernels.h"
#include "inference/lanes.h"

namespace skywarden::inference {
namespace {

SKYWARDEN_LANES F bounded(F x) {
  return smaller(larger(x, broadcast(-kBound)), broadcast(kBound));
}

// e^x for x in −87…88, what lies outside is taken as the end; relative error below 1.2e-7. Cody and Waite's
// reduction by ln 2 in two parts, then the polynomial of Cephes' expf (Moshier 1989).
SKYWARDEN_LANES F exp_of(F x) {
  x = smaller(larger(x, broadcast(-87.0F)), broadcast(88.0F));
  const I power = nearest(mul(x, broadcast(1.44269504088896341F)));
  const F n = to_float(power);
  F r = fma(n, broadcast(-0.693359375F), x);
  r = fma(n, broadcast(2.12194440e-4F), r);
  F p = broadcast(1.9875691500e-4F);
  p = fma(p, r, broadcast(1.3981999507e-3F));
  p = fma(p, r, broadcast(8.3334519073e-3F));
  p = fma(p, r, broadcast(4.1665795894e-2F));
  p = fma(p, r, broadcast(1.6666665459e-1F));
  p = fma(p, r, broadcast(5.0000001201e-1F));
  p = fma(mul(r, r), p, r);
  return scaled_by_power(add(p, broadcast(1.0F)), power);
}

// 1 / x for x in 2^-64…2^100, relative error below 2e-7: three steps of Newton's method from the guess that
// subtracting the bits gives (error below 12.5 %). A third of the time of a division.
SKYWARDEN_LANES F reciprocal(F x) {
  F y = bits_below(0x7EF311C7, x);
  for (int step = 0; step < 3; ++step) {
    const F error = fma(sub(broadcast(0.0F), x), y, broadcast(1.0F));
    y = fma(y, error, y);
  }
  return y;
}

// 1 / (1 + e^−x), absolute error below 3e-7; |x| is taken as 60 at most, where the result is 1 or below
// 1e-26.
SKYWARDEN_LANES F sigmoid(F x) {
  x = smaller(larger(x, broadcast(-60.0F)), broadcast(60.0F));
  return reciprocal(add(broadcast(1.0F), exp_of(sub(broadcast(0.0F), x))));
}

// Relative error below 5e-7. Below 0.625 the polynomial of Cephes' tanhf, where 1 − 2 / (e^2x + 1) would
// cancel.
SKYWARDEN_LANES F tanh_of(F x) {
  const F size = magnitude(x), one = broadcast(1.0F);
  const F e = exp_of(smaller(add(size, size), broadcast(60.0F)));
  const F large = with_sign_of(fma(broadcast(-2.0F), reciprocal(add(e, one)), one), x);
  const F z = mul(x, x);
  F p = broadcast(-5.70498872745e-3F);
  p = fma(p, z, broadcast(2.06390887954e-2F));
  p = fma(p, z, broadcast(-5.37397155531e-2F));
  p = fma(p, z, broadcast(1.33314422036e-1F));
  p = fma(p, z, broadcast(-3.33332819422e-1F));
  const F small = fma(mul(p, z), x, x);
  return select_less(size, broadcast(0.625F), small, large);
}

// The approximation by tanh (Hendrycks and Gimpel 2016), written as x · sigmoid(2 √(2/π) (x + 0.044715 x³)).
SKYWARDEN_LANES F gelu(F x) {
  const F cube = mul(mul(x, x), x);
  return mul(x, sigmoid(mul(broadcast(1.5957691216057308F), fma(broadcast(0.044715F), cube, x))));
}

SKYWARDEN_LANES F activated(Activation activation, F x) {
  switch (activation) {
    case Activation::kNone:
      break;
    case Activation::kSilu:
      return mul(x, sigmoid(x));
    case Activation::kGelu:
      return gelu(x);
    case Activation::kSigmoid:
      return sigmoid(x);
    case Activation::kTanh:
      return tanh_of(x);
    case Activation::kRelu:
      return larger(x, broadcast(0.0F));
  }
  return x;
}

}  // namespace
}  // namespace skywarden::inference
