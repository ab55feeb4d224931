#include "orbit/earth.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace skywarden::orbit {
namespace {

constexpr double kPi = std::numbers::pi;
constexpr double kEquatorKm = 6378.137;              // WGS 84
constexpr double kFlattening = 1.0 / 298.257223563;  // WGS 84
constexpr double kE2 = kFlattening * (2.0 - kFlattening);
constexpr double kDaySeconds = 86400.0;
constexpr double kCenturyDays = 36525.0;

double centuries_since_2000(JulianDate ut1) {
  return ((ut1.day - 2451545.0) + ut1.fraction) / kCenturyDays;
}

// Radius of curvature across the meridian.
double prime_vertical_km(double sin_lat) {
  return kEquatorKm / std::sqrt(1.0 - kE2 * sin_lat * sin_lat);
}

}  // namespace

Radians greenwich_sidereal_time(JulianDate ut1) {
  const double t = centuries_since_2000(ut1);
  const double seconds =
      -6.2e-6 * t * t * t + 0.093104 * t * t + (876600.0 * 3600.0 + 8640184.812866) * t + 67310.54841;
  const double angle = std::fmod(seconds * (kPi / 180.0) / 240.0, 2.0 * kPi);
  return Radians(angle < 0.0 ? angle + 2.0 * kPi : angle);
}

EarthRotation earth_rotation(Instant t, Duration ut1_minus_utc) {
  const JulianDate ut1 = julian_date_utc(t + ut1_minus_utc);
  const double angle = greenwich_sidereal_time(ut1).value();
  const double c = centuries_since_2000(ut1);
  // The derivative of the same formula, so that velocities are derivatives of positions.
  const double seconds_per_century =
      876600.0 * 3600.0 + 8640184.812866 + 2.0 * 0.093104 * c - 3.0 * 6.2e-6 * c * c;
  return {std::sin(angle), std::cos(angle),
          seconds_per_century * (kPi / 180.0 / 240.0) / (kCenturyDays * kDaySeconds)};
}

EcefState to_ecef(const TemeState& s, const EarthRotation& earth) {
  const auto turn = [&](const auto& v) {
    return std::pair{earth.cosine * v.x + earth.sine * v.y, -earth.sine * v.x + earth.cosine * v.y};
  };
  const auto [x, y] = turn(s.position);
  const auto [vx, vy] = turn(s.velocity);
  return {{x, y, s.position.z}, {vx + earth.rate * y, vy - earth.rate * x, s.velocity.z}};
}

// AIAA 2006-6753, appendix C: from the pseudo Earth-fixed frame, whose pole is the Earth's axis, to the
// crust's.
EcefState to_ecef(const TemeState& state, Instant t, const EarthOrientation& orientation) {
  const EcefState pseudo = to_ecef(state, earth_rotation(t, orientation.ut1_minus_utc));
  const double sin_x = std::sin(orientation.pole_x.value());
  const double cos_x = std::cos(orientation.pole_x.value());
  const double sin_y = std::sin(orientation.pole_y.value());
  const double cos_y = std::cos(orientation.pole_y.value());
  const auto tilt = [&]<typename Vector>(const Vector& v) {
    const double forward = sin_y * v.y + cos_y * v.z;
    return Vector{cos_x * v.x + sin_x * forward, cos_y * v.y - sin_y * v.z, -sin_x * v.x + cos_x * forward};
  };
  return {tilt(pseudo.position), tilt(pseudo.velocity)};
}

TemeState to_teme(const EcefState& s, const EarthRotation& earth) {
  const auto turn = [&](double x, double y) {
    return std::pair{earth.cosine * x - earth.sine * y, earth.sine * x + earth.cosine * y};
  };
  const auto [x, y] = turn(s.position.x, s.position.y);
  const auto [vx, vy] =
      turn(s.velocity.x - earth.rate * s.position.y, s.velocity.y + earth.rate * s.position.x);
  return {{x, y, s.position.z}, {vx, vy, s.velocity.z}};
}

Position<Ecef> to_ecef(const Place& place) {
  const double lat = to_radians(Degrees(place.point.lat_deg)).value();
  const double lon = to_radians(Degrees(place.point.lon_deg)).value();
  const double height = place.altitude.value() / 1000.0;
  const double n = prime_vertical_km(std::sin(lat));
  const double across = (n + height) * std::cos(lat);
  return {across * std::cos(lon), across * std::sin(lon), (n * (1.0 - kE2) + height) * std::sin(lat)};
}

// Bowring (1976), repeated: the reduced latitude converges to the last bits within four rounds from the
// ground to beyond the geostationary ring.
Place to_place(const Position<Ecef>& r) {
  const double polar = kEquatorKm * (1.0 - kFlattening);
  const double across = std::hypot(r.x, r.y);
  double lat = 0.0;
  double reduced = std::atan2(kEquatorKm * r.z, polar * across);
  for (int round = 0; round < 4; ++round) {
    const double s = std::sin(reduced);
    const double c = std::cos(reduced);
    lat = std::atan2(r.z + kE2 / (1.0 - kE2) * polar * s * s * s, across - kE2 * kEquatorKm * c * c * c);
    reduced = std::atan2((1.0 - kFlattening) * std::sin(lat), std::cos(lat));
  }
  const double sin_lat = std::sin(lat);
  const double cos_lat = std::cos(lat);
  const double n = prime_vertical_km(sin_lat);
  // Distance along the normal; stable at the poles and at the equator alike.
  const double height = across * cos_lat + r.z * sin_lat - n * (1.0 - kE2 * sin_lat * sin_lat);
  const double lon = across > 0.0 ? std::atan2(r.y, r.x) : 0.0;
  return {{to_degrees(Radians(lat)).value(), to_degrees(Radians(lon)).value()}, Metres(height * 1000.0)};
}

Place sub_satellite_point(const TemeState& state, Instant t) {
  return to_place(to_ecef(state, earth_rotation(t)).position);
}

Horizon::Horizon(const Place& place) : position_(to_ecef(place)) {
  const double lat = to_radians(Degrees(place.point.lat_deg)).value();
  const double lon = to_radians(Degrees(place.point.lon_deg)).value();
  east_ = {-std::sin(lon), std::cos(lon), 0.0};
  north_ = {-std::sin(lat) * std::cos(lon), -std::sin(lat) * std::sin(lon), std::cos(lat)};
  up_ = {std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
}

LookAngles Horizon::look(const EcefState& satellite) const {
  const Position<Ecef> line = satellite.position - position_;
  const double range = line.norm();
  LookAngles out;
  out.range_km = range;
  if (range == 0.0) return out;
  const double east = dot(line, east_);
  const double north = dot(line, north_);
  const double up = dot(line, up_);
  const double azimuth = to_degrees(Radians(std::atan2(east, north))).value();
  out.azimuth = Degrees(azimuth < 0.0 ? azimuth + 360.0 : azimuth);
  // atan2 keeps its precision near the zenith, where asin loses half the digits.
  out.elevation = to_degrees(Radians(std::atan2(up, std::hypot(east, north))));
  out.range_rate_kms = dot(line, satellite.velocity) / range;
  return out;
}

Horizon::SineElevation Horizon::sine_elevation(const EcefState& satellite) const {
  const Position<Ecef> line = satellite.position - position_;
  const double range = std::max(line.norm(), 1e-9);
  const double up = dot(up_, line);
  const double range_rate = dot(line, satellite.velocity) / range;
  return {up / range, (dot(up_, satellite.velocity) - up * range_rate / range) / range};
}

}  // namespace skywarden::orbit
