// The area of an alert as maps and messages need it: closed counter-clockwise rings that do not cross the
// antimeridian, of a bounded number of points.
#pragma once

#include <cstddef>
#include <vector>

#include "base/geodesy.h"
#include "base/units.h"
#include "datum/evidence.h"
#include "datum/proposal.h"

namespace skywarden::wildfire {

[[nodiscard]] GeoPoint to_geo(datum::FixedPoint point);

// The outline, or where it is unknown a regular 24-gon around the centre that holds the area (at least 500 m
// in radius). Cut at the antimeridian as RFC 7946 §3.1.9 asks: then there are two rings, one a side. A ring
// that winds round a pole is left as it is.
[[nodiscard]] std::vector<datum::Ring> area_rings(const datum::Proposal& proposal);

// The points that matter least go first, by the area of the triangle with their neighbours (Visvalingam and
// Whyatt, The Cartographic Journal 30, 1993), until `points_max` (≥ 4, closing point counted) are left.
[[nodiscard]] datum::Ring simplified(datum::Ring ring, std::size_t points_max);

[[nodiscard]] bool contains(const datum::Ring& ring, GeoPoint point);
// From the ring's nearest edge; 0 inside. Flat-Earth, for distances up to some hundred kilometres.
[[nodiscard]] Metres distance_from(const datum::Ring& ring, GeoPoint point);

}  // namespace skywarden::wildfire
