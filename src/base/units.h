// Quantities with a unit in their type. Construction is explicit, and only operators that mean something
// exist: sums and differences of one quantity, scaling by a number, the ratio of two of a kind. It generates
// the same instructions as double.
#pragma once

#include <cmath>
#include <compare>
#include <numbers>

namespace skywarden {

template <typename Tag>
class Quantity {
 public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(double value) : value_(value) {}
  [[nodiscard]] constexpr double value() const { return value_; }

  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return Quantity(a.value_ + b.value_); }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return Quantity(a.value_ - b.value_); }
  friend constexpr Quantity operator-(Quantity a) { return Quantity(-a.value_); }
  friend constexpr Quantity operator*(Quantity a, double k) { return Quantity(a.value_ * k); }
  friend constexpr Quantity operator*(double k, Quantity a) { return Quantity(k * a.value_); }
  friend constexpr Quantity operator/(Quantity a, double k) { return Quantity(a.value_ / k); }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value_ / b.value_; }

 private:
  double value_ = 0.0;
};

using Metres = Quantity<struct MetresTag>;
using MetresPerSecond = Quantity<struct MetresPerSecondTag>;
using Kelvin = Quantity<struct KelvinTag>;
using Celsius = Quantity<struct CelsiusTag>;
using Radians = Quantity<struct RadiansTag>;
using Degrees = Quantity<struct DegreesTag>;
using BitsPerSecond = Quantity<struct BitsPerSecondTag>;
using Watts = Quantity<struct WattsTag>;
using SquareMetres = Quantity<struct SquareMetresTag>;
using Fraction = Quantity<struct FractionTag>;        // 0…1 of something
using Probability = Quantity<struct ProbabilityTag>;  // 0…1

[[nodiscard]] constexpr Metres kilometres(double km) {
  return Metres(km * 1000.0);
}
[[nodiscard]] constexpr Watts megawatts(double mw) {
  return Watts(mw * 1e6);
}
[[nodiscard]] constexpr Radians to_radians(Degrees d) {
  return Radians(d.value() * std::numbers::pi / 180.0);
}
[[nodiscard]] constexpr Degrees to_degrees(Radians r) {
  return Degrees(r.value() * 180.0 / std::numbers::pi);
}
[[nodiscard]] constexpr Kelvin to_kelvin(Celsius c) {
  return Kelvin(c.value() + 273.15);
}

// Log-odds of a probability strictly between 0 and 1, and back.
[[nodiscard]] inline double log_odds(Probability p) {
  return std::log(p.value() / (1.0 - p.value()));
}
[[nodiscard]] inline Probability from_log_odds(double l) {
  return Probability(1.0 / (1.0 + std::exp(-l)));
}

}  // namespace skywarden
