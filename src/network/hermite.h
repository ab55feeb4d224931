// The cubic that has both ends' positions and velocities (Hermite), at a fraction of the step.
#pragma once

namespace skywarden::network {

template <typename Vector, typename Speed>
[[nodiscard]] Vector hermite(const Vector& p0, const Speed& v0, const Vector& p1, const Speed& v1,
                             double step_s, double s) {
  const double s2 = s * s;
  const double s3 = s2 * s;
  const double h00 = 2.0 * s3 - 3.0 * s2 + 1.0;
  const double h10 = (s3 - 2.0 * s2 + s) * step_s;
  const double h01 = -2.0 * s3 + 3.0 * s2;
  const double h11 = (s3 - s2) * step_s;
  return {h00 * p0.x + h10 * v0.x + h01 * p1.x + h11 * v1.x,
          h00 * p0.y + h10 * v0.y + h01 * p1.y + h11 * v1.y,
          h00 * p0.z + h10 * v0.z + h01 * p1.z + h11 * v1.z};
}

}  // namespace skywarden::network
