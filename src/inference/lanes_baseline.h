// Sixteen lanes as an array, for any machine. Internal to kernels; see kernel_bodies.h.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#define SKYWARDEN_LANES static inline

namespace skywarden::inference {
namespace {

constexpr int kRowsAtOnce = 2;
constexpr int kColumnBlocksAtOnce = 1;
constexpr int kWidth = 16;

struct F {
  float lane[kWidth];
};
struct I {
  std::int32_t lane[kWidth];
};

template <typename Each>
SKYWARDEN_LANES F lanes_by(Each each) {
  F y;
  for (int l = 0; l < kWidth; ++l) y.lane[l] = each(l);
  return y;
}

SKYWARDEN_LANES F load(const float* p) {
  return lanes_by([&](int l) { return p[l]; });
}
SKYWARDEN_LANES F load(const float* p, std::size_t n) {
  return lanes_by([&](int l) { return static_cast<std::size_t>(l) < n ? p[l] : 0.0F; });
}
SKYWARDEN_LANES F load(const float* p, std::size_t n, const F& fill) {
  return lanes_by([&](int l) { return static_cast<std::size_t>(l) < n ? p[l] : fill.lane[l]; });
}
SKYWARDEN_LANES void store(float* p, const F& x) {
  for (int l = 0; l < kWidth; ++l) p[l] = x.lane[l];
}
SKYWARDEN_LANES void store(float* p, const F& x, std::size_t n) {
  for (std::size_t l = 0; l < n; ++l) p[l] = x.lane[l];
}
SKYWARDEN_LANES F broadcast(float x) {
  return lanes_by([&](int) { return x; });
}
SKYWARDEN_LANES F add(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] + b.lane[l]; });
}
SKYWARDEN_LANES F sub(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] - b.lane[l]; });
}
SKYWARDEN_LANES F mul(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] * b.lane[l]; });
}
SKYWARDEN_LANES F div(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] / b.lane[l]; });
}
SKYWARDEN_LANES F fma(const F& a, const F& b, const F& c) {
  return lanes_by([&](int l) { return __builtin_fmaf(a.lane[l], b.lane[l], c.lane[l]); });
}
// The second where the two compare as neither: NaN, and zeros of either sign.
SKYWARDEN_LANES F larger(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]; });
}
SKYWARDEN_LANES F smaller(const F& a, const F& b) {
  return lanes_by([&](int l) { return a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l]; });
}
SKYWARDEN_LANES F magnitude(const F& a) {
  return lanes_by([&](int l) { return __builtin_fabsf(a.lane[l]); });
}
// a ≥ 0
SKYWARDEN_LANES F with_sign_of(const F& a, const F& sign) {
  return lanes_by([&](int l) { return __builtin_copysignf(a.lane[l], sign.lane[l]); });
}
SKYWARDEN_LANES F select_less(const F& a, const F& b, const F& then, const F& otherwise) {
  return lanes_by([&](int l) { return a.lane[l] < b.lane[l] ? then.lane[l] : otherwise.lane[l]; });
}
// To even; |a| < 2^22. Adding 1.5 · 2^23 leaves the integer in the last bits.
SKYWARDEN_LANES I nearest(const F& a) {
  constexpr float kShift = 12582912.0F;
  I y;
  for (int l = 0; l < kWidth; ++l) y.lane[l] = static_cast<std::int32_t>((a.lane[l] + kShift) - kShift);
  return y;
}
SKYWARDEN_LANES F to_float(const I& a) {
  return lanes_by([&](int l) { return static_cast<float>(a.lane[l]); });
}
SKYWARDEN_LANES F scaled_by_power(const F& a, const I& power) {
  F y;
  for (int l = 0; l < kWidth; ++l) {
    std::uint32_t bits = 0;
    std::memcpy(&bits, &a.lane[l], sizeof bits);
    bits += static_cast<std::uint32_t>(power.lane[l]) << 23;
    std::memcpy(&y.lane[l], &bits, sizeof bits);
  }
  return y;
}
SKYWARDEN_LANES F bits_below(std::int32_t bits, const F& a) {
  F y;
  for (int l = 0; l < kWidth; ++l) {
    std::int32_t own = 0;
    std::memcpy(&own, &a.lane[l], sizeof own);
    own = bits - own;
    std::memcpy(&y.lane[l], &own, sizeof own);
  }
  return y;
}
SKYWARDEN_LANES float sum(F x) {
  for (int apart = kWidth / 2; apart > 0; apart /= 2)
    for (int l = 0; l < apart; ++l) x.lane[l] = x.lane[l] + x.lane[l + apart];
  return x.lane[0];
}
SKYWARDEN_LANES float largest(const F& x) {
  float most = x.lane[0];
  for (int l = 1; l < kWidth; ++l) most = x.lane[l] > most ? x.lane[l] : most;
  return most;
}
SKYWARDEN_LANES void store_bytes(std::uint8_t* p, const I& x) {
  for (int l = 0; l < kWidth; ++l) p[l] = static_cast<std::uint8_t>(x.lane[l]);
}
SKYWARDEN_LANES I add_to_each(I x, int n) {
  for (int l = 0; l < kWidth; ++l) x.lane[l] += n;
  return x;
}

struct Weights {
  const std::int8_t* bytes;
};
struct Four {
  std::int32_t a[4];
};

// Products of signed bytes need no offset here.
SKYWARDEN_LANES I first_sum(const std::int32_t*) {
  return I{};
}
SKYWARDEN_LANES Weights load_weights(const std::int8_t* p) {
  return {p};
}
SKYWARDEN_LANES Four broadcast_four(const std::uint8_t* p) {
  return {{p[0] - 128, p[1] - 128, p[2] - 128, p[3] - 128}};
}
SKYWARDEN_LANES I dot_four(I acc, const Four& a, Weights w) {
  for (int l = 0; l < kWidth; ++l)
    for (int i = 0; i < 4; ++i) acc.lane[l] += a.a[i] * w.bytes[4 * l + i];
  return acc;
}

}  // namespace
}  // namespace skywarden::inference
