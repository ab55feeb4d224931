// Four lanes of AVX2 with fused multiply-add. Empty unless this file is compiled for them.
#include "orbit/batch_theory.h"

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

namespace skywarden::orbit {
namespace {

struct Four {
  struct Mask {
    __m256d value;
    friend Mask operator&(Mask a, Mask b) { return {_mm256_and_pd(a.value, b.value)}; }
    friend Mask operator~(Mask a) {
      return {_mm256_xor_pd(a.value, _mm256_castsi256_pd(_mm256_set1_epi64x(-1)))};
    }
    friend bool any(Mask m) { return _mm256_movemask_pd(m.value) != 0; }
    friend bool all(Mask m) { return _mm256_movemask_pd(m.value) == 0xf; }
  };
  using Bits = __m256i;

  static constexpr std::size_t kWidth = 4;
  static constexpr bool kFused = true;

  __m256d value;
  Four() = default;
  explicit Four(double x) : value(_mm256_set1_pd(x)) {}
  explicit Four(__m256d x) : value(x) {}

  static Four load(const double* from) { return Four(_mm256_loadu_pd(from)); }
  void store(double* to) const { _mm256_storeu_pd(to, value); }
  static Four multiply_add(Four a, Four b, Four c) {
    return Four(_mm256_fmadd_pd(a.value, b.value, c.value));
  }
  static Four negative_multiply_add(Four a, Four b, Four c) {
    return Four(_mm256_fnmadd_pd(a.value, b.value, c.value));
  }
  static Four select(Mask m, Four a, Four b) { return Four(_mm256_blendv_pd(b.value, a.value, m.value)); }

  [[nodiscard]] Bits bits() const { return _mm256_castpd_si256(value); }
  // blendv looks at the sign only.
  static Mask is_odd(Bits b) { return {_mm256_castsi256_pd(_mm256_slli_epi64(b, 63))}; }
  static Bits plus_one(Bits b) { return _mm256_add_epi64(b, _mm256_set1_epi64x(1)); }
  static Four flip_by_second_bit(Four a, Bits b) {
    const Bits sign = _mm256_slli_epi64(_mm256_and_si256(b, _mm256_set1_epi64x(2)), 62);
    return Four(_mm256_xor_pd(a.value, _mm256_castsi256_pd(sign)));
  }

  friend Four operator+(Four a, Four b) { return Four(_mm256_add_pd(a.value, b.value)); }
  friend Four operator-(Four a, Four b) { return Four(_mm256_sub_pd(a.value, b.value)); }
  friend Four operator*(Four a, Four b) { return Four(_mm256_mul_pd(a.value, b.value)); }
  friend Four operator/(Four a, Four b) { return Four(_mm256_div_pd(a.value, b.value)); }
  friend Mask operator==(Four a, Four b) { return {_mm256_cmp_pd(a.value, b.value, _CMP_EQ_OQ)}; }
  friend Mask less(Four a, Four b) { return {_mm256_cmp_pd(a.value, b.value, _CMP_LT_OQ)}; }
  friend Mask less_equal(Four a, Four b) { return {_mm256_cmp_pd(a.value, b.value, _CMP_LE_OQ)}; }
  friend Four abs(Four a) { return Four(_mm256_andnot_pd(_mm256_set1_pd(-0.0), a.value)); }
  friend Four sqrt(Four a) { return Four(_mm256_sqrt_pd(a.value)); }
};

constexpr BatchKernel kKernel{Four::kWidth, propagate_blocks<Four>, track_block<Four>};

}  // namespace

const BatchKernel* batch_kernel_avx2() {
  return &kKernel;
}

}  // namespace skywarden::orbit

#else

const skywarden::orbit::BatchKernel* skywarden::orbit::batch_kernel_avx2() {
  return nullptr;
}

#endif
