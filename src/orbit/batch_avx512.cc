// Eight lanes of AVX-512 (F and DQ). Empty unless this file is compiled for them.
#include "orbit/batch_theory.h"

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <immintrin.h>

namespace skywarden::orbit {
namespace {

struct Eight {
  struct Mask {
    __mmask8 value;
    friend Mask operator&(Mask a, Mask b) { return {static_cast<__mmask8>(a.value & b.value)}; }
    friend Mask operator~(Mask a) { return {static_cast<__mmask8>(~a.value)}; }
    friend bool any(Mask m) { return m.value != 0; }
    friend bool all(Mask m) { return m.value == 0xff; }
  };
  using Bits = __m512i;

  static constexpr std::size_t kWidth = 8;
  static constexpr bool kFused = true;

  __m512d value;
  Eight() = default;
  explicit Eight(double x) : value(_mm512_set1_pd(x)) {}
  explicit Eight(__m512d x) : value(x) {}

  static Eight load(const double* from) { return Eight(_mm512_loadu_pd(from)); }
  void store(double* to) const { _mm512_storeu_pd(to, value); }
  static Eight multiply_add(Eight a, Eight b, Eight c) {
    return Eight(_mm512_fmadd_pd(a.value, b.value, c.value));
  }
  static Eight negative_multiply_add(Eight a, Eight b, Eight c) {
    return Eight(_mm512_fnmadd_pd(a.value, b.value, c.value));
  }
  static Eight select(Mask m, Eight a, Eight b) {
    return Eight(_mm512_mask_blend_pd(m.value, b.value, a.value));
  }

  [[nodiscard]] Bits bits() const { return _mm512_castpd_si512(value); }
  static Mask is_odd(Bits b) { return {_mm512_test_epi64_mask(b, _mm512_set1_epi64(1))}; }
  static Bits plus_one(Bits b) { return _mm512_add_epi64(b, _mm512_set1_epi64(1)); }
  static Eight flip_by_second_bit(Eight a, Bits b) {
    const Bits sign = _mm512_slli_epi64(_mm512_and_si512(b, _mm512_set1_epi64(2)), 62);
    return Eight(_mm512_xor_pd(a.value, _mm512_castsi512_pd(sign)));
  }

  friend Eight operator+(Eight a, Eight b) { return Eight(_mm512_add_pd(a.value, b.value)); }
  friend Eight operator-(Eight a, Eight b) { return Eight(_mm512_sub_pd(a.value, b.value)); }
  friend Eight operator*(Eight a, Eight b) { return Eight(_mm512_mul_pd(a.value, b.value)); }
  friend Eight operator/(Eight a, Eight b) { return Eight(_mm512_div_pd(a.value, b.value)); }
  friend Mask operator==(Eight a, Eight b) { return {_mm512_cmp_pd_mask(a.value, b.value, _CMP_EQ_OQ)}; }
  friend Mask less(Eight a, Eight b) { return {_mm512_cmp_pd_mask(a.value, b.value, _CMP_LT_OQ)}; }
  friend Mask less_equal(Eight a, Eight b) { return {_mm512_cmp_pd_mask(a.value, b.value, _CMP_LE_OQ)}; }
  friend Eight abs(Eight a) { return Eight(_mm512_abs_pd(a.value)); }
  friend Eight sqrt(Eight a) { return Eight(_mm512_sqrt_pd(a.value)); }
};

constexpr BatchKernel kKernel{Eight::kWidth, propagate_blocks<Eight>, track_block<Eight>};

}  // namespace

const BatchKernel* batch_kernel_avx512() {
  return &kKernel;
}

}  // namespace skywarden::orbit

#else

const skywarden::orbit::BatchKernel* skywarden::orbit::batch_kernel_avx512() {
  return nullptr;
}

#endif
