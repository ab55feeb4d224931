// Two lanes of what every 64-bit processor has; the compiler's own vector type, no fused operations.
#include "orbit/batch_theory.h"

namespace skywarden::orbit {
namespace {

struct Pair {
  using Vector [[gnu::vector_size(16)]] = double;
  using Bits [[gnu::vector_size(16)]] = long long;
  struct Mask {
    Bits value;
    friend Mask operator&(Mask a, Mask b) { return {a.value & b.value}; }
    friend Mask operator~(Mask a) { return {~a.value}; }
    friend bool any(Mask m) { return (m.value[0] | m.value[1]) != 0; }
    friend bool all(Mask m) { return (m.value[0] & m.value[1]) != 0; }
  };

  static constexpr std::size_t kWidth = 2;
  static constexpr bool kFused = false;

  Vector value;
  Pair() = default;
  explicit Pair(double x) : value{x, x} {}
  explicit Pair(Vector x) : value(x) {}

  static Pair load(const double* from) { return Pair(Vector{from[0], from[1]}); }
  void store(double* to) const {
    to[0] = value[0];
    to[1] = value[1];
  }
  static Pair multiply_add(Pair a, Pair b, Pair c) { return Pair(a.value * b.value + c.value); }
  static Pair negative_multiply_add(Pair a, Pair b, Pair c) { return Pair(c.value - a.value * b.value); }
  static Pair select(Mask m, Pair a, Pair b) { return Pair(m.value ? a.value : b.value); }

  [[nodiscard]] Bits bits() const { return reinterpret_cast<Bits>(value); }
  static Mask is_odd(Bits b) { return {(b & 1) != 0}; }
  static Bits plus_one(Bits b) { return b + 1; }
  static Pair flip_by_second_bit(Pair a, Bits b) {
    return Pair(reinterpret_cast<Vector>(a.bits() ^ ((b & 2) << 62)));
  }

  friend Pair operator+(Pair a, Pair b) { return Pair(a.value + b.value); }
  friend Pair operator-(Pair a, Pair b) { return Pair(a.value - b.value); }
  friend Pair operator*(Pair a, Pair b) { return Pair(a.value * b.value); }
  friend Pair operator/(Pair a, Pair b) { return Pair(a.value / b.value); }
  friend Mask operator==(Pair a, Pair b) { return {a.value == b.value}; }
  friend Mask less(Pair a, Pair b) { return {a.value < b.value}; }
  friend Mask less_equal(Pair a, Pair b) { return {a.value <= b.value}; }
  friend Pair abs(Pair a) { return Pair(reinterpret_cast<Vector>(a.bits() & 0x7fffffffffffffff)); }
  friend Pair sqrt(Pair a) { return Pair(Vector{__builtin_sqrt(a.value[0]), __builtin_sqrt(a.value[1])}); }
};

constexpr BatchKernel kKernel{Pair::kWidth, propagate_blocks<Pair>, track_block<Pair>};

}  // namespace

const BatchKernel* batch_kernel_baseline() {
  return &kKernel;
}

}  // namespace skywarden::orbit
