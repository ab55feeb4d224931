#include "wildfire/event_export.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "datum/delimited.h"

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

EventRecord record_at(GeoPoint centre) {
  datum::Hotspot seen;
  seen.time = *parse_utc("2019-08-01T00:56:00Z");
  seen.centre = centre;
  seen.scan = seen.track = Metres(2000.0);
  seen.brightness = Kelvin(330.0);
  seen.confidence = Probability(0.7);
  seen.satellite = "odd \"name\"\xff";  // foreign text is not trusted
  seen.instrument = "MODIS";
  seen.id = observation_id(seen);
  Detector detector;
  const auto ids = detector.add(std::span(&seen, 1), seen.time);
  return detector.record(ids.at(0), seen.time);
}

void check_inside_the_world(const std::vector<datum::Ring>& parts) {
  for (const datum::Ring& part : parts) {
    CHECK(part.size() >= 4);
    CHECK(part.front() == part.back());
    for (const GeoPoint& p : part) {
      CHECK(std::abs(p.lon_deg) <= 180.0 + 1e-9);
      CHECK(std::abs(p.lat_deg) <= 90.0);
    }
  }
}

}  // namespace

TEST_CASE("an outline is one polygon, or two across the antimeridian, or reaches the pole it encloses") {
  const auto one = cut_at_antimeridian(record_at({-20.0, 134.0}).event.outline);
  CHECK(one.size() == 1);
  check_inside_the_world(one);
  const auto two = cut_at_antimeridian(record_at({-17.0, 180.0}).event.outline);
  CHECK(two.size() == 2);
  check_inside_the_world(two);
  const auto pole = cut_at_antimeridian(record_at({90.0, 0.0}).event.outline);
  check_inside_the_world(pole);
  bool reaches = false;
  for (const datum::Ring& part : pole)
    for (const GeoPoint& p : part) reaches = reaches || p.lat_deg == 90.0;
  CHECK(reaches);
}

TEST_CASE("events become valid GeoJSON and CSV, whatever the satellite is called") {
  const std::vector<EventRecord> records{record_at({-20.0, 134.0}), record_at({-17.0, 180.0})};
  const auto json = nlohmann::json::parse(events_geojson(records), nullptr, false);
  REQUIRE(!json.is_discarded());
  REQUIRE(json["features"].size() == 2);
  CHECK(json["features"][0]["geometry"]["type"] == "Polygon");
  CHECK(json["features"][1]["geometry"]["type"] == "MultiPolygon");
  CHECK(json["features"][0]["properties"]["first_seen"] == "2019-08-01T00:56:00Z");
  CHECK(json["features"][0]["properties"]["event"].get<std::string>().size() == 16);
  CHECK(nlohmann::json::parse(events_geojson({}))["features"].empty());
  const auto table = datum::parse_delimited(events_csv(records));
  REQUIRE(table);
  CHECK(table->rows.size() == 2);
  CHECK(table->problems.empty());
  CHECK(table->rows[0][table->column("area_km2")] == "4.000");
}
