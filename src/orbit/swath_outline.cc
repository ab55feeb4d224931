#include "orbit/swath_outline.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"

namespace skywarden::orbit {
namespace {

constexpr double kEquatorKm = 6378.137;                                // WGS 84
constexpr double kPolarKm = kEquatorKm * (1.0 - 1.0 / 298.257223563);  // WGS 84
constexpr Duration kCornerStep = std::chrono::seconds(10);
constexpr int kCornersAcross = 32;  // at least
constexpr Metres kCornersApart = kilometres(100.0);

Position<Ecef> sight(const SensorFrame& frame, double off_nadir_deg) {
  const double angle = to_radians(Degrees(off_nadir_deg)).value();
  return std::cos(angle) * frame.down + std::sin(angle) * frame.right;
}

// With the polar axis stretched the ellipsoid is the unit sphere.
std::optional<Position<Ecef>> meet_ground(const SensorFrame& frame, double off_nadir_deg) {
  const auto stretched = [](const Position<Ecef>& v) {
    return Position<Ecef>{v.x / kEquatorKm, v.y / kEquatorKm, v.z / kPolarKm};
  };
  const Position<Ecef> direction = sight(frame, off_nadir_deg);
  const Position<Ecef> from = stretched(frame.position);
  const Position<Ecef> along = stretched(direction);
  const double a = dot(along, along);
  const double b = dot(from, along);
  const double discriminant = b * b - a * (dot(from, from) - 1.0);
  if (discriminant < 0.0 || b >= 0.0) return std::nullopt;
  return frame.position + ((-b - std::sqrt(discriminant)) / a) * direction;
}

// The line of sight ends on the ground where the satellite stands high enough.
bool reaches(const SensorFrame& frame, double off_nadir_deg, Degrees elevation_min) {
  const auto ground = meet_ground(frame, off_nadir_deg);
  if (!ground) return false;
  const Horizon horizon(Place{to_place(*ground).point, Metres(0.0)});
  return horizon.look({frame.position, {}}).elevation >= elevation_min;
}

// The last angle from `inner`, which reaches the ground, towards `outer`.
double last_that_reaches(const SensorFrame& frame, double inner, double outer, Degrees elevation_min) {
  constexpr int kHalvings = 40;
  if (reaches(frame, outer, elevation_min)) return outer;
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = 0.5 * (inner + outer);
    (reaches(frame, middle, elevation_min) ? inner : outer) = middle;
  }
  return inner;
}

double turn_of(double from_deg, double to_deg) {
  return wrap_longitude(to_deg - from_deg);
}

// What of a ring lies on one side of a meridian (Sutherland and Hodgman 1974). `side` 1 keeps the east, −1
// the west.
MapRing keep_side(const MapRing& ring, double lon_deg, double side) {
  MapRing out;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint& from = ring[i];
    const GeoPoint& to = ring[(i + 1) % ring.size()];
    const bool from_in = side * (from.lon_deg - lon_deg) >= 0.0;
    const bool to_in = side * (to.lon_deg - lon_deg) >= 0.0;
    if (from_in) out.push_back(from);
    if (from_in != to_in) {
      const double share = (lon_deg - from.lon_deg) / (to.lon_deg - from.lon_deg);
      out.push_back({from.lat_deg + share * (to.lat_deg - from.lat_deg), lon_deg});
    }
  }
  return out;
}

double area_deg2(const MapRing& ring) {
  double twice = 0.0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint& a = ring[i];
    const GeoPoint& b = ring[(i + 1) % ring.size()];
    twice += a.lon_deg * b.lat_deg - b.lon_deg * a.lat_deg;
  }
  return 0.5 * twice;
}

// Longitudes that run on beyond ±180, and how far they have come when back at the first corner.
struct Unrolled {
  MapRing ring;
  double turned_deg = 0.0;
};
Unrolled unrolled(std::span<const GeoPoint> outline) {
  Unrolled out;
  double lon = outline.front().lon_deg;
  for (std::size_t i = 0; i < outline.size(); ++i) {
    if (i > 0) lon += turn_of(outline[i - 1].lon_deg, outline[i].lon_deg);
    out.ring.push_back({outline[i].lat_deg, lon});
  }
  lon += turn_of(outline.back().lon_deg, outline.front().lon_deg);
  out.turned_deg = lon - outline.front().lon_deg;
  return out;
}

struct Sighted {
  Degrees off_nadir;
  GeoPoint ground;
};

// Near the limb a small angle is a long way on the ground: halved until corners are close.
void append_between(const SensorFrame& frame, const Sighted& from, const Sighted& to, int halvings,
                    std::vector<GeoPoint>& out) {
  if (halvings == 0 || distance(from.ground, to.ground) <= kCornersApart) return;
  const Degrees middle = from.off_nadir + 0.5 * (to.off_nadir - from.off_nadir);
  const auto ground = ground_point(frame, middle);
  if (!ground) return;
  append_between(frame, from, {middle, *ground}, halvings - 1, out);
  out.push_back(*ground);
  append_between(frame, {middle, *ground}, to, halvings - 1, out);
}

void append_across(const SensorFrame& frame, const SwathLine& line, std::vector<GeoPoint>& out) {
  constexpr int kHalvingsMax = 12;
  std::optional<Sighted> before;
  for (int i = 0; i <= kCornersAcross; ++i) {
    const double share = static_cast<double>(i) / kCornersAcross;
    const Degrees off_nadir = line.from + share * (line.to - line.from);
    const auto ground = ground_point(frame, off_nadir);
    if (!ground) continue;
    const Sighted here{off_nadir, *ground};
    if (before) append_between(frame, *before, here, kHalvingsMax, out);
    out.push_back(*ground);
    before = here;
  }
}

}  // namespace

std::optional<GeoPoint> ground_point(const SensorFrame& frame, Degrees off_nadir) {
  const auto ground = meet_ground(frame, off_nadir.value());
  if (!ground) return std::nullopt;
  return to_place(*ground).point;
}

std::optional<SwathLine> swath_line(const SensorFrame& frame, const SwathSensor& sensor) {
  const double low = sensor.off_nadir_min.value();
  const double high = sensor.off_nadir_max.value();
  const double innermost = std::clamp(0.0, low, high);
  if (!reaches(frame, innermost, sensor.elevation_min)) return std::nullopt;
  return SwathLine{Degrees(last_that_reaches(frame, innermost, low, sensor.elevation_min)),
                   Degrees(last_that_reaches(frame, innermost, high, sensor.elevation_min))};
}

std::vector<MapRing> cut_outline(std::span<const GeoPoint> outline) {
  constexpr double kAreaMinDeg2 = 1e-9;
  std::vector<MapRing> out;
  if (outline.size() < 3) return out;
  auto [ring, turned] = unrolled(outline);
  if (std::abs(turned) > 180.0) {  // what is inside lies to the left: eastward around the north pole
    const double pole = turned > 0.0 ? 90.0 : -90.0;
    const double lon_end = ring.front().lon_deg + turned;
    ring.push_back({ring.front().lat_deg, lon_end});
    ring.push_back({pole, lon_end});
    ring.push_back({pole, ring.front().lon_deg});
  }
  double west = ring.front().lon_deg;
  double east = west;
  for (const GeoPoint& corner : ring) {
    west = std::min(west, corner.lon_deg);
    east = std::max(east, corner.lon_deg);
  }
  for (double turn = std::floor((west + 180.0) / 360.0); turn * 360.0 - 180.0 < east; turn += 1.0) {
    const double low = turn * 360.0 - 180.0;
    MapRing piece = keep_side(keep_side(ring, low, 1.0), low + 360.0, -1.0);
    for (GeoPoint& corner : piece) corner.lon_deg -= turn * 360.0;
    if (piece.size() >= 3 && std::abs(area_deg2(piece)) > kAreaMinDeg2) out.push_back(std::move(piece));
  }
  return out;
}

std::vector<std::vector<GeoPoint>> cut_line(std::span<const GeoPoint> line) {
  std::vector<std::vector<GeoPoint>> out;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (i == 0) {
      out.push_back({line[0]});
      continue;
    }
    const GeoPoint& from = line[i - 1];
    const GeoPoint& to = line[i];
    const double turn = turn_of(from.lon_deg, to.lon_deg);
    const double lon = from.lon_deg + turn;  // of `to`, running on
    if (lon < -180.0 || lon > 180.0) {
      const double edge = lon > 180.0 ? 180.0 : -180.0;
      const double lat = from.lat_deg + (edge - from.lon_deg) / turn * (to.lat_deg - from.lat_deg);
      out.back().push_back({lat, edge});
      out.push_back({{lat, -edge}});
    }
    out.back().push_back(to);
  }
  return out;
}

std::vector<SwathPiece> swath_pieces(const Sgp4& satellite, const SwathSensor& sensor, Instant start,
                                     Instant end, Duration piece) {
  EXPECTS(piece > Duration(0) && piece <= kSwathPieceMax);
  std::vector<SwathPiece> out;
  for (Instant from = start; from < end; from += piece) {
    const Instant to = std::min(from + piece, end);
    SwathPiece now{from, to, {}, {}};
    std::vector<GeoPoint> left, right, first, last;
    for (Instant t = from;; t = std::min(t + kCornerStep, to)) {
      const auto state = satellite.at(t);
      if (!state) return out;
      const SensorFrame frame = sensor_frame(*state, earth_rotation(t), sensor.yaw_steered);
      now.track.push_back(to_place(frame.position).point);
      if (const auto line = swath_line(frame, sensor)) {
        if (t == from) append_across(frame, *line, first);
        if (t == to) append_across(frame, *line, last);
        // A limb found by halving may lie past the Earth by a rounding error.
        if (const auto point = ground_point(frame, line->from)) left.push_back(*point);
        if (const auto point = ground_point(frame, line->to)) right.push_back(*point);
      }
      if (t == to) break;
    }
    if (!first.empty() && !last.empty()) {
      // Forward on the right, across to the left, back on the left, across to the right.
      now.outline.insert(now.outline.end(), right.begin(), right.end() - 1);
      now.outline.insert(now.outline.end(), last.rbegin(), last.rend() - 1);
      now.outline.insert(now.outline.end(), left.rbegin(), left.rend() - 1);
      now.outline.insert(now.outline.end(), first.begin(), first.end() - 1);
    }
    out.push_back(std::move(now));
  }
  return out;
}

}  // namespace skywarden::orbit
