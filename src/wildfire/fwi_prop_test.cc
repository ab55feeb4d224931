#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "wildfire/danger.h"
#include "wildfire/fwi.h"

using namespace skywarden::wildfire;

namespace {

double between(double low, double high) {
  return low + (high - low) * static_cast<double>(*rc::gen::inRange(0, 100001)) / 100000.0;
}

}  // namespace

TEST_CASE("indices rise with what feeds a fire") {
  CHECK(rc::check("spread rises with wind and with dryness", [] {
    const double ffmc = between(0, 101), wind = between(0, 100);
    RC_ASSERT(initial_spread_index(ffmc, wind + between(0.01, 20)) > initial_spread_index(ffmc, wind));
  }));
  CHECK(rc::check("FWI rises with spread and with buildup", [] {
    const double isi = between(0.1, 100), bui = between(0, 400);
    RC_ASSERT(fire_weather_index(isi + between(0.01, 20), bui) > fire_weather_index(isi, bui));
    // The two branches of the duff function meet at 80 within a hundredth, not exactly.
    RC_ASSERT(fire_weather_index(isi, bui + between(0.0, 40)) > fire_weather_index(isi, bui) * 0.999);
  }));
  CHECK(rc::check("FWI rises with wind on a drying day", [] {
    const NoonWeather noon{between(10, 40), between(5, 60), between(0, 60), 0.0};
    NoonWeather windier = noon;
    *windier.wind_kmh += between(0.1, 20);
    const MoistureCodes codes{between(60, 85), between(1, 200), between(1, 800)};
    RC_ASSERT(*fire_weather(codes, windier, {40, 8}).fwi >= *fire_weather(codes, noon, {40, 8}).fwi);
  }));
  CHECK(rc::check("rain never dries, and every code stays in its range", [] {
    const double dmc = between(0, 300), dc = between(0, 1000), ffmc = between(0, 101);
    const double temperature = between(-40, 50), humidity = between(0, 100), wind = between(0, 100);
    const double rain = between(0, 100), more = rain + between(0, 50);
    const Season season{between(-90, 90), *rc::gen::inRange(1, 13)};
    RC_ASSERT(duff_moisture_code(dmc, temperature, humidity, more, season) <=
              duff_moisture_code(dmc, temperature, humidity, rain, season) + 0.6);
    RC_ASSERT(drought_code(dc, temperature, more, season) <= drought_code(dc, temperature, rain, season));
    const FireWeather day = fire_weather({ffmc, dmc, dc}, {temperature, humidity, wind, rain}, season);
    RC_ASSERT((*day.codes.ffmc >= 0.0 && *day.codes.ffmc <= 101.0));
    for (const auto& value : {day.codes.dmc, day.codes.dc, day.isi, day.bui, day.fwi, day.dsr})
      RC_ASSERT((value && std::isfinite(*value) && *value >= 0.0));
  }));
}

TEST_CASE("the prior never falls as FWI rises") {
  CHECK(rc::check([] {
    const double fwi = between(0, 150), higher = fwi + between(0, 50);
    RC_ASSERT(modelled_prior(fwi) <= modelled_prior(higher));
    RC_ASSERT(danger_class(fwi) <= danger_class(higher));
    RC_ASSERT((modelled_prior(fwi).value() > 0.0 && modelled_prior(higher).value() < 0.5));
  }));
}
