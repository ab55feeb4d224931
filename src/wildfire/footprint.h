// The ground one hotspot stands for: a box of scan by track around the pixel's centre, turned as the
// satellite flew. FIRMS gives no direction of flight; it follows from the latitude and the inclination of a
// Sun-synchronous orbit (98.5° for all five satellites; they differ by half a degree, which turns a box by
// less than one), with Terra going south by day and the others north. A satellite of unknown name gets a box
// along the meridian. The box is what the publisher's scan and track say, so it grows towards the edge of the
// swath; the triangular response that makes neighbouring pixels overlap is left out.
//
// All of it works on unit vectors, so neither a pole nor the antimeridian is special.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/geodesy.h"
#include "datum/evidence.h"
#include "datum/hotspot.h"

namespace skywarden::wildfire {

struct Direction {  // a vector on or from the unit sphere, Earth-fixed; z to the north pole
  double x = 0.0, y = 0.0, z = 0.0;
  friend constexpr bool operator==(const Direction&, const Direction&) = default;
};
[[nodiscard]] Direction to_direction(GeoPoint point);
[[nodiscard]] GeoPoint to_point(const Direction& direction);

struct Footprint {
  Direction centre;
  Direction across, along;  // unit vectors of the scan and of the track, tangent at the centre
  double half_scan_m = 0.0, half_track_m = 0.0;
};

// Nothing when the position is not on the Earth or a size is no positive number. Sizes are brought into
// 10 m…20 km.
[[nodiscard]] std::optional<Footprint> footprint(const datum::Hotspot& hotspot);

// Metres between the nearest points of two boxes, 0 when they touch. For boxes up to some tens of kilometres
// apart; farther away it is the distance of the circles around them.
[[nodiscard]] double gap_m(const Footprint& a, const Footprint& b);

// Several boxes together. Order matters only in the last digits: sort first where results are compared.
[[nodiscard]] GeoPoint centre_of(std::span<const Footprint> boxes);
// Each square metre once, within a per cent: the boxes cut into strips.
[[nodiscard]] SquareMetres union_area(std::span<const Footprint> boxes);
// Their convex hull as a closed ring, counter-clockwise.
[[nodiscard]] datum::Ring hull(std::span<const Footprint> boxes);

}  // namespace skywarden::wildfire
