#include "network/link_geometry.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr double kEarthEquatorKm = 6378.137;  // WGS 84

}  // namespace

Metres grazing_height(const Position<Teme>& a, const Position<Teme>& b) {
  const Position<Teme> line = b - a;
  const double squared = dot(line, line);
  const double along = squared > 0.0 ? std::clamp(-dot(a, line) / squared, 0.0, 1.0) : 0.0;
  return kilometres((a + along * line).norm() - kEarthEquatorKm);
}

Degrees sun_separation(const Position<Teme>& receiver, const Position<Teme>& sender,
                       const Position<Teme>& sun) {
  const Position<Teme> to_sender = sender - receiver;
  const Position<Teme> to_sun = sun - receiver;
  // By the tangent: the cosine of a small angle tells little.
  const Position<Teme> cross{to_sender.y * to_sun.z - to_sender.z * to_sun.y,
                             to_sender.z * to_sun.x - to_sender.x * to_sun.z,
                             to_sender.x * to_sun.y - to_sender.y * to_sun.x};
  return to_degrees(Radians(std::atan2(cross.norm(), dot(to_sender, to_sun))));
}

Degrees geocentric_latitude(const Position<Teme>& position) {
  return to_degrees(Radians(std::atan2(position.z, std::hypot(position.x, position.y))));
}

std::optional<Graze> closest_graze(const Ephemeris& ephemeris, NodeId a, NodeId b, Instant start, Instant end,
                                   Duration step) {
  EXPECTS(step > Duration(0) && start <= end);
  const auto height_at = [&](Instant t) -> std::optional<Metres> {
    const auto p = ephemeris.position(a, t);
    const auto q = ephemeris.position(b, t);
    if (!p || !q) return std::nullopt;
    return grazing_height(*p, *q);
  };
  std::optional<Graze> lowest;
  const auto consider = [&](Instant t) {
    const auto height = height_at(t);
    if (height && (!lowest || *height < lowest->height)) lowest = {*height, t};
  };
  for (Instant t = start; t < end; t += step) consider(t);
  consider(end);
  if (!lowest) return lowest;
  // The dip lies within a step of the lowest sample: thirds (ternary search) close in on it.
  Instant low = std::max(start, lowest->at - step);
  Instant high = std::min(end, lowest->at + step);
  while (high - low > std::chrono::milliseconds(1)) {
    const Duration third = (high - low) / 3;
    const auto left = height_at(low + third);
    const auto right = height_at(high - third);
    if (!left || !right) return lowest;
    if (*left < *right)
      high -= third;
    else
      low += third;
  }
  consider(low + (high - low) / 2);
  return lowest;
}

}  // namespace skywarden::network
