#include "base/geodesy.h"

#include <algorithm>
#include <cmath>

namespace skywarden {
namespace {

double radians(double degrees) {
  return degrees * std::numbers::pi / 180.0;
}

}  // namespace

Metres distance(GeoPoint a, GeoPoint b) {
  const double dlat = radians(b.lat_deg - a.lat_deg);
  const double dlon = radians(b.lon_deg - a.lon_deg);
  const double h = std::pow(std::sin(dlat / 2), 2) + std::cos(radians(a.lat_deg)) *
                                                         std::cos(radians(b.lat_deg)) *
                                                         std::pow(std::sin(dlon / 2), 2);
  return Metres(2.0 * kEarthMeanRadiusM * std::asin(std::min(1.0, std::sqrt(h))));
}

Degrees bearing(GeoPoint a, GeoPoint b) {
  const double dlon = radians(b.lon_deg - a.lon_deg);
  const double y = std::sin(dlon) * std::cos(radians(b.lat_deg));
  const double x = std::cos(radians(a.lat_deg)) * std::sin(radians(b.lat_deg)) -
                   std::sin(radians(a.lat_deg)) * std::cos(radians(b.lat_deg)) * std::cos(dlon);
  const double degrees = to_degrees(Radians(std::atan2(y, x))).value();
  return Degrees(degrees < 0.0 ? degrees + 360.0 : degrees);
}

GeoPoint destination(GeoPoint from, Degrees azimuth, Metres d) {
  const double angle = d.value() / kEarthMeanRadiusM;
  const double lat = radians(from.lat_deg);
  const double az = to_radians(azimuth).value();
  const double sin_lat = std::sin(lat) * std::cos(angle) + std::cos(lat) * std::sin(angle) * std::cos(az);
  const double lat2 = std::asin(std::clamp(sin_lat, -1.0, 1.0));
  const double dlon =
      std::atan2(std::sin(az) * std::sin(angle) * std::cos(lat), std::cos(angle) - std::sin(lat) * sin_lat);
  return {to_degrees(Radians(lat2)).value(),
          wrap_longitude(from.lon_deg + to_degrees(Radians(dlon)).value())};
}

double wrap_longitude(double lon_deg) {
  const double wrapped = std::remainder(lon_deg, 360.0);
  return wrapped == -180.0 && lon_deg > 0.0 ? 180.0 : wrapped;
}

}  // namespace skywarden
