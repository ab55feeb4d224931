#include "orbit/swath_outline.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr double kDegree = std::numbers::pi / 180.0;

Instant start_time() {
  return parse_utc("2026-05-08T00:00:00Z").value();
}

ElementSet orbit_of(double revs, double inclination_deg, double node_deg, double anomaly_deg) {
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(revs);
  set.eccentricity = 0.0005;
  set.inclination = inclination_deg * kDegree;
  set.node = node_deg * kDegree;
  set.mean_anomaly = anomaly_deg * kDegree;
  set_epoch(set, julian_date_utc(start_time()));
  return set;
}

bool is_inside(const MapRing& ring, GeoPoint p) {
  bool inside = false;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint& a = ring[i];
    const GeoPoint& b = ring[(i + 1) % ring.size()];
    if ((a.lat_deg > p.lat_deg) == (b.lat_deg > p.lat_deg)) continue;
    const double lon =
        a.lon_deg + (p.lat_deg - a.lat_deg) / (b.lat_deg - a.lat_deg) * (b.lon_deg - a.lon_deg);
    if (p.lon_deg < lon) inside = !inside;
  }
  return inside;
}

int times_inside(const std::vector<MapRing>& rings, GeoPoint p) {
  return static_cast<int>(
      std::count_if(rings.begin(), rings.end(), [&](const MapRing& ring) { return is_inside(ring, p); }));
}

double distance_to(std::span<const GeoPoint> outline, GeoPoint p) {
  double least = 1e9;
  for (const GeoPoint& corner : outline) least = std::min(least, distance(corner, p).value());
  return least / 1000.0;
}

double area_of(const MapRing& ring) {
  double twice = 0.0;
  for (std::size_t i = 0; i < ring.size(); ++i) {
    const GeoPoint& b = ring[(i + 1) % ring.size()];
    twice += ring[i].lon_deg * b.lat_deg - b.lon_deg * ring[i].lat_deg;
  }
  return twice / 2.0;
}

}  // namespace

// The map agrees with the search: a place is in a piece's outline exactly when it is seen in that time.
TEST_CASE("outlines hold the places that are seen, over poles and the antimeridian too") {
  int over_pole = 0;  // corners there
  int over_antimeridian = 0;
  CHECK(rc::check("places", [&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto between = [&](double low, double high) { return low + (high - low) * random.uniform(); };
    const bool polar = random.uniform() < 0.5;  // close to a pole, soon after the epoch
    const Sgp4 satellite(
        polar ? orbit_of(between(13.5, 15.5), between(80, 100), between(0, 360),
                         (random.uniform() < 0.5 ? 80.0 : 260.0) + between(-20, 10))
              : orbit_of(between(13.5, 15.5), between(60, 120), between(0, 360), between(0, 360)));
    SwathSensor sensor;
    sensor.off_nadir_min = Degrees(between(-62, 0));
    sensor.off_nadir_max = Degrees(between(10, 62));
    sensor.elevation_min = Degrees(random.uniform() < 0.5 ? 0.0 : between(0, 30));
    sensor.yaw_steered = random.uniform() < 0.5;
    const Instant start = start_time() + from_seconds(polar ? 0.0 : between(0, 6000));
    const Duration length = from_seconds(between(30, 600));
    const auto pieces = swath_pieces(satellite, sensor, start, start + length, kSwathPieceMax);
    RC_ASSERT(pieces.size() == 1);
    RC_ASSERT(!pieces[0].outline.empty());
    const auto rings = cut_outline(pieces[0].outline);
    RC_ASSERT(!rings.empty());
    if (rings.size() > 1) ++over_antimeridian;
    for (const MapRing& ring : rings) {
      RC_ASSERT(area_of(ring) > 0.0);  // counter-clockwise
      for (const GeoPoint& corner : ring) {
        RC_ASSERT(std::abs(corner.lon_deg) <= 180.0);
        RC_ASSERT(std::abs(corner.lat_deg) <= 90.0);
        if (std::abs(corner.lat_deg) == 90.0) ++over_pole;
      }
    }
    const AccessSearch search(satellite, sensor, start, start + length);
    for (int i = 0; i < 40; ++i) {
      const GeoPoint& near = pieces[0].track[static_cast<std::size_t>(
          between(0, static_cast<double>(pieces[0].track.size()) - 0.001))];
      const GeoPoint p = destination(near, Degrees(between(0, 360)), Metres(between(0, 2.5e6)));
      std::vector<Access> seen;
      search.find(Horizon(Place{p, Metres(0)}), 0, seen);
      // Corners are up to 130 km apart at the edge of wide swaths, further where the limb is seen.
      if (distance_to(pieces[0].outline, p) < 150.0 || std::abs(p.lat_deg) > 89.0) continue;
      RC_ASSERT(times_inside(rings, p) == (seen.empty() ? 0 : 1));
    }
  }));
  CHECK(over_pole > 0);
  CHECK(over_antimeridian > 0);
}

// Equal angles between corners left a gap of 1,100 km where the line of sight leaves the Earth, and a place
// seen there lay outside.
TEST_CASE("corners stand close together at the limb too") {
  const Sgp4 satellite(orbit_of(13.6, 98.0, 40.0, 250.0));
  SwathSensor sensor;
  sensor.off_nadir_min = Degrees(-62);
  sensor.off_nadir_max = Degrees(62);
  sensor.elevation_min = Degrees(0);
  const auto pieces =
      swath_pieces(satellite, sensor, start_time(), start_time() + std::chrono::seconds(240), kSwathPieceMax);
  REQUIRE(pieces.size() == 1);
  const auto& outline = pieces[0].outline;
  REQUIRE(outline.size() > 100);
  for (std::size_t i = 0; i < outline.size(); ++i)
    CHECK(distance(outline[i], outline[(i + 1) % outline.size()]).value() < 150e3);
}

TEST_CASE("an outline around a pole is closed along it") {
  std::vector<GeoPoint> north;
  for (int lon = -175; lon < 180; lon += 10) north.push_back({80.0, static_cast<double>(lon)});
  auto rings = cut_outline(north);
  REQUIRE(rings.size() == 2);  // the outline begins at 175 degrees west and ends there a turn later
  double area = 0.0;
  for (const MapRing& ring : rings) area += area_of(ring);
  CHECK(area == doctest::Approx(360.0 * 10.0));
  CHECK(times_inside(rings, {89.9, 12.0}) == 1);
  CHECK(times_inside(rings, {79.0, 12.0}) == 0);
  std::vector<GeoPoint> south;
  for (int lon = 180; lon > -180; lon -= 10) south.push_back({-80.0, static_cast<double>(lon)});
  rings = cut_outline(south);
  area = 0.0;
  for (const MapRing& ring : rings) area += area_of(ring);
  CHECK(area == doctest::Approx(360.0 * 10.0));
  CHECK(times_inside(rings, {-89.9, 12.0}) == 1);
}

TEST_CASE("an outline over the antimeridian comes in two rings that end there") {
  const std::vector<GeoPoint> square{{0.0, 170.0}, {0.0, -170.0}, {10.0, -170.0}, {10.0, 170.0}};
  const auto rings = cut_outline(square);
  REQUIRE(rings.size() == 2);
  for (const MapRing& ring : rings) CHECK(area_of(ring) == doctest::Approx(100.0));
  CHECK(times_inside(rings, {5.0, 175.0}) == 1);
  CHECK(times_inside(rings, {5.0, -175.0}) == 1);
  CHECK(times_inside(rings, {5.0, 0.0}) == 0);
}

TEST_CASE("a line over the antimeridian comes in two that meet there") {
  const std::vector<GeoPoint> line{{0.0, 170.0}, {10.0, -170.0}, {20.0, -160.0}};
  const auto parts = cut_line(line);
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].back() == GeoPoint{5.0, 180.0});
  CHECK(parts[1].front() == GeoPoint{5.0, -180.0});
  CHECK(parts[1].size() == 3);
}

TEST_CASE("a line of sight past the Earth has no point on the ground, and the swath ends at the limb") {
  const Sgp4 satellite(orbit_of(14.2, 98.7, 0.0, 0.0));
  const SensorFrame frame =
      sensor_frame(satellite.at(start_time()).value(), earth_rotation(start_time()), false);
  CHECK_FALSE(ground_point(frame, Degrees(70.0)).has_value());
  CHECK(ground_point(frame, Degrees(60.0)).has_value());
  const auto line = swath_line(frame, {.off_nadir_min = Degrees(-80.0), .off_nadir_max = Degrees(20.0)});
  REQUIRE(line.has_value());
  CHECK(line->from.value() == doctest::Approx(-62.0).epsilon(0.01));
  CHECK(line->to.value() == 20.0);
  CHECK_FALSE(
      swath_line(frame, {.off_nadir_min = Degrees(70.0), .off_nadir_max = Degrees(80.0)}).has_value());
  const auto high = swath_line(frame, {.elevation_min = Degrees(45.0)});
  REQUIRE(high.has_value());
  const Horizon edge(Place{*ground_point(frame, high->to), Metres(0)});
  CHECK(edge.look({frame.position, {}}).elevation.value() == doctest::Approx(45.0).epsilon(1e-6));
}
