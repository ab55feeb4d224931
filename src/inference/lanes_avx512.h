// Sixteen lanes as one AVX-512 register. Internal to kernels; see kernel_bodies.h.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512VNNI__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SKYWARDEN_LANES static inline __attribute__((always_inline))

namespace skywarden::inference {
namespace {

constexpr int kRowsAtOnce = 6;
constexpr int kColumnBlocksAtOnce = 4;

using F = __m512;
using I = __m512i;

SKYWARDEN_LANES __mmask16 first(std::size_t n) {
  return static_cast<__mmask16>((1U << n) - 1U);
}
SKYWARDEN_LANES F load(const float* p) {
  return _mm512_loadu_ps(p);
}
SKYWARDEN_LANES F load(const float* p, std::size_t n) {
  return _mm512_maskz_loadu_ps(first(n), p);
}
SKYWARDEN_LANES F load(const float* p, std::size_t n, F fill) {
  return _mm512_mask_loadu_ps(fill, first(n), p);
}
SKYWARDEN_LANES void store(float* p, F x) {
  _mm512_storeu_ps(p, x);
}
SKYWARDEN_LANES void store(float* p, F x, std::size_t n) {
  _mm512_mask_storeu_ps(p, first(n), x);
}
SKYWARDEN_LANES F broadcast(float x) {
  return _mm512_set1_ps(x);
}
SKYWARDEN_LANES F add(F a, F b) {
  return _mm512_add_ps(a, b);
}
SKYWARDEN_LANES F sub(F a, F b) {
  return _mm512_sub_ps(a, b);
}
SKYWARDEN_LANES F mul(F a, F b) {
  return _mm512_mul_ps(a, b);
}
SKYWARDEN_LANES F div(F a, F b) {
  return _mm512_div_ps(a, b);
}
SKYWARDEN_LANES F fma(F a, F b, F c) {
  return _mm512_fmadd_ps(a, b, c);
}
SKYWARDEN_LANES F larger(F a, F b) {
  return _mm512_max_ps(a, b);
}
SKYWARDEN_LANES F smaller(F a, F b) {
  return _mm512_min_ps(a, b);
}
SKYWARDEN_LANES F magnitude(F a) {
  return _mm512_abs_ps(a);
}
SKYWARDEN_LANES F with_sign_of(F a, F sign) {
  const __m512i bit = _mm512_set1_epi32(static_cast<int>(0x80000000U));
  return _mm512_castsi512_ps(
      _mm512_or_si512(_mm512_castps_si512(a), _mm512_and_si512(_mm512_castps_si512(sign), bit)));
}
SKYWARDEN_LANES F select_less(F a, F b, F then, F otherwise) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), otherwise, then);
}
SKYWARDEN_LANES I nearest(F a) {
  return _mm512_cvtps_epi32(a);
}
SKYWARDEN_LANES F to_float(I a) {
  return _mm512_cvtepi32_ps(a);
}
SKYWARDEN_LANES F scaled_by_power(F a, I power) {
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), _mm512_slli_epi32(power, 23)));
}
SKYWARDEN_LANES F bits_below(std::int32_t bits, F a) {
  return _mm512_castsi512_ps(_mm512_sub_epi32(_mm512_set1_epi32(bits), _mm512_castps_si512(a)));
}
SKYWARDEN_LANES float sum(F x) {
  x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
  x = _mm512_add_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
  x = _mm512_add_ps(x, _mm512_permute_ps(x, 0x4E));
  x = _mm512_add_ps(x, _mm512_permute_ps(x, 0xB1));
  return _mm512_cvtss_f32(x);
}
SKYWARDEN_LANES float largest(F x) {
  x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0x4E));
  x = _mm512_max_ps(x, _mm512_shuffle_f32x4(x, x, 0xB1));
  x = _mm512_max_ps(x, _mm512_permute_ps(x, 0x4E));
  x = _mm512_max_ps(x, _mm512_permute_ps(x, 0xB1));
  return _mm512_cvtss_f32(x);
}
SKYWARDEN_LANES void store_bytes(std::uint8_t* p, I x) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm512_cvtepi32_epi8(x));
}
SKYWARDEN_LANES I add_to_each(I x, int n) {
  return _mm512_add_epi32(x, _mm512_set1_epi32(n));
}

using Weights = __m512i;
using Four = __m512i;

SKYWARDEN_LANES I first_sum(const std::int32_t* offset) {
  return _mm512_loadu_si512(offset);
}
SKYWARDEN_LANES Weights load_weights(const std::int8_t* p) {
  return _mm512_loadu_si512(p);
}
SKYWARDEN_LANES Four broadcast_four(const std::uint8_t* p) {
  return _mm512_set1_epi32(*reinterpret_cast<const std::int32_t __attribute__((may_alias))*>(p));
}
SKYWARDEN_LANES I dot_four(I acc, Four a, Weights w) {
  return _mm512_dpbusd_epi32(acc, a, w);
}

}  // namespace
}  // namespace skywarden::inference

#endif
