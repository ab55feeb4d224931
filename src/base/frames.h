// Vectors that carry their frame, so that a TEME state cannot be read as an Earth-fixed one. Only `orbit`
// converts. Positions are kilometres and velocities kilometres per second, the units of AIAA 2006-6753.
#pragma once

#include <cmath>

namespace skywarden {

struct Teme {};  // true equator, mean equinox of date: the frame SGP4 answers in
struct Ecef {};  // Earth-centred, Earth-fixed (WGS 84)

template <typename Frame, typename Kind>
struct Vector3 {
  double x = 0.0, y = 0.0, z = 0.0;

  [[nodiscard]] double norm() const { return std::sqrt(x * x + y * y + z * z); }
  friend constexpr Vector3 operator+(Vector3 a, Vector3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
  friend constexpr Vector3 operator-(Vector3 a, Vector3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
  friend constexpr Vector3 operator*(double k, Vector3 a) { return {k * a.x, k * a.y, k * a.z}; }
  friend constexpr bool operator==(const Vector3&, const Vector3&) = default;
};

template <typename Frame>
using Position = Vector3<Frame, struct PositionKind>;  // km
template <typename Frame>
using Velocity = Vector3<Frame, struct VelocityKind>;  // km/s

template <typename Frame, typename A, typename B>
[[nodiscard]] constexpr double dot(const Vector3<Frame, A>& a, const Vector3<Frame, B>& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}

}  // namespace skywarden
