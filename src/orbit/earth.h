// From SGP4's frame to the ground and back: sidereal time (IAU 1982), TEME to Earth-fixed, WGS 84
// coordinates, and what a station sees. UT1 is taken as UTC (within 0.9 s) unless the difference is given,
// and the pole as fixed (within 15 m) likewise; there is no refraction. Vallado, Fundamentals of
// Astrodynamics and Applications, chapter 3; AIAA 2006-6753, appendix C.
#pragma once

#include "base/frames.h"
#include "base/geodesy.h"
#include "base/time.h"
#include "base/units.h"

namespace skywarden::orbit {

struct TemeState {
  Position<Teme> position;
  Velocity<Teme> velocity;
};
struct EcefState {
  Position<Ecef> position;
  Velocity<Ecef> velocity;  // as seen from the turning Earth
};

struct Place {
  GeoPoint point;  // WGS 84, geodetic
  Metres altitude;
};

[[nodiscard]] Radians greenwich_sidereal_time(JulianDate ut1);  // 0…2π

// The orientation of the Earth at one moment, reusable for every satellite.
struct EarthRotation {
  double sine = 0.0, cosine = 1.0;  // of the sidereal time
  double rate = 0.0;                // rad/s
};
[[nodiscard]] EarthRotation earth_rotation(Instant t, Duration ut1_minus_utc = Duration(0));

// What the Earth does that no formula foretells, as published by the IERS (Bulletin A).
struct EarthOrientation {
  Duration ut1_minus_utc{0};
  Radians pole_x, pole_y;
};

[[nodiscard]] EcefState to_ecef(const TemeState& state, const EarthRotation& earth);
// With the pole where it is: up to 15 m at the ground, as much as 0.3 arc seconds of it.
[[nodiscard]] EcefState to_ecef(const TemeState& state, Instant t, const EarthOrientation& orientation);
[[nodiscard]] TemeState to_teme(const EcefState& state, const EarthRotation& earth);

[[nodiscard]] Position<Ecef> to_ecef(const Place& place);
[[nodiscard]] Place to_place(const Position<Ecef>& position);  // the Earth's centre reads as its north pole
// Where the satellite stands straight above the ellipsoid; altitude is the satellite's.
[[nodiscard]] Place sub_satellite_point(const TemeState& state, Instant t);

struct LookAngles {
  Degrees azimuth;  // 0…360, clockwise from north
  Degrees elevation;
  double range_km = 0.0;
  double range_rate_kms = 0.0;  // positive when receding
};

// A station on the ground with its horizon worked out once.
class Horizon {
 public:
  explicit Horizon(const Place& place);

  [[nodiscard]] LookAngles look(const EcefState& satellite) const;
  // The two the search for passes needs: sine of the elevation and its rate (1/s).
  struct SineElevation {
    double value = 0.0;
    double rate = 0.0;
  };
  [[nodiscard]] SineElevation sine_elevation(const EcefState& satellite) const;
  [[nodiscard]] const Position<Ecef>& position() const { return position_; }
  [[nodiscard]] const Position<Ecef>& up() const { return up_; }  // unit vector

 private:
  Position<Ecef> position_;
  Position<Ecef> east_, north_, up_;  // unit vectors
};

}  // namespace skywarden::orbit
