#include "orbit/earth.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <numbers>

#include "orbit/doppler.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

double between(double low, double high) {
  return low + (high - low) * *rc::gen::inRange(0, 1'000'000) / 1e6;
}

}  // namespace

// Vallado, Fundamentals of Astrodynamics and Applications, example 3-5: 1992-08-20 12:14 UT1 has a Greenwich
// mean sidereal time of 152.578787886 degrees.
TEST_CASE("sidereal time equals the textbook's") {
  const JulianDate ut1 = julian_date_utc(parse_utc("1992-08-20T12:14:00Z").value());
  CHECK(to_degrees(greenwich_sidereal_time(ut1)).value() == doctest::Approx(152.578787886).epsilon(1e-9));
}

// AIAA 2006-6753, appendix C: 2004-04-06 07:51:28.386009 UTC, UT1 − UTC −0.4399619 s, pole at −0.140682″ and
// 0.333309″.
TEST_CASE("TEME goes to the Earth's crust as in the published example") {
  const Instant t = parse_utc("2004-04-06T07:51:28.386009Z").value();
  const TemeState teme{{5094.18016210, 6127.64465950, 6380.34453270},
                       {-4.746131487, 0.785818041, 5.531931288}};
  const double arc_second = std::numbers::pi / 648000.0;
  const EarthOrientation orientation{from_seconds(-0.4399619), Radians(-0.140682 * arc_second),
                                     Radians(0.333309 * arc_second)};
  const EcefState pseudo = to_ecef(teme, earth_rotation(t, orientation.ut1_minus_utc));
  const EcefState crust = to_ecef(teme, t, orientation);
  const Position<Ecef> pseudo_km =
      pseudo.position - Position<Ecef>{-1033.47503130, 7901.30558560, 6380.34453270};
  const Position<Ecef> crust_km =
      crust.position - Position<Ecef>{-1033.47938300, 7901.29527540, 6380.35659580};
  const Velocity<Ecef> crust_kms = crust.velocity - Velocity<Ecef>{-3.225636520, -2.872451450, 5.531924446};
  MESSAGE(pseudo_km.norm(), " km, ", crust_km.norm(), " km, ", crust_kms.norm(), " km/s");
  // The example's Julian date is one double, good to 0.02 ms; the Earth turns 12 mm there in that time.
  CHECK(pseudo_km.norm() < 1.2e-5);
  CHECK(crust_km.norm() < 1.2e-5);
  CHECK(crust_kms.norm() < 1e-7);  // the rate of the sidereal time holds precession, the example's does not
  // Without the pole's position it is what it was.
  CHECK((to_ecef(teme, t, {orientation.ut1_minus_utc, {}, {}}).position - pseudo.position).norm() == 0.0);
}

TEST_CASE("who recedes sounds lower") {
  CHECK(doppler_shift_hz(437.0e6, 0.0) == 0.0);
  // −f v/c, and one part in forty thousand less.
  CHECK(doppler_shift_hz(437.0e6, 7.0) == doctest::Approx(-10203.6).epsilon(1e-4));
  CHECK(doppler_shift_hz(437.0e6, -7.0) > -doppler_shift_hz(437.0e6, 7.0));
}

TEST_CASE("the Earth turns once in a sidereal day") {
  const EarthRotation earth = earth_rotation(parse_utc("2026-05-07").value());
  CHECK(2.0 * std::numbers::pi / earth.rate == doctest::Approx(86164.0905).epsilon(1e-8));
  CHECK(earth.sine * earth.sine + earth.cosine * earth.cosine == doctest::Approx(1.0).epsilon(1e-15));
}

TEST_CASE("frames and places go round without loss") {
  CHECK(rc::check("TEME to ECEF and back", [] {
    const TemeState state{{between(-4e4, 4e4), between(-4e4, 4e4), between(-4e4, 4e4)},
                          {between(-8, 8), between(-8, 8), between(-8, 8)}};
    const EarthRotation earth =
        earth_rotation(Instant(std::chrono::seconds(*rc::gen::inRange(0, 2'000'000'000))));
    const TemeState back = to_teme(to_ecef(state, earth), earth);
    RC_ASSERT((back.position - state.position).norm() < 1e-9);
    RC_ASSERT((back.velocity - state.velocity).norm() < 1e-12);
  }));
  CHECK(rc::check("place to ECEF and back", [] {
    const Place place{{between(-90, 90), between(-180, 180)}, Metres(between(-400, 4e7))};
    const Place back = to_place(to_ecef(place));
    RC_ASSERT(std::abs(back.point.lat_deg - place.point.lat_deg) < 1e-11);
    RC_ASSERT(std::abs(std::remainder(back.point.lon_deg - place.point.lon_deg, 360.0)) *
                  std::cos(place.point.lat_deg * std::numbers::pi / 180) <
              1e-11);
    RC_ASSERT(std::abs(back.altitude.value() - place.altitude.value()) < 1e-6);
  }));
}

TEST_CASE("poles, equator and the Earth's middle are places too") {
  const Place pole = to_place({0.0, 0.0, -6356.752314245 - 1.0});
  CHECK(pole.point.lat_deg == -90.0);
  CHECK(pole.altitude.value() == doctest::Approx(1000.0).epsilon(1e-6));
  const Place equator = to_place({0.0, -6378.137, 0.0});
  CHECK(equator.point.lat_deg == 0.0);
  CHECK(equator.point.lon_deg == -90.0);
  CHECK(std::abs(equator.altitude.value()) < 1e-6);
  CHECK(std::isfinite(to_place({0.0, 0.0, 0.0}).altitude.value()));
}

TEST_CASE("a station looks up, north, east and sees who approaches") {
  const Place place{{52.0, 13.0}, Metres(35.0)};
  const Horizon horizon(place);
  const auto above = [&](double lat, double lon, double km) {
    return to_ecef(Place{{lat, lon}, kilometres(km)});
  };
  const auto zenith = horizon.look({above(52.0, 13.0, 600.0), {0.0, 0.0, 0.0}});
  CHECK(zenith.elevation.value() == doctest::Approx(90.0).epsilon(1e-9));
  CHECK(zenith.range_km == doctest::Approx(600.0 - 0.035).epsilon(1e-9));
  const auto north = horizon.look({above(60.0, 13.0, 600.0), {}});
  CHECK(std::min(north.azimuth.value(), 360.0 - north.azimuth.value()) < 1e-6);
  const auto east = horizon.look({above(52.0, 14.0, 600.0), {}});
  CHECK(east.azimuth.value() == doctest::Approx(90.0).epsilon(0.01));
  CHECK(east.elevation.value() > 80.0);
  CHECK(horizon.look({above(-52.0, -167.0, 600.0), {}}).elevation.value() < -80.0);
  const Position<Ecef> up = above(52.0, 13.0, 600.0) - horizon.position();
  const Velocity<Ecef> rising{up.x / up.norm() * 3.0, up.y / up.norm() * 3.0, up.z / up.norm() * 3.0};
  CHECK(horizon.look({above(52.0, 13.0, 600.0), rising}).range_rate_kms == doctest::Approx(3.0));
}

TEST_CASE("the rate of the elevation is its derivative") {
  CHECK(rc::check([] {
    const Horizon horizon(Place{{between(-89, 89), between(-180, 180)}, Metres(0)});
    const EcefState state{
        to_ecef(Place{{between(-89, 89), between(-180, 180)}, kilometres(between(300, 2000))}),
        {between(-7, 7), between(-7, 7), between(-7, 7)}};
    const double h = 1e-3;
    const auto moved = [&](double s) {
      return horizon
          .sine_elevation({{state.position.x + s * state.velocity.x, state.position.y + s * state.velocity.y,
                            state.position.z + s * state.velocity.z},
                           state.velocity})
          .value;
    };
    RC_ASSERT(std::abs((moved(h) - moved(-h)) / (2 * h) - horizon.sine_elevation(state).rate) < 1e-8);
  }));
}
