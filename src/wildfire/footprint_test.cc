#include "wildfire/footprint.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

Footprint box(GeoPoint centre, double scan_m = 1000.0, double track_m = 1000.0, const char* satellite = "") {
  datum::Hotspot hotspot;
  hotspot.centre = centre;
  hotspot.scan = Metres(scan_m);
  hotspot.track = Metres(track_m);
  hotspot.satellite = satellite;
  hotspot.daytime = true;
  const auto found = footprint(hotspot);
  REQUIRE(found);
  return *found;
}

GeoPoint moved(GeoPoint from, double azimuth_deg, double metres) {
  return destination(from, Degrees(azimuth_deg), Metres(metres));
}

double signed_area(const datum::Ring& ring) {  // in degrees; positive is counter-clockwise
  double sum = 0.0;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    const double dlon = wrap_longitude(ring[i + 1].lon_deg - ring[i].lon_deg);
    sum += -dlon * (ring[i + 1].lat_deg + ring[i].lat_deg) / 2.0;
  }
  return sum;
}

// One over the middle of a continent, one on the antimeridian, one by the pole.
const GeoPoint kPlaces[] = {{-20.0, 134.0}, {-17.0, 179.999}, {66.0, -180.0}, {89.99, 12.0}, {-90.0, 0.0}};

}  // namespace

TEST_CASE("the gap between boxes is that between their edges, wherever they lie") {
  for (const GeoPoint place : kPlaces) {
    CAPTURE(place.lat_deg);
    const Footprint here = box(place);
    CHECK(gap_m(here, here) == 0.0);
    if (place.lat_deg == -90.0) continue;  // north of the south pole is every azimuth
    CHECK(gap_m(here, box(moved(place, 0.0, 900.0))) == 0.0);
    CHECK(gap_m(here, box(moved(place, 0.0, 3000.0))) == doctest::Approx(2000.0).epsilon(0.002));
    CHECK(gap_m(here, box(moved(place, 0.0, 200'000.0))) == doctest::Approx(199'000.0).epsilon(0.01));
  }
  const GeoPoint place{-17.0, 179.999};
  const GeoPoint east = moved(place, 90.0, 2500.0);
  CHECK(east.lon_deg < 0.0);
  CHECK(gap_m(box(place), box(east)) == doctest::Approx(1500.0).epsilon(0.002));
}

TEST_CASE("boxes turn with the satellite's track") {
  // 0.148 / cos 60° is 17.2°: the corner of a long box moves accordingly.
  const GeoPoint place{60.0, 20.0};
  const Footprint aqua = box(place, 4000.0, 1000.0, "Aqua");
  const Footprint terra = box(place, 4000.0, 1000.0, "Terra");
  CHECK(
      std::abs(aqua.along.x * terra.along.x + aqua.along.y * terra.along.y + aqua.along.z * terra.along.z) ==
      doctest::Approx(std::cos(2.0 * std::asin(0.1478 / 0.5))).epsilon(1e-6));
  // A northbound satellite's scan falls off to the north on its right: its box leans to the north-east.
  const Footprint north_east = box(moved(place, 72.7, 3100.0), 10.0, 10.0);
  const Footprint south_east = box(moved(place, 107.3, 3100.0), 10.0, 10.0);
  CHECK(gap_m(aqua, north_east) < gap_m(aqua, south_east));
  CHECK(gap_m(terra, south_east) < gap_m(terra, north_east));
}

TEST_CASE("the union counts overlapping ground once") {
  for (const GeoPoint place : kPlaces) {
    CAPTURE(place.lat_deg);
    const Footprint one = box(place, 2000.0, 1000.0);
    CHECK(union_area(std::vector{one}).value() == doctest::Approx(2e6).epsilon(0.01));
    CHECK(union_area(std::vector{one, one, one}).value() == doctest::Approx(2e6).epsilon(0.01));
    if (std::abs(place.lat_deg) > 89.0) continue;
    const Footprint half_over = box(moved(place, 90.0, 1000.0), 2000.0, 1000.0);
    CHECK(union_area(std::vector{one, half_over}).value() == doctest::Approx(3e6).epsilon(0.01));
    const Footprint apart = box(moved(place, 0.0, 5000.0), 2000.0, 1000.0);
    CHECK(union_area(std::vector{one, apart}).value() == doctest::Approx(4e6).epsilon(0.01));
  }
  CHECK(union_area({}).value() == 0.0);
}

TEST_CASE("the hull is closed, counter-clockwise and holds every centre") {
  for (const GeoPoint place : kPlaces) {
    CAPTURE(place.lat_deg);
    std::vector<Footprint> boxes{box(place)};
    for (int i = 0; i < 8; ++i) boxes.push_back(box(moved(place, 45.0 * i, 3000.0)));
    const datum::Ring ring = hull(boxes);
    REQUIRE(ring.size() >= 4);
    CHECK(ring.front() == ring.back());
    for (const GeoPoint& corner : ring) {
      CHECK(std::abs(corner.lat_deg) <= 90.0);
      CHECK(std::abs(corner.lon_deg) <= 180.0);
      CHECK(distance(corner, centre_of(boxes)).value() > 3000.0);
      CHECK(distance(corner, centre_of(boxes)).value() < 4000.0);
    }
    if (std::abs(place.lat_deg) < 89.0) CHECK(signed_area(ring) > 0.0);
  }
}

TEST_CASE("what is no pixel is refused") {
  datum::Hotspot hotspot;
  hotspot.scan = hotspot.track = Metres(1000.0);
  CHECK(footprint(hotspot));
  hotspot.centre.lat_deg = std::nan("");
  CHECK(!footprint(hotspot));
  hotspot.centre.lat_deg = 91.0;
  CHECK(!footprint(hotspot));
  hotspot.centre = {10.0, 20.0};
  hotspot.scan = Metres(0.0);
  CHECK(!footprint(hotspot));
  hotspot.scan = Metres(1e300);
  REQUIRE(footprint(hotspot));
  CHECK(footprint(hotspot)->half_scan_m == 10'000.0);
}
