#include "wildfire/fwi_table.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

FwiTable run(const char* text, const FwiTableOptions& options = {}) {
  const auto table = datum::parse_delimited(text, {.detect_delimiter = true});
  REQUIRE(table);
  const auto result = fire_weather_table(*table, options);
  REQUIRE(result);
  return *result;
}

constexpr const char* kTwoDays =
    "LONG;Lat;yr;Mon;day;temp;rh;ws;prec\n"
    "-100;40;1985;4;13;17;42;25;0\n"
    "-100;40;1985;4;14;20;21;25;2.4\n";

}  // namespace

TEST_CASE("days follow each other, whatever the delimiter and the names' case") {
  const FwiTable two = run(kTwoDays);
  REQUIRE(two.days.size() == 2);
  CHECK(printed(two.days[0].fwi) == "10.04");
  CHECK(printed(two.days[1].fwi) == "9.22");
  CHECK(two.notes.empty());
  CHECK(two.incomplete == 0);
  CHECK(printed(run(kTwoDays, {.from_start_each_day = true}).days[1].fwi) == "7.973");
  const FwiTable second = run(kTwoDays, {.first_row = 2, .last_row = 2});
  REQUIRE(second.days.size() == 1);
  CHECK(second.rows[0] == 1);
}

TEST_CASE("synonyms, month names and assumed columns") {
  const FwiTable table = run("day,month,Temperature,Humidity,Wind,Rain\n13,apr,17,42,25,0\n");
  CHECK(printed(table.days[0].codes.dmc) == "8.545");
  REQUIRE(table.notes.size() == 1);
  CHECK(table.notes[0].find("latitude") != std::string::npos);
  CHECK(run("temp,rh,ws,prec\n17,42,25,0\n").notes.size() == 2);
  CHECK(printed(run("date,temp,rh,ws,prec\n1985-04-13,17,42,25,0\n").days[0].codes.dmc) == "8.545");
}

TEST_CASE("stations keep their own codes") {
  const FwiTable table =
      run("id,lat,mon,temp,rh,ws,prec\n"
          "a,40,4,17,42,25,0\n"
          "b,40,4,5,90,5,20\n"
          "a,40,4,20,21,25,2.4\n");
  CHECK(printed(table.days[2].fwi) == "9.22");
}

TEST_CASE("a missing input stays missing as in the reference, or is carried when asked") {
  const char* text =
      "lat,mon,temp,rh,ws,prec\n40,4,17,42,25,0\n40,4,20,21,NA,2.4\n40,4,8.5,40,17,0\n40,4,6.5,25,6,0\n";
  const FwiTable gap = run(text);
  CHECK(!gap.days[1].codes.ffmc);
  CHECK(gap.days[1].codes.dmc);
  CHECK(!gap.days[3].fwi);
  CHECK(printed(gap.days[3].codes.dc) == "28.18");
  CHECK(gap.incomplete == 3);
  CHECK(gap.problems.empty());
  const FwiTable carried = run(text, {.carry_gaps = true});
  CHECK(!carried.days[1].fwi);
  CHECK(carried.days[2].fwi);
  CHECK(carried.incomplete == 1);
}

TEST_CASE("cells that are no weather are named, counted as missing, and the row stays") {
  const FwiTable table =
      run("lat,mon,temp,rh,ws,prec\n40,4,hot,42,25,0\n40,4,17,-3,25,1e999\n95,13,17,42,25,0\n");
  CHECK(table.days.size() == 3);
  REQUIRE(table.problems.size() == 5);
  CHECK(table.problems[0].row == 2);
  CHECK(table.problems[0].column == "temp");
  CHECK(table.problems[1].column == "rh");
  CHECK(table.problems[2].column == "prec");
  CHECK(table.incomplete == 3);
}

TEST_CASE("a day left out is noted") {
  const FwiTable table =
      run("lat,yr,mon,day,temp,rh,ws,prec\n40,1985,4,13,17,42,25,0\n40,1985,4,15,17,42,25,0\n");
  REQUIRE(table.notes.size() == 1);
  CHECK(table.notes[0].starts_with("row 3: 1985-04-15 is 2 days after"));
}

TEST_CASE("a table without weather is refused by what it lacks") {
  const auto table = datum::parse_delimited("lat,mon,temp,rh,prec\n40,4,17,42,0\n");
  REQUIRE(table);
  const auto result = fire_weather_table(*table, {});
  REQUIRE(!result);
  CHECK(result.error().message.find("wind") != std::string::npos);
}
