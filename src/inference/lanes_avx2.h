// Sixteen lanes as two AVX2 registers. Internal to kernels; see kernel_bodies.h.
#pragma once

#if defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SKYWARDEN_LANES static inline __attribute__((always_inline))

namespace skywarden::inference {
namespace {

constexpr int kRowsAtOnce = 4;
constexpr int kColumnBlocksAtOnce = 1;

struct F {
  __m256 low, high;
};
struct I {
  __m256i low, high;
};

SKYWARDEN_LANES __m256i mask_of(std::size_t n, int from) {
  const __m256i lane =
      _mm256_setr_epi32(from, from + 1, from + 2, from + 3, from + 4, from + 5, from + 6, from + 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(n)), lane);
}
SKYWARDEN_LANES F load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
SKYWARDEN_LANES F load(const float* p, std::size_t n) {
  return {_mm256_maskload_ps(p, mask_of(n, 0)), _mm256_maskload_ps(p + 8, mask_of(n, 8))};
}
SKYWARDEN_LANES F load(const float* p, std::size_t n, F fill) {
  const __m256i low = mask_of(n, 0), high = mask_of(n, 8);
  return {_mm256_blendv_ps(fill.low, _mm256_maskload_ps(p, low), _mm256_castsi256_ps(low)),
          _mm256_blendv_ps(fill.high, _mm256_maskload_ps(p + 8, high), _mm256_castsi256_ps(high))};
}
SKYWARDEN_LANES void store(float* p, F x) {
  _mm256_storeu_ps(p, x.low);
  _mm256_storeu_ps(p + 8, x.high);
}
SKYWARDEN_LANES void store(float* p, F x, std::size_t n) {
  _mm256_maskstore_ps(p, mask_of(n, 0), x.low);
  _mm256_maskstore_ps(p + 8, mask_of(n, 8), x.high);
}
SKYWARDEN_LANES F broadcast(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
SKYWARDEN_LANES F add(F a, F b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
SKYWARDEN_LANES F sub(F a, F b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
SKYWARDEN_LANES F mul(F a, F b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
SKYWARDEN_LANES F div(F a, F b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
SKYWARDEN_LANES F fma(F a, F b, F c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
SKYWARDEN_LANES F larger(F a, F b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
SKYWARDEN_LANES F smaller(F a, F b) {
  return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
SKYWARDEN_LANES F magnitude(F a) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(sign, a.low), _mm256_andnot_ps(sign, a.high)};
}
SKYWARDEN_LANES F with_sign_of(F a, F s) {
  const __m256 sign = _mm256_set1_ps(-0.0F);
  return {_mm256_or_ps(a.low, _mm256_and_ps(sign, s.low)), _mm256_or_ps(a.high, _mm256_and_ps(sign, s.high))};
}
SKYWARDEN_LANES F select_less(F a, F b, F then, F otherwise) {
  return {_mm256_blendv_ps(otherwise.low, then.low, _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ)),
          _mm256_blendv_ps(otherwise.high, then.high, _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ))};
}
SKYWARDEN_LANES I nearest(F a) {
  return {_mm256_cvtps_epi32(a.low), _mm256_cvtps_epi32(a.high)};
}
SKYWARDEN_LANES F to_float(I a) {
  return {_mm256_cvtepi32_ps(a.low), _mm256_cvtepi32_ps(a.high)};
}
SKYWARDEN_LANES __m256 scaled_half(__m256 a, __m256i power) {
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), _mm256_slli_epi32(power, 23)));
}
SKYWARDEN_LANES F scaled_by_power(F a, I power) {
  return {scaled_half(a.low, power.low), scaled_half(a.high, power.high)};
}
SKYWARDEN_LANES F bits_below(std::int32_t bits, F a) {
  const __m256i each = _mm256_set1_epi32(bits);
  return {_mm256_castsi256_ps(_mm256_sub_epi32(each, _mm256_castps_si256(a.low))),
          _mm256_castsi256_ps(_mm256_sub_epi32(each, _mm256_castps_si256(a.high)))};
}
SKYWARDEN_LANES float sum(F x) {
  const __m256 eight = _mm256_add_ps(x.low, x.high);
  __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_add_ps(four, _mm_permute_ps(four, 0x4E));
  four = _mm_add_ps(four, _mm_permute_ps(four, 0xB1));
  return _mm_cvtss_f32(four);
}
SKYWARDEN_LANES float largest(F x) {
  const __m256 eight = _mm256_max_ps(x.low, x.high);
  __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
  four = _mm_max_ps(four, _mm_permute_ps(four, 0x4E));
  four = _mm_max_ps(four, _mm_permute_ps(four, 0xB1));
  return _mm_cvtss_f32(four);
}
SKYWARDEN_LANES void store_bytes(std::uint8_t* p, I x) {
  const __m256i pairs = _mm256_permute4x64_epi64(_mm256_packs_epi32(x.low, x.high), 0xD8);
  const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0xD8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm256_castsi256_si128(bytes));
}
SKYWARDEN_LANES I add_to_each(I x, int n) {
  const __m256i each = _mm256_set1_epi32(n);
  return {_mm256_add_epi32(x.low, each), _mm256_add_epi32(x.high, each)};
}

struct Weights {
  __m256i low, high;
};
struct Four {
  __m256i size, signs;  // |a| and a, as bytes
};

// Products of signed bytes need no offset here.
SKYWARDEN_LANES I first_sum(const std::int32_t*) {
  return {_mm256_setzero_si256(), _mm256_setzero_si256()};
}
SKYWARDEN_LANES Weights load_weights(const std::int8_t* p) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32))};
}
SKYWARDEN_LANES Four broadcast_four(const std::uint8_t* p) {
  const __m256i biased =
      _mm256_set1_epi32(*reinterpret_cast<const std::int32_t __attribute__((may_alias))*>(p));
  const __m256i a = _mm256_xor_si256(biased, _mm256_set1_epi8(static_cast<char>(0x80)));
  return {_mm256_abs_epi8(a), a};
}
// |a| · (w with the sign of a): two products are at most 2 · 127 · 127 and do not saturate in 16 bits.
SKYWARDEN_LANES __m256i dot_half(__m256i acc, Four a, __m256i w) {
  const __m256i pairs = _mm256_maddubs_epi16(a.size, _mm256_sign_epi8(w, a.signs));
  return _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}
SKYWARDEN_LANES I dot_four(I acc, Four a, Weights w) {
  return {dot_half(acc.low, a, w.low), dot_half(acc.high, a, w.high)};
}

}  // namespace
}  // namespace skywarden::inference

#endif
