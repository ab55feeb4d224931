#include "wildfire/danger.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::wildfire;
using datum::DangerClass;

namespace {

const GeoPoint kSantaRosa{38.44, -122.71};  // eight hours behind UTC by its longitude

Instant utc(const char* text) {
  return *parse_utc(text);
}

NoonWeather hot() {
  return {32.0, 18.0, 25.0, 0.0};
}

}  // namespace

TEST_CASE("classes begin at EFFIS's limits") {
  CHECK(danger_class(0.0) == DangerClass::kLow);
  CHECK(danger_class(11.19) == DangerClass::kLow);
  CHECK(danger_class(11.2) == DangerClass::kModerate);
  CHECK(danger_class(21.3) == DangerClass::kHigh);
  CHECK(danger_class(38.0) == DangerClass::kVeryHigh);
  CHECK(danger_class(50.0) == DangerClass::kExtreme);
  CHECK(danger_class(500.0) == DangerClass::kExtreme);
}

TEST_CASE("the prior is 0.01 in the middle of moderate and doubles its odds with each class") {
  CHECK(modelled_prior(16.25).value() == doctest::Approx(0.01));
  CHECK(log_odds(modelled_prior(50.0)) - log_odds(modelled_prior(38.0)) == doctest::Approx(std::log(2.0)));
  CHECK(modelled_prior(70.0) == modelled_prior(500.0));
  CHECK(no_prior(Instant{}).source.empty());
}

TEST_CASE("whole days follow the system exactly") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  MoistureCodes codes = kSpringStart;
  Instant noon = utc("2017-10-01T20:00:00Z");
  for (int day = 0; day < 5; ++day, noon += std::chrono::hours(24)) {
    const FireWeather expected = fire_weather(codes, hot(), {kSantaRosa.lat_deg, 10});
    codes = expected.codes;
    CHECK(watch.add_noon(noon, hot()));
    REQUIRE(watch.statement());
    CHECK(*watch.statement()->likely.fwi == *expected.fwi);
    CHECK(watch.statement()->fwi_low == watch.statement()->fwi_high);
    CHECK(watch.statement()->carried_days == 0);
  }
  CHECK(!watch.add_noon(noon - std::chrono::hours(24), hot()));
  const datum::Prior prior = watch.prior(noon);
  CHECK(prior.danger == danger_class(*watch.statement()->likely.fwi));
  CHECK(prior.source.starts_with("modelled: FWI "));
}

TEST_CASE("what is missing is carried with a wider statement and said") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  Instant noon = utc("2017-10-01T20:00:00Z");
  const auto next = [&](const NoonWeather& weather) {
    noon += std::chrono::hours(24);
    REQUIRE(watch.add_noon(noon, weather));
    REQUIRE(watch.statement());
    return watch.statement()->fwi_high - watch.statement()->fwi_low;
  };
  next(hot());
  next({20.0, 60.0, 10.0, 0.0});
  CHECK(next(hot()) == 0.0);
  NoonWeather without_humidity = hot();
  without_humidity.humidity_pct.reset();
  const double one_day = next(without_humidity);
  CHECK(one_day > 0.0);
  CHECK(watch.statement()->bridged == "humidity");
  CHECK(watch.prior(noon).source.find("humidity bridged") != std::string::npos);
  const double two_days = next({});
  CHECK(two_days > one_day);
  CHECK(watch.statement()->carried_days == 2);
  // Measured days bring the accounts together again.
  double width = two_days;
  for (int day = 0; day < 5; ++day) width = next(hot());
  CHECK(width < two_days);
  CHECK(watch.statement()->bridged.empty());
  // After too long a silence nothing is said, and the prior says that.
  for (int day = 0; day < 11; ++day) {
    noon += std::chrono::hours(24);
    watch.add_noon(noon, {});
  }
  CHECK(!watch.statement());
  CHECK(watch.prior(noon).source.empty());
}

TEST_CASE("days left out between whole days are carried, not forgotten") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  watch.add_noon(utc("2017-10-01T20:00:00Z"), hot());
  watch.add_noon(utc("2017-10-04T20:00:00Z"), {30.0, std::nullopt, 20.0, 0.0});
  REQUIRE(watch.statement());
  CHECK(watch.statement()->carried_days == 3);
}

TEST_CASE("values no weather can have count as missing") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  watch.add_noon(utc("2017-10-01T20:00:00Z"), {32.0, -5.0, 1e300, 0.0});
  REQUIRE(watch.statement());
  CHECK(watch.statement()->bridged == "humidity, wind");
}

TEST_CASE("hourly readings give the noon of local standard time and the rain of the day before it") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  const Instant start = utc("2017-10-01T00:00:00Z");
  for (int hour = 0; hour <= 72; ++hour) {
    const Instant t = start + std::chrono::hours(hour);
    const bool noon = hour % 24 == 20;
    // 40 °C at local noon only; a millimetre of rain in each hour of 2 October, UTC.
    CHECK(watch.add({t, noon ? 40.0 : 10.0, 20.0, 15.0, hour > 24 && hour <= 48 ? 1.0 : 0.0}));
    watch.advance(t);
  }
  CHECK(!watch.add({start, 10.0, 20.0, 15.0, 0.0}));
  REQUIRE(watch.statement());
  // Three noons have passed: 20:00 UTC on the 1st (too little rain known: bridged), the 2nd and the 3rd.
  CHECK(watch.statement()->noon == utc("2017-10-03T20:00:00Z"));
  CHECK(watch.statement()->carried_days == 0);
  MoistureCodes codes = kSpringStart;
  for (const double rain : {0.0, 20.0, 4.0})
    codes = fire_weather(codes, {40.0, 20.0, 15.0, rain}, {kSantaRosa.lat_deg, 10}).codes;
  CHECK(*watch.statement()->likely.codes.dc == doctest::Approx(*codes.dc));
  CHECK(*watch.statement()->likely.codes.ffmc == doctest::Approx(*codes.ffmc));
}

TEST_CASE("a silent station closes its days when time passes, without a loop over the silence") {
  DangerWatch watch("Santa Rosa", kSantaRosa);
  for (int hour = 0; hour < 30; ++hour)
    watch.add({utc("2017-10-01T00:00:00Z") + std::chrono::hours(hour), 30.0, 20.0, 15.0, 0.0});
  watch.advance(utc("2017-10-04T00:00:00Z"));
  REQUIRE(watch.statement());
  CHECK(watch.statement()->carried_days >= 2);
  watch.advance(utc("2120-01-01T00:00:00Z"));
  CHECK(!watch.statement());
  watch.add({utc("2120-01-01T10:00:00Z"), 30.0, 20.0, 15.0, 0.0});
  watch.add({utc("2120-01-01T20:00:00Z"), 30.0, 20.0, 15.0, 0.0});
  watch.advance(utc("2120-01-02T00:00:00Z"));
  REQUIRE(watch.statement());
  CHECK(watch.statement()->noon == utc("2120-01-01T20:00:00Z"));
}

TEST_CASE("options outside their range are named") {
  CHECK(DangerOptions{}.validate());
  DangerOptions options;
  options.memory_days = 0;
  CHECK(!options.validate());
  options = {};
  options.utc_offset_min = 900;
  CHECK(!options.validate());
  options = {};
  options.start.dc.reset();
  CHECK(!options.validate());
}
