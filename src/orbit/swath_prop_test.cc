#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"
#include "orbit/element_file.h"
#include "orbit/revisit.h"
#include "orbit/swath.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr double kDegree = std::numbers::pi / 180.0;

Instant start_time() {
  return parse_utc("2026-05-08T00:00:00Z").value();
}

// inRange scales with the size of the run; a seed of our own does not.
class Draw {
 public:
  Draw() : random_(*rc::gen::arbitrary<std::uint64_t>()) {}
  double between(double low, double high) { return low + (high - low) * random_.uniform(); }
  bool coin() { return random_.uniform() < 0.5; }

 private:
  Random random_;
};

ElementSet orbit_of(double revs, double eccentricity, double inclination_deg, double node_deg,
                    double perigee_deg, double anomaly_deg) {
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(revs);
  set.eccentricity = eccentricity;
  set.inclination = inclination_deg * kDegree;
  set.node = node_deg * kDegree;
  set.perigee_argument = perigee_deg * kDegree;
  set.mean_anomaly = anomaly_deg * kDegree;
  set_epoch(set, julian_date_utc(start_time()));
  return set;
}

ElementSet low_orbit(Draw& draw) {
  return orbit_of(draw.between(13.0, 16.0), draw.between(0.0, 0.01), draw.between(0, 180),
                  draw.between(0, 360), draw.between(0, 360), draw.between(0, 360));
}

// What the place sees, or would: written out anew, in the space-fixed frame and without the search's axes.
struct Sight {
  double ahead_km = 0.0;
  double off_nadir_deg = 0.0;
  double elevation_deg = 0.0;
};
Sight sight_of(const Sgp4& satellite, const Place& place, Instant t, bool yaw_steered) {
  const EarthRotation earth = earth_rotation(t);
  const TemeState state = satellite.at(t).value();
  const auto turned = [&](const Position<Ecef>& v) {
    return Position<Teme>{earth.cosine * v.x - earth.sine * v.y, earth.sine * v.x + earth.cosine * v.y, v.z};
  };
  const Position<Teme> ground = turned(to_ecef(place));
  Place below = to_place(to_ecef(state, earth).position);
  below.altitude = Metres(0.0);
  const Position<Teme> nadir = turned(to_ecef(below)) - state.position;
  Position<Teme> flight{state.velocity.x, state.velocity.y, state.velocity.z};
  if (yaw_steered)
    flight = flight - Position<Teme>{-earth.rate * state.position.y, earth.rate * state.position.x, 0.0};
  const Position<Teme> line = ground - state.position;
  const double down = dot(line, nadir) / nadir.norm();
  const Position<Teme> level = flight - (dot(flight, nadir) / dot(nadir, nadir)) * nadir;
  const double ahead = dot(line, level) / level.norm();
  // Left or right of the flight: the sign of (up × ahead) · line, up being against the nadir.
  const Position<Teme> left{-nadir.y * level.z + nadir.z * level.y, -nadir.z * level.x + nadir.x * level.z,
                            -nadir.x * level.y + nadir.y * level.x};
  const double side = std::sqrt(std::max(0.0, dot(line, line) - down * down - ahead * ahead));
  const double angle = std::atan2(side, down) / kDegree;
  return {ahead, dot(left, line) > 0.0 ? -angle : angle,
          Horizon(place).look(to_ecef(state, earth)).elevation.value()};
}

struct Seen {
  Instant before;           // within a second after it
  double margin_deg = 0.0;  // to the nearest limit
};

// The obvious way: look every second.
std::vector<Seen> look_every_second(const Sgp4& satellite, const SwathSensor& sensor, const Place& place,
                                    Instant start, Instant end) {
  std::vector<Seen> out;
  Sight before = sight_of(satellite, place, start, sensor.yaw_steered);
  for (Instant t = start; t < end; t += std::chrono::seconds(1)) {
    const Sight after = sight_of(satellite, place, t + std::chrono::seconds(1), sensor.yaw_steered);
    const double share = before.ahead_km / (before.ahead_km - after.ahead_km);
    const auto at = [&](double a, double b) { return a + share * (b - a); };
    const double off_nadir = at(before.off_nadir_deg, after.off_nadir_deg);
    const double inside =
        std::min({off_nadir - sensor.off_nadir_min.value(), sensor.off_nadir_max.value() - off_nadir,
                  at(before.elevation_deg, after.elevation_deg) - sensor.elevation_min.value()});
    if ((before.ahead_km > 0.0) != (after.ahead_km > 0.0) && inside > -0.1) out.push_back({t, inside});
    before = after;
  }
  return out;
}

void compare(Draw& draw, const ElementSet& set, Duration length) {
  const Sgp4 satellite(set);
  SwathSensor sensor;
  const double a = draw.between(-70, 70);
  const double b = draw.between(-70, 70);
  sensor.off_nadir_min = Degrees(std::min(a, b));
  sensor.off_nadir_max = Degrees(std::max(a, b) + 0.01);
  sensor.elevation_min = Degrees(draw.coin() ? 0.0 : draw.between(0, 40));
  sensor.yaw_steered = draw.coin();
  // Places near the track are seen; places anywhere are not, mostly.
  Place place{{draw.between(-90, 90), draw.between(-180, 180)}, Metres(draw.between(0, 3000))};
  const Instant start = start_time();
  if (draw.coin()) {
    const Instant then = start + from_seconds(draw.between(0, to_seconds(length)));
    const GeoPoint below = sub_satellite_point(satellite.at(then).value(), then).point;
    place.point = destination(below, Degrees(draw.between(0, 360)), Metres(draw.between(0, 2.5e6)));
  }
  const auto slow = look_every_second(satellite, sensor, place, start, start + length);
  const std::vector<Horizon> places{Horizon(place)};
  const auto fast = find_accesses(satellite, sensor, places, start, start + length);
  std::size_t i = 0;
  for (const Seen& seen : slow) {
    const bool found = i < fast.size() && fast[i].at >= seen.before - Duration(2000) &&
                       fast[i].at <= seen.before + std::chrono::seconds(1) + Duration(2000);
    RC_ASSERT((found || seen.margin_deg < 0.05));  // near a limit a second is too long to tell
    if (!found) continue;
    RC_ASSERT(seen.margin_deg > -0.05);
    const Sight there = sight_of(satellite, place, fast[i].at, sensor.yaw_steered);
    RC_ASSERT(std::abs(there.ahead_km) < 2e-5);  // 1 µs
    RC_ASSERT(std::abs(there.off_nadir_deg - fast[i].off_nadir.value()) < 1e-6);
    RC_ASSERT(std::abs(there.elevation_deg - fast[i].elevation.value()) < 1e-6);
    ++i;
  }
  RC_ASSERT(i == fast.size());
}

}  // namespace

TEST_CASE("accesses from low orbits equal those of looking every second") {
  CHECK(rc::check("low orbits", [] {
    Draw draw;
    const ElementSet set = low_orbit(draw);
    compare(draw, set, std::chrono::hours(2));
  }));
}

TEST_CASE("accesses from eccentric orbits equal those of looking every second") {
  CHECK(rc::check("eccentric orbits", [] {
    Draw draw;
    const double revs = draw.between(2.1, 12.0);
    const double axis_km = 6378.0 * std::pow(17.04 / revs, 2.0 / 3.0);
    const double eccentricity = draw.between(0.0, 1.0 - (6378.0 + 300.0) / axis_km);
    const ElementSet set = orbit_of(revs, eccentricity, draw.between(0, 180), draw.between(0, 360),
                                    draw.between(0, 360), draw.between(0, 360));
    compare(draw, set, std::chrono::hours(3));
  }));
}

TEST_CASE("a search of parts of an interval finds what a search of the whole does") {
  CHECK(rc::check("split", [] {
    Draw draw;
    const Sgp4 satellite(low_orbit(draw));
    const std::vector<Horizon> places{
        Horizon(Place{{draw.between(-90, 90), draw.between(-180, 180)}, Metres(0)})};
    const Instant start = start_time();
    const Instant end = start + std::chrono::hours(24);
    const Instant middle = start + from_seconds(draw.between(0, 86400));
    const auto whole = find_accesses(satellite, {}, places, start, end);
    auto parts = find_accesses(satellite, {}, places, start, middle);
    const auto rest = find_accesses(satellite, {}, places, middle, end);
    parts.insert(parts.end(), rest.begin(), rest.end());
    RC_ASSERT(parts.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i)
      RC_ASSERT(std::abs(to_seconds(parts[i].at - whole[i].at)) < 2e-6);
  }));
}

TEST_CASE("statistics of revisit are those of the gaps") {
  CHECK(rc::check("gaps", [] {
    Draw draw;
    const Instant start = start_time();
    const Instant end = start + std::chrono::hours(24);
    std::vector<Instant> times(static_cast<std::size_t>(draw.between(0, 6)));
    for (Instant& t : times) t = start + from_seconds(draw.between(0, 86400));
    std::sort(times.begin(), times.end());
    const Revisit revisit = revisit_of(times, start, end);
    RC_ASSERT(revisit.accesses == times.size());
    RC_ASSERT(revisit.first.has_value() == !times.empty());
    RC_ASSERT(revisit.gap_mean.has_value() == (times.size() > 1));
    Duration unseen = end - start;
    Duration sum{0};
    Duration longest{0};
    if (!times.empty()) unseen = std::max(times.front() - start, end - times.back());
    for (std::size_t i = 1; i < times.size(); ++i) {
      sum += times[i] - times[i - 1];
      longest = std::max(longest, times[i] - times[i - 1]);
    }
    if (times.size() > 1) {
      RC_ASSERT(*revisit.gap_max == longest);
      RC_ASSERT(*revisit.gap_mean == sum / static_cast<Duration::rep>(times.size() - 1));
    }
    RC_ASSERT(revisit.unseen_max == std::max(unseen, longest));
  }));
}

TEST_CASE("a place to the east of a northward satellite is on its right") {
  const Sgp4 satellite(orbit_of(14.2, 0.0001, 90.0, 0.0, 0.0, 0.0));  // over the equator, going north
  const Instant at = start_time() + std::chrono::seconds(60);
  const GeoPoint below = sub_satellite_point(satellite.at(at).value(), at).point;
  const std::vector<Horizon> places{Horizon(Place{{below.lat_deg, below.lon_deg + 5.0}, Metres(0)}),
                                    Horizon(Place{{below.lat_deg, below.lon_deg - 5.0}, Metres(0)})};
  const auto seen =
      find_accesses(satellite, {}, places, start_time(), start_time() + std::chrono::minutes(5));
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].off_nadir.value() == doctest::Approx(33.0).epsilon(0.05));
  CHECK(seen[1].off_nadir.value() == doctest::Approx(-33.0).epsilon(0.05));
}

TEST_CASE("published widths and half-angles agree with each other") {
  const auto width = [](double revs, double half_angle_deg) {
    ElementSet set = orbit_of(revs, 0.0001, 98.7, 0, 0, 0);
    double low = 0.0;
    double high = 6000.0;
    for (int i = 0; i < 50; ++i) {
      const double middle = 0.5 * (low + high);
      const auto angle = half_angle_of_swath(kilometres(middle), set);
      (angle && angle->value() < half_angle_deg ? low : high) = middle;
    }
    return low;
  };
  CHECK(width(14.195, find_sensor("viirs")->half_angle_deg) == doctest::Approx(3060.0).epsilon(0.01));
  CHECK(width(14.571, find_sensor("modis")->half_angle_deg) == doctest::Approx(2330.0).epsilon(0.015));
  CHECK(width(14.214, find_sensor("avhrr")->half_angle_deg) == doctest::Approx(2900.0).epsilon(0.015));
  CHECK_FALSE(half_angle_of_swath(kilometres(7000.0), orbit_of(14.2, 0, 0, 0, 0, 0)).has_value());
  CHECK(find_sensor("none such") == nullptr);
  REQUIRE(sensor_carried_by(43013) != nullptr);
  CHECK(sensor_carried_by(43013)->name == "viirs");
  CHECK(sensor_carried_by(1) == nullptr);
}

TEST_CASE("angles out of range are refused by name") {
  CHECK(check({}).has_value());
  CHECK_FALSE(check({.off_nadir_min = Degrees(-90.0)}).has_value());
  CHECK_FALSE(check({.off_nadir_min = Degrees(10.0), .off_nadir_max = Degrees(10.0)}).has_value());
  CHECK_FALSE(check({.off_nadir_max = Degrees(std::nan(""))}).has_value());
  CHECK_FALSE(check({.elevation_min = Degrees(90.0)}).has_value());
}

// VIIRS is said to see every place at least twice a day, by day and by night (its swaths meet at the
// equator).
TEST_CASE("one VIIRS sees every place on Earth by day and by night, every day") {
  REFERENCE_OR_SKIP(path, "space/tle/fire_eo_subset_2026-05.tle");
  const auto file = read_elements(testing::read_file(path), path);
  REQUIRE(file.has_value());
  const auto npp = std::find_if(file->sets.begin(), file->sets.end(),
                                [](const ElementSet& set) { return set.norad == 37849; });
  REQUIRE(npp != file->sets.end());
  const Instant start = start_time();
  const AccessSearch search(Sgp4(*npp), {}, start, start + std::chrono::hours(24));
  double seen = 0.0;
  double twice = 0.0;
  double all = 0.0;
  double accesses_equator = 0.0;
  int equator = 0;
  for (int lat = -88; lat <= 88; lat += 4)
    for (int lon = -180; lon < 180; lon += 4) {
      std::vector<Access> found;
      search.find(Horizon(Place{{static_cast<double>(lat), static_cast<double>(lon)}, Metres(0)}), 0, found);
      const double share = std::cos(lat * kDegree);
      all += share;
      if (!found.empty()) seen += share;
      if (found.size() >= 2) twice += share;
      if (lat == 0) {
        accesses_equator += static_cast<double>(found.size());
        ++equator;
      }
    }
  CHECK(seen / all == 1.0);
  CHECK(twice / all > 0.98);
  CHECK(accesses_equator / equator == doctest::Approx(2.17).epsilon(0.03));  // 2 · 14.2 · 3,060 / 40,075
}
