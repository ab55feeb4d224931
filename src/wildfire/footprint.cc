#include "wildfire/footprint.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/contract.h"
#include "onboard/firms.h"

namespace skywarden::wildfire {
namespace {

constexpr double kPixelMinM = 10.0, kPixelMaxM = 20'000.0;
constexpr double kInclinationCosine = -0.1478;  // of 98.5°
constexpr double kFarM = 50'000.0;              // beyond this the circles are near enough
constexpr double kStripsMax = 8192.0;
constexpr double kStripMinM = 8.0;
constexpr double kStripsPerBox = 40.0;  // over its shorter side

Direction operator+(const Direction& a, const Direction& b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Direction operator*(double k, const Direction& a) {
  return {k * a.x, k * a.y, k * a.z};
}
double dot(const Direction& a, const Direction& b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Direction cross(const Direction& a, const Direction& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Direction unit(const Direction& a) {
  return (1.0 / std::sqrt(dot(a, a))) * a;
}

// Which way east is at a point; on a pole, along the meridian of 90° east.
Direction east_of(const Direction& p) {
  const double flat = std::hypot(p.x, p.y);
  return flat < 1e-12 ? Direction{0.0, 1.0, 0.0} : Direction{-p.y / flat, p.x / flat, 0.0};
}

// Whether the satellite goes north on the side of the orbit where it saw this; nothing when not known.
std::optional<bool> northbound(const datum::Hotspot& hotspot) {
  const std::string name = onboard::satellite_name(hotspot.satellite);
  if (name == "Terra") return !hotspot.daytime;
  if (name == "Aqua" || name == "Suomi NPP" || name == "NOAA-20" || name == "NOAA-21") return hotspot.daytime;
  return std::nullopt;
}

struct Flat {
  double x = 0.0, y = 0.0;
};
using Quad = std::array<Flat, 4>;

double cross(Flat a, Flat b, Flat c) {
  return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

std::array<Direction, 4> corners(const Footprint& box) {
  const Direction scan = (box.half_scan_m / kEarthMeanRadiusM) * box.across;
  const Direction track = (box.half_track_m / kEarthMeanRadiusM) * box.along;
  return {box.centre + -1.0 * scan + -1.0 * track, box.centre + scan + -1.0 * track,
          box.centre + scan + track, box.centre + -1.0 * scan + track};
}

// Lambert's azimuthal equal-area projection around a centre, metres; east is x. Usable everywhere but at the
// antipode.
class Plane {
 public:
  explicit Plane(const Direction& centre)
      : centre_(centre), east_(east_of(centre)), north_(cross(centre, east_)) {}

  [[nodiscard]] Flat to_flat(const Direction& direction) const {
    const Direction p = unit(direction);
    const double k = kEarthMeanRadiusM * std::sqrt(2.0 / std::max(1e-9, 1.0 + dot(p, centre_)));
    return {k * dot(p, east_), k * dot(p, north_)};
  }
  [[nodiscard]] Direction to_sphere(Flat f) const {
    const double half_sine = std::min(1.0, std::hypot(f.x, f.y) / (2.0 * kEarthMeanRadiusM));
    const double k = std::sqrt(1.0 - half_sine * half_sine) / kEarthMeanRadiusM;
    return (1.0 - 2.0 * half_sine * half_sine) * centre_ + (k * f.x) * east_ + (k * f.y) * north_;
  }
  [[nodiscard]] Quad to_flat(const Footprint& box) const {
    Quad quad;
    const auto directions = corners(box);
    for (std::size_t i = 0; i < 4; ++i) quad[i] = to_flat(directions[i]);
    return quad;
  }

 private:
  Direction centre_, east_, north_;
};

double distance_to_segment(Flat p, Flat a, Flat b) {
  const double dx = b.x - a.x, dy = b.y - a.y;
  const double length2 = dx * dx + dy * dy;
  const double t =
      length2 > 0.0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length2, 0.0, 1.0) : 0.0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

// Whether some edge of a has all of b on its outer side. Both counter-clockwise.
bool separated_by_edge(const Quad& a, const Quad& b) {
  for (std::size_t i = 0; i < 4; ++i)
    if (std::all_of(b.begin(), b.end(), [&](Flat p) { return cross(a[i], a[(i + 1) % 4], p) < 0.0; }))
      return true;
  return false;
}

double distance_between(const Quad& a, const Quad& b) {
  if (!separated_by_edge(a, b) && !separated_by_edge(b, a)) return 0.0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j)
      least = std::min({least, distance_to_segment(a[i], b[j], b[(j + 1) % 4]),
                        distance_to_segment(b[i], a[j], a[(j + 1) % 4])});
  return least;
}

// Where the horizontal line at y crosses a convex quad.
std::optional<std::pair<double, double>> crossing(const Quad& quad, double y) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (std::size_t i = 0; i < 4; ++i) {
    const Flat a = quad[i], b = quad[(i + 1) % 4];
    if ((a.y <= y) == (b.y <= y)) continue;
    const double x = a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x);
    low = std::min(low, x);
    high = std::max(high, x);
  }
  if (low > high) return std::nullopt;
  return std::pair{low, high};
}

Direction middle_of(std::span<const Footprint> boxes) {
  Direction sum;
  for (const Footprint& box : boxes) sum = sum + box.centre;
  // Only boxes spread evenly round the whole Earth have no middle; then any of them serves.
  return dot(sum, sum) < 1e-12 ? boxes.front().centre : unit(sum);
}

}  // namespace

Direction to_direction(GeoPoint point) {
  const double lat = to_radians(Degrees(point.lat_deg)).value();
  const double lon = to_radians(Degrees(point.lon_deg)).value();
  return {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

GeoPoint to_point(const Direction& d) {
  return {to_degrees(Radians(std::atan2(d.z, std::hypot(d.x, d.y)))).value(),
          to_degrees(Radians(std::atan2(d.y, d.x))).value()};
}

std::optional<Footprint> footprint(const datum::Hotspot& hotspot) {
  const auto [lat, lon] = hotspot.centre;
  if (!(std::abs(lat) <= 90.0) || !(std::abs(lon) <= 360.0)) return std::nullopt;
  const double scan = hotspot.scan.value(), track = hotspot.track.value();
  if (!(scan > 0.0) || !(track > 0.0)) return std::nullopt;
  Footprint box;
  box.centre = to_direction(hotspot.centre);
  const Direction east = east_of(box.centre), north = cross(box.centre, east);
  double tilt = 0.0;  // of the track from the meridian, clockwise
  if (const auto goes_north = northbound(hotspot)) {
    const double parallel = std::max(1e-6, std::hypot(box.centre.x, box.centre.y));
    const double heading = std::asin(std::clamp(kInclinationCosine / parallel, -1.0, 1.0));
    tilt = *goes_north ? heading : -heading;
  }
  box.along = std::sin(tilt) * east + std::cos(tilt) * north;
  box.across = std::cos(tilt) * east + -std::sin(tilt) * north;
  box.half_scan_m = std::clamp(scan, kPixelMinM, kPixelMaxM) / 2.0;
  box.half_track_m = std::clamp(track, kPixelMinM, kPixelMaxM) / 2.0;
  return box;
}

double gap_m(const Footprint& a, const Footprint& b) {
  const Direction apart = b.centre + -1.0 * a.centre;
  const double chord = kEarthMeanRadiusM * std::sqrt(dot(apart, apart));
  const double radius_a = std::hypot(a.half_scan_m, a.half_track_m);
  const double radius_b = std::hypot(b.half_scan_m, b.half_track_m);
  if (chord > kFarM + radius_a + radius_b) return chord - radius_a - radius_b;
  const Plane plane(unit(a.centre + b.centre));
  return distance_between(plane.to_flat(a), plane.to_flat(b));
}

GeoPoint centre_of(std::span<const Footprint> boxes) {
  EXPECTS(!boxes.empty());
  return to_point(middle_of(boxes));
}

SquareMetres union_area(std::span<const Footprint> boxes) {
  if (boxes.empty()) return SquareMetres(0.0);
  const Plane plane(middle_of(boxes));
  std::vector<Quad> quads;
  quads.reserve(boxes.size());
  double low = std::numeric_limits<double>::infinity(), high = -low, shortest = low;
  for (const Footprint& box : boxes) {
    quads.push_back(plane.to_flat(box));
    shortest = std::min({shortest, 2.0 * box.half_scan_m, 2.0 * box.half_track_m});
    for (const Flat corner : quads.back()) {
      low = std::min(low, corner.y);
      high = std::max(high, corner.y);
    }
  }
  const double strip = std::max({kStripMinM, shortest / kStripsPerBox, (high - low) / kStripsMax});
  struct Run {
    double from, to;
  };
  std::vector<std::vector<Run>> strips(static_cast<std::size_t>((high - low) / strip) + 1);
  for (const Quad& quad : quads) {
    const auto [bottom, top] =
        std::minmax_element(quad.begin(), quad.end(), [](const Flat& a, const Flat& b) { return a.y < b.y; });
    auto k = static_cast<std::size_t>(std::max(0.0, (bottom->y - low) / strip - 0.5));
    for (double y = low + (static_cast<double>(k) + 0.5) * strip; y < top->y;
         ++k, y = low + (static_cast<double>(k) + 0.5) * strip)
      if (const auto run = crossing(quad, y)) strips[k].push_back({run->first, run->second});
  }
  double length = 0.0;
  for (std::vector<Run>& runs : strips) {
    std::sort(runs.begin(), runs.end(),
              [](const Run& a, const Run& b) { return a.from != b.from ? a.from < b.from : a.to < b.to; });
    double covered = -std::numeric_limits<double>::infinity();  // up to here
    for (const Run& run : runs) {
      length += std::max(0.0, run.to - std::max(run.from, covered));
      covered = std::max(covered, run.to);
    }
  }
  return SquareMetres(length * strip);
}

datum::Ring hull(std::span<const Footprint> boxes) {
  EXPECTS(!boxes.empty());
  const Plane plane(middle_of(boxes));
  std::vector<Flat> points;
  points.reserve(boxes.size() * 4);
  for (const Footprint& box : boxes)
    for (const Flat corner : plane.to_flat(box)) points.push_back(corner);
  std::sort(points.begin(), points.end(),
            [](const Flat& a, const Flat& b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  // Andrew's monotone chain; what turns by less than a square metre is straight.
  std::vector<Flat> chain;
  const auto extend = [&](Flat p, std::size_t keep) {
    while (chain.size() >= keep + 2 && cross(chain[chain.size() - 2], chain.back(), p) <= 1.0)
      chain.pop_back();
    chain.push_back(p);
  };
  for (const Flat& p : points) extend(p, 0);
  const std::size_t lower = chain.size() - 1;
  for (auto p = points.rbegin() + 1; p != points.rend(); ++p) extend(*p, lower);
  chain.pop_back();
  datum::Ring ring;
  ring.reserve(chain.size() + 1);
  for (const Flat& p : chain) ring.push_back(to_point(plane.to_sphere(p)));
  ring.push_back(ring.front());
  return ring;
}

}  // namespace skywarden::wildfire
