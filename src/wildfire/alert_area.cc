#include "wildfire/alert_area.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/contract.h"

namespace skywarden::wildfire {
namespace {

using datum::Ring;

constexpr double kFallbackRadiusM = 500.0;
constexpr int kFallbackCorners = 24;
constexpr double kMetresPerDegree = kEarthMeanRadiusM * std::numbers::pi / 180.0;

// Longitudes that run on past ±180 instead of jumping.
Ring unwrapped(const Ring& ring) {
  Ring out = ring;
  for (std::size_t i = 1; i < out.size(); ++i)
    out[i].lon_deg = out[i - 1].lon_deg + std::remainder(ring[i].lon_deg - ring[i - 1].lon_deg, 360.0);
  return out;
}

double twice_signed_area(const Ring& ring) {  // in square degrees; counter-clockwise positive
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    sum += ring[i].lon_deg * ring[i + 1].lat_deg - ring[i + 1].lon_deg * ring[i].lat_deg;
  return sum;
}

// The part of a ring on one side of a meridian (Sutherland and Hodgman, Comm. ACM 17, 1974).
Ring half(const Ring& ring, double meridian, bool west) {
  const auto inside = [&](GeoPoint p) { return west ? p.lon_deg <= meridian : p.lon_deg >= meridian; };
  Ring out;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const GeoPoint a = ring[i], b = ring[i + 1];
    if (inside(a)) out.push_back(a);
    if (inside(a) == inside(b)) continue;
    const double t = (meridian - a.lon_deg) / (b.lon_deg - a.lon_deg);
    out.push_back({a.lat_deg + t * (b.lat_deg - a.lat_deg), meridian});
  }
  out.erase(std::unique(out.begin(), out.end()), out.end());
  while (out.size() > 1 && out.back() == out.front()) out.pop_back();
  if (out.size() < 3) return {};
  out.push_back(out.front());
  return out;
}

Ring shifted(Ring ring, double degrees) {
  for (GeoPoint& p : ring) p.lon_deg += degrees;
  return ring;
}

std::vector<Ring> cut(const Ring& ring) {  // unwrapped, counter-clockwise, starts within ±180
  const auto [low, high] = std::minmax_element(ring.begin(), ring.end(),
                                               [](GeoPoint a, GeoPoint b) { return a.lon_deg < b.lon_deg; });
  const double meridian = low->lon_deg < -180.0 ? -180.0 : 180.0;
  if (low->lon_deg >= -180.0 && high->lon_deg <= 180.0) return {ring};
  std::vector<Ring> out;
  Ring west = half(ring, meridian, true), east = half(ring, meridian, false);
  if (meridian > 0.0) east = shifted(std::move(east), -360.0);
  if (meridian < 0.0) west = shifted(std::move(west), 360.0);
  if (!west.empty()) out.push_back(std::move(west));
  if (!east.empty()) out.push_back(std::move(east));
  return out;
}

Ring fallback(const datum::Proposal& proposal) {
  const double radius =
      std::max(kFallbackRadiusM, std::sqrt(static_cast<double>(proposal.area_m2) / std::numbers::pi));
  // Corners a little outside, so that the polygon holds the circle's area.
  const double corner = radius / std::cos(std::numbers::pi / kFallbackCorners);
  Ring ring;
  for (int i = 0; i < kFallbackCorners; ++i)
    ring.push_back(
        destination(to_geo(proposal.centre), Degrees(360.0 - i * 360.0 / kFallbackCorners), Metres(corner)));
  ring.push_back(ring.front());
  return ring;
}

// East and north of `origin`, in metres.
std::pair<double, double> flat(GeoPoint p, GeoPoint origin) {
  const double shrink = std::cos(origin.lat_deg * std::numbers::pi / 180.0);
  return {std::remainder(p.lon_deg - origin.lon_deg, 360.0) * shrink * kMetresPerDegree,
          (p.lat_deg - origin.lat_deg) * kMetresPerDegree};
}

double distance_to_edge(GeoPoint a, GeoPoint b, GeoPoint point) {
  const auto [ax, ay] = flat(a, point);
  const auto [bx, by] = flat(b, point);
  const double dx = bx - ax, dy = by - ay, length2 = dx * dx + dy * dy;
  const double t = length2 > 0.0 ? std::clamp(-(ax * dx + ay * dy) / length2, 0.0, 1.0) : 0.0;
  return std::hypot(ax + t * dx, ay + t * dy);
}

}  // namespace

GeoPoint to_geo(datum::FixedPoint point) {
  return {point.lat / 1e7, point.lon / 1e7};
}

std::vector<Ring> area_rings(const datum::Proposal& proposal) {
  Ring ring;
  for (const datum::FixedPoint p : proposal.outline) ring.push_back(to_geo(p));
  if (ring.size() >= 4 && !(ring.front() == ring.back())) ring.push_back(ring.front());
  if (ring.size() < 4 || std::fabs(twice_signed_area(unwrapped(ring))) < 1e-12) ring = fallback(proposal);
  Ring open = unwrapped(ring);
  if (open.back().lon_deg != open.front().lon_deg) {
    if (std::fabs(open.back().lon_deg - open.front().lon_deg) > 180.0) return {ring};  // round a pole
    open.back() = open.front();
  }
  if (twice_signed_area(open) < 0.0) std::reverse(open.begin(), open.end());
  return cut(open);
}

Ring simplified(Ring ring, std::size_t points_max) {
  EXPECTS(points_max >= 4);
  if (ring.size() <= points_max) return ring;
  ring.pop_back();
  while (ring.size() + 1 > points_max) {
    const std::size_t n = ring.size();
    std::size_t least = 0;
    double least_area = INFINITY;
    for (std::size_t i = 0; i < n; ++i) {
      const GeoPoint a = ring[(i + n - 1) % n], b = ring[i], c = ring[(i + 1) % n];
      const double area = std::fabs((b.lon_deg - a.lon_deg) * (c.lat_deg - a.lat_deg) -
                                    (c.lon_deg - a.lon_deg) * (b.lat_deg - a.lat_deg));
      if (area < least_area) {
        least_area = area;
        least = i;
      }
    }
    ring.erase(ring.begin() + static_cast<std::ptrdiff_t>(least));
  }
  ring.push_back(ring.front());
  return ring;
}

bool contains(const Ring& ring, GeoPoint point) {
  bool inside = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const auto [ax, ay] = flat(ring[i], point);
    const auto [bx, by] = flat(ring[i + 1], point);
    if ((ay > 0.0) != (by > 0.0) && ax + (bx - ax) * (-ay / (by - ay)) > 0.0) inside = !inside;
  }
  return inside;
}

Metres distance_from(const Ring& ring, GeoPoint point) {
  EXPECTS(!ring.empty());
  if (contains(ring, point)) return Metres(0.0);
  double nearest = INFINITY;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    nearest = std::min(nearest, distance_to_edge(ring[i], ring[i + 1], point));
  return Metres(nearest);
}

}  // namespace skywarden::wildfire
