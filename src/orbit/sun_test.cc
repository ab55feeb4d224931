#include "orbit/sun.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "orbit/eclipse.h"
#include "orbit/element_age.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr double kDegree = std::numbers::pi / 180.0;

double declination_deg(Instant t) {
  const Position<Teme> sun = sun_position(t);
  return std::asin(sun.z / sun.norm()) / kDegree;
}

}  // namespace

// Vallado, Fundamentals of Astrodynamics and Applications, example 5-1: 2006-04-02 00:00.
TEST_CASE("the Sun stands where the textbook has it") {
  const Position<Teme> sun = sun_position(parse_utc("2006-04-02T00:00:00Z").value());
  MESSAGE(sun.x, " ", sun.y, " ", sun.z);
  CHECK(std::abs(sun.x - 146186212.0) < 2000.0);
  CHECK(std::abs(sun.y - 28788976.0) < 2000.0);
  CHECK(std::abs(sun.z - 12481064.0) < 2000.0);
}

// Meeus, Astronomical Algorithms, example 25.a: 1992-10-13 0h, apparent place 198.38083°, −7.78507°, 0.99766
// AU.
TEST_CASE("an independent theory gives the same place within a hundredth of a degree") {
  const Position<Teme> sun = sun_position(parse_utc("1992-10-13T00:00:00Z").value());
  CHECK(std::abs(std::atan2(sun.y, sun.x) / kDegree + 360.0 - 198.38083) < 0.01);
  CHECK(std::abs(std::asin(sun.z / sun.norm()) / kDegree + 7.78507) < 0.01);
  CHECK(sun.norm() / 149597870.7 == doctest::Approx(0.99766).epsilon(1e-4));
}

// Equinoxes and solstices of 2026 as almanacs print them.
TEST_CASE("the seasons of 2026 begin when almanacs say") {
  CHECK(std::abs(declination_deg(parse_utc("2026-03-20T14:46:00Z").value())) < 0.01);
  CHECK(std::abs(declination_deg(parse_utc("2026-06-21T08:25:00Z").value()) - 23.44) < 0.01);
  CHECK(std::abs(declination_deg(parse_utc("2026-09-23T00:05:00Z").value())) < 0.01);
  CHECK(std::abs(declination_deg(parse_utc("2026-12-21T20:50:00Z").value()) + 23.44) < 0.01);
}

TEST_CASE("at an equinox the Sun is over the equator, on the horizon of the poles and gone at midnight") {
  const Instant t = parse_utc("2026-03-20T14:46:00Z").value();
  const auto at = [&](double lat, double lon) {
    return sun_elevation(Horizon(Place{{lat, lon}, Metres(0.0)}), t).value();
  };
  // 14:46 UTC, and the equation of time is −7.4 minutes: it is noon at 39.6 degrees west.
  CHECK(at(0.0, -39.6) > 89.8);
  CHECK(std::abs(at(90.0, 0.0)) < 0.02);
  CHECK(std::abs(at(-90.0, 0.0)) < 0.02);
  CHECK(at(0.0, 140.4) < -89.8);
  CHECK(at(51.5, -39.6) == doctest::Approx(38.5).epsilon(0.005));
}

// A shadow's width at some distance from similar triangles, which is not how the code does it.
TEST_CASE("umbra and penumbra have the widths of their cones") {
  const Position<Teme> sun{-149597870.7, 0.0, 0.0};
  for (const double behind : {7000.0, 42164.0, 384400.0}) {
    CAPTURE(behind);
    const double slope_umbra = std::asin((696000.0 - 6378.137) / 149597870.7);
    const double slope_penumbra = std::asin((696000.0 + 6378.137) / 149597870.7);
    const double umbra = 6378.137 / std::cos(slope_umbra) - behind * std::tan(slope_umbra);
    const double penumbra = 6378.137 / std::cos(slope_penumbra) + behind * std::tan(slope_penumbra);
    const auto at = [&](double across) { return light_at({behind, 0.6 * across, 0.8 * across}, sun); };
    CHECK(at(umbra - 0.5) == Light::kUmbra);
    CHECK(at(umbra + 0.5) == Light::kPenumbra);
    CHECK(at(penumbra - 0.5) == Light::kPenumbra);
    CHECK(at(penumbra + 0.5) == Light::kSunlit);
    CHECK(in_cylindrical_shadow({behind, 0.0, 6378.0}, sun));
    CHECK_FALSE(in_cylindrical_shadow({behind, 0.0, 6378.3}, sun));
    CHECK_FALSE(in_cylindrical_shadow({-behind, 0.0, 100.0}, sun));
    CHECK(light_at({-behind, 0.0, 100.0}, sun) == Light::kSunlit);
  }
  CHECK(to_string(Light::kPenumbra) == "penumbra");
}

TEST_CASE("behind the umbra's tip a ring of the Sun remains") {
  const Position<Teme> sun{-149597870.7, 0.0, 0.0};
  const double behind = 2'000'000.0;
  const double ratio = (6378.137 / behind) / (696000.0 / (149597870.7 + behind));
  CHECK(light_at({behind, 0.0, 0.0}, sun) == Light::kPenumbra);
  CHECK(sunlit_part({behind, 0.0, 0.0}, sun).value() == doctest::Approx(1.0 - ratio * ratio).epsilon(1e-4));
}

TEST_CASE("the sunlit part falls from 1 to 0 without a jump and agrees with the kind of light") {
  CHECK(rc::check([] {
    const auto between = [](double low, double high) {
      return low + (high - low) * *rc::gen::inRange(0, 1'000'000) / 1e6;
    };
    const Position<Teme> sun = sun_position(Instant(std::chrono::hours(24 * *rc::gen::inRange(0, 20000))));
    const Position<Teme> away = (-1.0 / sun.norm()) * sun;
    const Position<Teme> aside{away.y / std::hypot(away.x, away.y), -away.x / std::hypot(away.x, away.y),
                               0.0};
    const double behind = between(6500.0, 50000.0);
    double before = -1e-12;
    for (double across = 5500.0; across < 7500.0; across += 2.0) {
      const Position<Teme> satellite = behind * away + across * aside;
      const double part = sunlit_part(satellite, sun).value();
      RC_ASSERT(part >= before - 1e-9);
      RC_ASSERT(part - before < 0.1);
      const Light light = light_at(satellite, sun);
      RC_ASSERT((light == Light::kUmbra) == (part == 0.0));
      RC_ASSERT((light == Light::kSunlit) == (part == 1.0));
      before = part;
    }
    RC_ASSERT(before == 1.0);
  }));
}

// The longest eclipse of a geostationary satellite is known to last some 70 minutes.
TEST_CASE("a geostationary satellite at an equinox is dark for seventy minutes") {
  const Position<Teme> sun{149597870.7, 0.0, 0.0};
  double dark_s = 0.0;
  double dim_s = 0.0;
  for (double s = 0.0; s < 86164.0; s += 1.0) {
    const double angle = s / 86164.0 * 2.0 * std::numbers::pi;
    const Light light = light_at({42164.0 * std::cos(angle), 42164.0 * std::sin(angle), 0.0}, sun);
    dark_s += light == Light::kUmbra ? 1.0 : 0.0;
    dim_s += light != Light::kSunlit ? 1.0 : 0.0;
  }
  CHECK(dark_s / 60.0 == doctest::Approx(67.3).epsilon(0.01));
  CHECK(dim_s / 60.0 == doctest::Approx(71.6).epsilon(0.01));
}

TEST_CASE("margins grow with the elements' age on both sides of the epoch") {
  using std::chrono::hours;
  CHECK(element_age_margin(Duration(0)).value() == 1000.0);
  CHECK(element_age_margin(hours(48)).value() == 7000.0);
  CHECK(element_age_margin(hours(-48)).value() == 7000.0);
  CHECK(element_age_margin(hours(24), {Metres(500.0), Metres(1000.0)}).value() == 1500.0);
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(15.2);
  set_epoch(set, {2461167.5, 0.0});
  // 7.6 km/s: a kilometre is 0.13 s.
  CHECK(to_seconds(pass_time_margin(set, set.epoch)) == doctest::Approx(1.0 / 7.6).epsilon(0.01));
  CHECK(to_seconds(pass_time_margin(set, set.epoch + hours(24))) == doctest::Approx(4.0 / 7.6).epsilon(0.01));
}
