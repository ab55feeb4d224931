#include "wildfire/geojson.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "wildfire/alert_example.h"

namespace skywarden::wildfire {
namespace {

using nlohmann::json;

double signed_area(const json& ring) {
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i)
    sum += ring[i][0].get<double>() * ring[i + 1][1].get<double>() -
           ring[i + 1][0].get<double>() * ring[i][1].get<double>();
  return sum / 2;
}

TEST_CASE("a feature collection of alerts") {
  const std::vector<datum::Alert> alerts = {example::alert(0),
                                            example::alert(1, datum::ProposalKind::kUpdate)};
  const json all = json::parse(to_geojson(alerts, example::places()));
  CHECK(all["type"] == "FeatureCollection");
  REQUIRE(all["features"].size() == 2);
  const json& first = all["features"][0];
  CHECK(first["type"] == "Feature");
  CHECK(first["id"] == "00000000000000ab-0");
  CHECK(first["geometry"]["type"] == "Polygon");
  const json& ring = first["geometry"]["coordinates"][0];
  CHECK(ring[0] == json::array({-122.65, 38.59}));  // longitude first
  CHECK(ring.front() == ring.back());
  CHECK(signed_area(ring) > 0.0);  // right-hand rule
  CHECK(first["properties"]["status"] == "Exercise");
  CHECK(first["properties"]["probability"] == 0.968123);
  CHECK(first["properties"]["time"] == "2017-10-09T04:58:12.000Z");
  CHECK(first["properties"]["severity"] == "Extreme");

  const json latest = json::parse(to_geojson(alerts, {}, {.latest_only = true}));
  REQUIRE(latest["features"].size() == 1);
  CHECK(latest["features"][0]["properties"]["kind"] == "Update");
}

TEST_CASE("no alerts are an empty collection") {
  CHECK(json::parse(to_geojson({}, {}))["features"].empty());
}

TEST_CASE("nothing is actual without authority") {
  const std::vector<datum::Alert> alerts = {example::alert(0)};
  CHECK(to_geojson(alerts, {}).find("Actual") == std::string::npos);
  const auto authority = PublicAuthority::grant(true, "agency.example", PublicAuthority::kConfirmation);
  CHECK(to_geojson(alerts, {}, {.authority = &*authority}).find("Actual") != std::string::npos);
}

TEST_CASE("an area across the antimeridian is cut into two polygons") {
  datum::Alert alert = example::alert();
  alert.proposal.centre = {660'000'000, 1'799'900'000};
  alert.proposal.outline = {{659'000'000, 1'799'000'000},
                            {659'000'000, -1'798'000'000},
                            {661'000'000, -1'798'000'000},
                            {661'000'000, 1'799'000'000},
                            {659'000'000, 1'799'000'000}};
  const json all = json::parse(to_geojson(std::vector{alert}, {}));
  const json& geometry = all["features"][0]["geometry"];
  REQUIRE(geometry["type"] == "MultiPolygon");
  REQUIRE(geometry["coordinates"].size() == 2);
  double area = 0.0;
  for (const json& polygon : geometry["coordinates"]) {
    CHECK(polygon[0].front() == polygon[0].back());
    CHECK(signed_area(polygon[0]) > 0.0);
    area += signed_area(polygon[0]);
    for (const json& p : polygon[0]) CHECK(std::abs(p[0].get<double>()) <= 180.0);
  }
  CHECK(area == doctest::Approx(0.3 * 0.2));
}

TEST_CASE("an unknown outline is drawn as a ring that holds the area") {
  datum::Alert alert = example::alert();
  alert.proposal.outline.clear();
  const json all = json::parse(to_geojson(std::vector{alert}, {}));
  const json& ring = all["features"][0]["geometry"]["coordinates"][0];
  CHECK(ring.size() == 25);
  CHECK(signed_area(ring) > 0.0);
  const double m2 = signed_area(ring) * std::pow(111'195.0, 2) * std::cos(38.6083 * 3.14159265 / 180.0);
  CHECK(m2 >= 12'432'000 * 0.999);
  CHECK(m2 <= 12'432'000 * 1.03);
}

}  // namespace
}  // namespace skywarden::wildfire
