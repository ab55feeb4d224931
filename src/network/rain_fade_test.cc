#include "network/rain_fade.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <numbers>

using namespace skywarden;
using namespace skywarden::network;

TEST_CASE("coefficients are those of the validation examples of ITU-R Study Group 3 for P.838-3") {
  struct Example {
    double ghz, elevation, tilt, k, alpha;
  };
  for (const auto& [ghz, elevation, tilt, k, alpha] :
       {Example{14.25, 31.07699124, 0, 0.03975488, 1.12418043},
        Example{29, 46.35969261, 0, 0.21978097, 0.9484851},
        Example{14.25, 85.80459566, 90, 0.04133039, 1.09499629},
        Example{29, 20.14335809, 90, 0.21298877, 0.92265917}}) {
    const auto found = rain_coefficients(gigahertz(ghz), Degrees(elevation), Degrees(tilt));
    CHECK(found.k == doctest::Approx(k).epsilon(1e-6));
    CHECK(found.alpha == doctest::Approx(alpha).epsilon(1e-6));
  }
}

TEST_CASE("fades are those of the validation examples of ITU-R Study Group 3 for P.618-13") {
  // Latitude, height of the station, its elevation, the slant path through rain (which tells the rain
  // height), rate, tilt; then the fades exceeded 1, 0.1, 0.01 and 0.001 % of the year at 14.25 and 29 GHz.
  struct Example {
    double latitude, station_km, elevation, slant_km, rate, tilt;
    std::array<double, 4> at_14, at_29;
  };
  constexpr std::array<double, 4> kPercent{1.0, 0.1, 0.01, 0.001};
  for (const Example& e : {
           Example{51.5,
                   0.031382984,
                   31.07699124,
                   4.690817392,
                   26.48052,
                   0,
                   {0.495317069, 2.185847422, 6.798072267, 14.89982248},
                   {2.207786043, 8.570058374, 23.44444523, 45.19865638}},
           Example{33.94,
                   0,
                   46.35969261,
                   3.542006965,
                   27.13586832,
                   0,
                   {0.421017025, 1.913387572, 5.941806096, 12.98151687},
                   {1.960636113, 7.808322508, 21.24861968, 40.68133016}},
           Example{22.9,
                   0,
                   22.27833468,
                   10.96995451,
                   50.639304,
                   0,
                   {1.706901281, 8.271647438, 18.94410356, 29.91171296},
                   {6.813368079, 29.31896844, 59.62576355, 83.5996391}},
           Example{3.133,
                   0.051251456,
                   85.80459566,
                   4.91990658,
                   99.15117186,
                   90,
                   {2.001026654, 11.00145492, 21.61057916, 28.81950409},
                   {10.2131477, 48.81996807, 83.37856227, 96.67521082}},
           Example{9.05,
                   2.539861878,
                   20.14335809,
                   6.516372436,
                   42.91007183,
                   90,
                   {1.012353973, 5.881071312, 12.28976033, 17.44199306},
                   {3.70158394, 19.23910378, 35.97037673, 45.67419098}},
       }) {
    const double height_km = e.station_km + e.slant_km * std::sin(e.elevation * std::numbers::pi / 180.0);
    for (std::size_t i = 0; i < kPercent.size(); ++i) {
      const RainClimate climate{e.rate, kPercent[i], kilometres(height_km)};
      RainPath path{gigahertz(14.25), Degrees(e.elevation), Degrees(e.tilt), Degrees(e.latitude),
                    kilometres(e.station_km)};
      CHECK(rain_fade(path, climate).value() == doctest::Approx(e.at_14[i]).epsilon(1e-6));
      path.frequency = gigahertz(29.0);
      path.latitude = -path.latitude;
      CHECK(rain_fade(path, climate).value() == doctest::Approx(e.at_29[i]).epsilon(1e-6));
    }
  }
}

TEST_CASE("less sky, more rain; above the rain none") {
  RainPath path{gigahertz(26.0), Degrees(90.0), Degrees(45.0), Degrees(50.0), Metres(0.0)};
  double before = 0.0;
  for (const double elevation : {90.0, 45.0, 20.0, 10.0, 5.0}) {
    path.elevation = Degrees(elevation);
    const double fade = rain_fade(path, {}).value();
    CHECK(fade > before);
    before = fade;
  }
  path.elevation = Degrees(4.9999);  // the formula for flat rays begins
  CHECK(rain_fade(path, {}).value() == doctest::Approx(before).epsilon(0.03));  // P.618 has a step here
  path.elevation = Degrees(1.0);
  before = rain_fade(path, {}).value();
  path.elevation = Degrees(-3.0);
  CHECK(rain_fade(path, {}).value() == before);
  path.station_altitude = kilometres(3.5);
  CHECK(rain_fade(path, {}).value() == 0.0);
  CHECK(rain_fade({gigahertz(26.0), Degrees(10.0), Degrees(45.0), Degrees(50.0), Metres(0)},
                  {0.0, 1.0, kilometres(3)})
            .value() == 0.0);
}

TEST_CASE("rain falls from higher in the tropics") {
  CHECK(typical_rain_height(Degrees(0.0)) == kilometres(5.0));
  CHECK(typical_rain_height(Degrees(63.0)).value() == doctest::Approx(2000.0));
  CHECK(typical_rain_height(Degrees(-41.0)).value() == doctest::Approx(3000.0));
  CHECK(typical_rain_height(Degrees(-80.0)) == kilometres(0.0));
}

TEST_CASE("a climate out of range is refused") {
  CHECK(RainClimate{}.validate());
  CHECK_FALSE(RainClimate{-1.0}.validate());
  CHECK_FALSE(RainClimate{30.0, 0.0}.validate());
  CHECK_FALSE(RainClimate{30.0, 1.0, kilometres(std::nan(""))}.validate());
}
