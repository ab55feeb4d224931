#include "wildfire/fwi.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/text.h"
#include "datum/delimited.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

datum::Table read_table(const std::string& path) {
  const auto table = datum::parse_delimited(testing::read_file(path), {.detect_delimiter = true});
  REQUIRE(table.has_value());
  REQUIRE(table->problems.empty());
  REQUIRE(!table->rows.empty());
  return *table;
}

// One row of a function table: arguments by name.
struct Arguments {
  const datum::Table& table;
  const std::vector<std::string>& row;
  double number(const char* name) const { return *parse_number(row[table.column(name)]); }
  bool flag(const char* name) const { return row[table.column(name)] == "TRUE"; }
  Season season() const {
    return {number("lat"), static_cast<int>(number("mon")),
            flag("lat.adjust") ? DayLength::kByLatitude : DayLength::kStandard};
  }
};

// How many rows of a function table differ from ours as printed.
std::size_t differing(const std::string& path, const std::function<std::optional<double>(Arguments)>& ours) {
  const datum::Table table = read_table(path);
  std::size_t different = 0;
  for (const auto& row : table.rows) {
    const std::string mine = printed(ours({table, row}));
    if (mine == row.back()) continue;
    if (++different <= 5) MESSAGE(path, " row ", row[0], ": expected ", row.back(), ", computed ", mine);
  }
  return different;
}

struct Call {  // how one of the reference tables was made
  const char* table;
  MoistureCodes start = kSpringStart;
  DayLength day_length = DayLength::kByLatitude;
  bool carried = true;  // each day from the day before, not from the start
  std::size_t first_row = 1, last_row = 48;
};

}  // namespace

TEST_CASE("the reference tables of the whole system are met to every printed digit") {
  REFERENCE_OR_SKIP(input, "wildfire/cffdrs/package_tables/test_fwi.csv");
  const datum::Table weather = read_table(input);
  const std::vector<Call> calls = {{"01"},
                                   {"02"},
                                   {"03"},
                                   {"04"},
                                   {"05", {0.0, 0.0, 0.0}},
                                   {"06", {200.0, 1000.0, 10000.0}},
                                   {"07", kSpringStart, DayLength::kStandard},
                                   {"08"},
                                   {"09", kSpringStart, DayLength::kByLatitude, true, 7, 7},
                                   {"10", kSpringStart, DayLength::kByLatitude, true, 8, 13},
                                   {"11", kSpringStart, DayLength::kByLatitude, false}};
  for (const Call& call : calls) {
    const auto path =
        testing::reference_path(std::string("wildfire/cffdrs/expected_outputs/fwi_") + call.table + ".csv");
    REQUIRE(path);
    const datum::Table expected = read_table(*path);
    REQUIRE(expected.rows.size() == call.last_row - call.first_row + 1);
    MoistureCodes codes = call.start;
    for (std::size_t i = 0; i < expected.rows.size(); ++i) {
      const Arguments in{weather, weather.rows[call.first_row - 1 + i]};
      const FireWeather day =
          fire_weather(codes, {in.number("temp"), in.number("rh"), in.number("ws"), in.number("prec")},
                       {in.number("lat"), static_cast<int>(in.number("mon")), call.day_length});
      const std::map<std::string, std::optional<double>> ours = {
          {"FFMC", day.codes.ffmc}, {"DMC", day.codes.dmc}, {"DC", day.codes.dc}, {"ISI", day.isi},
          {"BUI", day.bui},         {"FWI", day.fwi},       {"DSR", day.dsr}};
      for (const auto& [name, value] : ours) {
        CAPTURE(call.table);
        CAPTURE(i);
        CAPTURE(name);
        CHECK(printed(value) == expected.rows[i][expected.column(name)]);
      }
      if (call.carried) codes = day.codes;
    }
  }
}

TEST_CASE("the function tables are met to every printed digit, missing values included") {
  REFERENCE_OR_SKIP(ffmc, "wildfire/cffdrs/function_tables/FineFuelMoistureCode.csv.gz");
  const std::string folder = ffmc.substr(0, ffmc.rfind('/') + 1);
  CHECK(differing(ffmc, [](Arguments a) {
          return fine_fuel_moisture_code(a.number("ffmc_yda"), a.number("temp"), a.number("rh"),
                                         a.number("ws"), a.number("prec"));
        }) == 0);
  CHECK(differing(folder + "DuffMoistureCode.csv.gz", [](Arguments a) {
          return duff_moisture_code(a.number("dmc_yda"), a.number("temp"), a.number("rh"), a.number("prec"),
                                    a.season());
        }) == 0);
  CHECK(differing(folder + "DroughtCode.csv.gz", [](Arguments a) {
          return drought_code(a.number("dc_yda"), a.number("temp"), a.number("prec"), a.season());
        }) == 0);
  CHECK(differing(folder + "InitialSpreadIndex.csv.gz", [](Arguments a) {
          return initial_spread_index(a.number("ffmc"), a.number("ws"), a.flag("fbpMod"));
        }) == 0);
  CHECK(differing(folder + "BuildupIndex.csv.gz",
                  [](Arguments a) { return buildup_index(a.number("dmc"), a.number("dc")); }) == 0);
  CHECK(differing(folder + "FireWeatherIndex.csv.gz",
                  [](Arguments a) { return fire_weather_index(a.number("isi"), a.number("bui")); }) == 0);
}

// Van Wagner and Pickett 1985, the sample's first day: 17 °C, 42 %, 25 km/h, no rain, 13 April.
TEST_CASE("the first day of the report's sample") {
  const FireWeather day = fire_weather(kSpringStart, {17.0, 42.0, 25.0, 0.0}, {46.0, 4});
  CHECK(*day.codes.ffmc == doctest::Approx(87.7).epsilon(0.001));
  CHECK(*day.codes.dmc == doctest::Approx(8.5).epsilon(0.01));
  CHECK(*day.codes.dc == doctest::Approx(19.0).epsilon(0.01));
  CHECK(*day.isi == doctest::Approx(10.8).epsilon(0.01));
  CHECK(*day.bui == doctest::Approx(8.5).epsilon(0.01));
  CHECK(*day.fwi == doctest::Approx(10.0).epsilon(0.01));
}

TEST_CASE("a missing input leaves out what is made of it and nothing else") {
  const FireWeather calm = fire_weather(kSpringStart, {17.0, 42.0, std::nullopt, 0.0}, {46.0, 4});
  CHECK(!calm.codes.ffmc);
  CHECK(!calm.isi);
  CHECK(!calm.fwi);
  CHECK(!calm.dsr);
  CHECK(calm.codes.dmc);
  CHECK(calm.bui);
  const FireWeather dry = fire_weather(kSpringStart, {17.0, std::nullopt, 25.0, 0.0}, {46.0, 4});
  CHECK(!dry.codes.dmc);
  CHECK(dry.codes.dc);
  const FireWeather no_start = fire_weather({}, {17.0, 42.0, 25.0, 0.0}, {46.0, 4});
  CHECK(!no_start.codes.ffmc);
  CHECK(!no_start.bui);
}

TEST_CASE("day length differs by band of latitude only when asked") {
  const auto dmc = [](double lat, DayLength day_length) {
    return duff_moisture_code(10.0, 25.0, 40.0, 0.0, {lat, 1, day_length});
  };
  CHECK(dmc(30.1, DayLength::kByLatitude) < dmc(30.0, DayLength::kByLatitude));
  CHECK(dmc(10.0, DayLength::kByLatitude) < dmc(-10.0, DayLength::kByLatitude));
  CHECK(dmc(-29.9, DayLength::kByLatitude) < dmc(-30.0, DayLength::kByLatitude));
  CHECK(dmc(-30.0, DayLength::kStandard) == dmc(60.0, DayLength::kStandard));
  const auto dc = [](double lat) { return drought_code(10.0, 25.0, 0.0, {lat, 1}); };
  CHECK(dc(20.1) < dc(20.0));
  CHECK(dc(-19.9) < dc(-20.0));
}

TEST_CASE("numbers are printed as the reference prints them") {
  CHECK(printed(87.65) == "87.65");
  CHECK(printed(86.2) == "86.2");
  CHECK(printed(1002.5499) == "1002.55");
  CHECK(printed(10004.0) == "10004");
  CHECK(printed(0.00024761) == "0.0002476");
  CHECK(printed(1.6834e-06) == "1.683e-06");
  CHECK(printed(-0.000001) == "-1e-06");
  CHECK(printed(0.0) == "0");
  CHECK(printed(1e-310) == "0");
  CHECK(printed(std::nullopt) == "NA");
}
