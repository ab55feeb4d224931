#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <set>

#include "orbit/reanchor.h"
#include "orbit/sgp4.h"
#include "orbit/stations.h"
#include "orbit/walker.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr double kTwoPi = 2.0 * std::numbers::pi;

double angle_apart(double a, double b) {
  return std::abs(std::remainder(a - b, kTwoPi));
}

}  // namespace

TEST_CASE("a Walker delta pattern spreads planes, slots and phases evenly") {
  WalkerPattern pattern;
  pattern.satellites = 40;
  pattern.planes = 5;
  pattern.phasing = 2;
  pattern.inclination = Degrees(53.0);
  pattern.altitude = kilometres(550.0);
  pattern.epoch = parse_utc("2026-05-08T06:00:00Z").value();
  const auto sets = walker_elements(pattern);
  REQUIRE(sets.has_value());
  REQUIRE(sets->size() == 40);
  CHECK(sets->front().name == "WALKER-1-1");
  CHECK(sets->back().name == "WALKER-5-8");
  std::set<std::uint32_t> numbers;
  for (const ElementSet& set : *sets) numbers.insert(set.norad);
  CHECK(numbers.size() == 40);
  for (std::size_t i = 0; i + 8 < sets->size(); ++i) {
    CHECK(angle_apart((*sets)[i + 8].node, (*sets)[i].node + kTwoPi / 5) < 1e-12);
    CHECK(angle_apart((*sets)[i + 8].mean_anomaly, (*sets)[i].mean_anomaly + 2.0 * kTwoPi / 40) < 1e-12);
  }
  CHECK(angle_apart((*sets)[1].mean_anomaly, (*sets)[0].mean_anomaly + kTwoPi / 8) < 1e-12);
  for (const ElementSet& set : *sets) {
    const auto state = Sgp4(set).at(pattern.epoch);
    REQUIRE(state.has_value());
    CHECK(state->position.norm() - 6378.135 == doctest::Approx(550.0).epsilon(0.03));
  }
}

TEST_CASE("a Walker star pattern covers half a turn of nodes") {
  WalkerPattern pattern{.kind = WalkerKind::kStar, .satellites = 66, .planes = 6, .phasing = 2};
  const auto sets = walker_elements(pattern);
  REQUIRE(sets.has_value());
  CHECK(angle_apart((*sets)[55].node, (*sets)[0].node + 5.0 * kTwoPi / 12) < 1e-12);
}

TEST_CASE("an impossible pattern is refused") {
  CHECK_FALSE(walker_elements({.satellites = 10, .planes = 3}).has_value());
  CHECK_FALSE(walker_elements({.satellites = 10, .planes = 0}).has_value());
  CHECK_FALSE(walker_elements({.satellites = 10, .planes = 5, .phasing = 5}).has_value());
  CHECK_FALSE(walker_elements({.altitude = kilometres(50)}).has_value());
}

TEST_CASE("elements far from the incident move to its start and keep their local solar time") {
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(14.6107);
  set.eccentricity = 0.0003;
  set.inclination = 97.95 * kTwoPi / 360.0;
  set.node = 3.1;
  set.mean_anomaly = 1.9;
  set_epoch(set, julian_date_utc(parse_utc("2026-05-07T18:20:14.568Z").value()));
  for (const char* start : {"2017-10-09T04:45:00Z", "2026-06-08T00:00:00Z", "2019-08-01T23:59:59Z"}) {
    CAPTURE(start);
    const Instant t = parse_utc(start).value();
    const Reanchored moved = reanchor(set, t);
    CHECK(moved.what_if);
    CHECK(moved.elements.epoch == t);
    CHECK(minutes_since_epoch(moved.elements, t) == 0.0);
    CHECK(local_solar_time_of_node(moved.elements) ==
          doctest::Approx(local_solar_time_of_node(set)).epsilon(1e-9));
    CHECK(moved.elements.mean_anomaly == set.mean_anomaly);
  }
}

TEST_CASE("elements within thirty days stay as they are") {
  ElementSet set;
  set_epoch(set, julian_date_utc(parse_utc("2026-05-07").value()));
  for (const char* start : {"2026-04-07", "2026-05-07", "2026-06-06"}) {
    const Reanchored same = reanchor(set, parse_utc(start).value());
    CHECK_FALSE(same.what_if);
    CHECK(same.elements.epoch == set.epoch);
  }
  CHECK(reanchor(set, parse_utc("2026-06-06T00:00:01Z").value()).what_if);
}

// At an equinox the mean Sun stands near right ascension 0: a node at 90 degrees is then at 18 hours.
TEST_CASE("local solar time reads like a clock") {
  ElementSet set;
  set_epoch(set, julian_date_utc(parse_utc("2026-03-22T12:00:00Z").value()));
  set.node = kTwoPi / 4.0;
  CHECK(local_solar_time_of_node(set) == doctest::Approx(18.0).epsilon(0.01));
  set.node = 0.0;
  CHECK(local_solar_time_of_node(set) == doctest::Approx(12.0).epsilon(0.01));
}

TEST_CASE("stations are read with and without a header") {
  const auto with = read_stations(
      "name,lat_deg,lon_deg,alt_m\r\nSvalbard,78.2,15.4,458\r\nTroll,-72,362,\r\n"
      "Nowhere,95,0,0\r\n\"Vardø, north\",70.4,31.1,0\r\n",
      "s.csv");
  REQUIRE(with.has_value());
  REQUIRE(with->stations.size() == 2);
  CHECK(with->stations[0].place.altitude.value() == 458.0);
  CHECK(with->stations[1].name == "Vardø, north");
  REQUIRE(with->problems.size() == 2);
  CHECK(with->problems[0].row == 3);
  CHECK(with->problems[0].column == "lon_deg");
  CHECK(with->problems[1].row == 4);
  const auto without =
      read_stations("0,Tokyo,35.6895,139.69171,0\n1,Delhi,28.6,77.2,0\n2,Far,28.6,x,0\n", "c.txt");
  REQUIRE(without.has_value());
  CHECK(without->stations.size() == 2);
  REQUIRE(without->problems.size() == 1);
  CHECK(without->problems[0].row == 3);
  const auto four = read_stations("Tokyo,35.6895,139.69171,40\n", "c.txt");
  REQUIRE(four.has_value());
  CHECK(four->stations.at(0).name == "Tokyo");
  CHECK_FALSE(read_stations("a,b\n1,2\n", "x").has_value());
  CHECK_FALSE(read_stations("", "x").has_value());
}
