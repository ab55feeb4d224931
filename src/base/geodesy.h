// Points on the Earth (WGS 84) and the little spherical geometry everybody needs.
#pragma once

#include "base/units.h"

namespace skywarden {

struct GeoPoint {
  double lat_deg = 0.0;  // −90…90, geodetic, north positive
  double lon_deg = 0.0;  // −180…180, east positive
  friend constexpr bool operator==(const GeoPoint&, const GeoPoint&) = default;
};

inline constexpr double kEarthMeanRadiusM = 6371008.8;  // IUGG mean radius

// Great-circle distance on the mean sphere; within 0.6 % of the ellipsoid.
[[nodiscard]] Metres distance(GeoPoint a, GeoPoint b);
// Initial bearing from a to b, 0…360 clockwise from north.
[[nodiscard]] Degrees bearing(GeoPoint a, GeoPoint b);
// The point reached from `from` after `d` along the great circle that starts at `azimuth`.
[[nodiscard]] GeoPoint destination(GeoPoint from, Degrees azimuth, Metres d);
// A longitude brought into −180…180.
[[nodiscard]] double wrap_longitude(double lon_deg);

}  // namespace skywarden
