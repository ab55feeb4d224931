// The ground a sensor sweeps, as areas to draw: outlines on WGS 84, cut at the antimeridian and closed over a
// pole as GeoJSON wants them (RFC 7946, 3.1.6 and 3.1.9), and the line below the satellite. Outlines are
// straight between their corners on a map of longitude and latitude; corners stand at most 100 km apart
// across the track and 10 s of flight along it, so near a pole an outline is good to a few kilometres only.
// What is seen when, exactly, is the business of swath.h.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/geodesy.h"
#include "base/time.h"
#include "orbit/sensors.h"
#include "orbit/sgp4.h"
#include "orbit/swath.h"

namespace skywarden::orbit {

// Where a line of sight across the track meets the ellipsoid; nothing when it passes the Earth by.
[[nodiscard]] std::optional<GeoPoint> ground_point(const SensorFrame& frame, Degrees off_nadir);

// The part of the sensor's line that meets the ground at its least elevation or more; nothing when none does.
struct SwathLine {
  Degrees from, to;  // off nadir
};
[[nodiscard]] std::optional<SwathLine> swath_line(const SensorFrame& frame, const SwathSensor& sensor);

// A ring on a map: counter-clockwise, longitudes −180…180, the first corner not repeated.
using MapRing = std::vector<GeoPoint>;

// An outline on the sphere, counter-clockwise seen from above, with corners less than half a turn apart in
// longitude wherever they are: in pieces that a flat map can show. One that goes around a pole is closed
// along its parallel.
[[nodiscard]] std::vector<MapRing> cut_outline(std::span<const GeoPoint> outline);

// A line likewise: in pieces between crossings of the antimeridian.
[[nodiscard]] std::vector<std::vector<GeoPoint>> cut_line(std::span<const GeoPoint> line);

struct SwathPiece {
  Instant start{}, end{};
  std::vector<GeoPoint> track;    // below the satellite
  std::vector<GeoPoint> outline;  // for cut_outline; empty when the sensor's line misses the Earth
};

inline constexpr Duration kSwathPieceMax = std::chrono::seconds(600);

// The interval in pieces as long as `piece` (the last may be shorter), until the theory fails.
[[nodiscard]] std::vector<SwathPiece> swath_pieces(const Sgp4& satellite, const SwathSensor& sensor,
                                                   Instant start, Instant end, Duration piece);

}  // namespace skywarden::orbit
