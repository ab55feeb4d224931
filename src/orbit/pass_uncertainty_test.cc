#include "orbit/pass_uncertainty.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "base/random.h"
#include "orbit/doppler.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr double kDegree = std::numbers::pi / 180.0;

Instant start_time() {
  return parse_utc("2026-05-08T00:00:00Z").value();
}

ElementSet low_orbit(Random& random) {
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(random.uniform(13.5, 15.5));
  set.eccentricity = random.uniform(0.0, 0.005);
  set.inclination = random.uniform(0.0, 180.0) * kDegree;
  set.node = random.uniform(0.0, 360.0) * kDegree;
  set.perigee_argument = random.uniform(0.0, 360.0) * kDegree;
  set.mean_anomaly = random.uniform(0.0, 360.0) * kDegree;
  set_epoch(set, julian_date_utc(start_time()));
  return set;
}

const Pass* pass_at(const PassList& list, Instant tca) {
  for (const Pass& pass : list.passes)
    if (pass.aos <= tca && tca <= pass.los) return &pass;
  return nullptr;
}

}  // namespace

// The obvious way: fly the satellite elsewhere and look for the pass again.
TEST_CASE("an orbit moved along or across makes passes differ by what is said") {
  int compared = 0;
  CHECK(rc::check("moved orbits", [&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const ElementSet set = low_orbit(random);
    const Sgp4 satellite(set);
    const std::vector<Horizon> stations{
        Horizon(Place{{random.uniform(-85, 85), random.uniform(-180, 180)}, Metres(0)})};
    const PassOptions options{.elevation_min = Degrees(5.0)};
    const Instant end = start_time() + std::chrono::hours(12);
    const double radius_km = std::cbrt(398600.8 / std::pow(set.mean_motion / 60.0, 2.0));
    const double km = random.uniform(1.0, 4.0);
    // Ahead: a later mean anomaly. Sideways: the node turned, and the same argument of latitude, which moves
    // the satellite across by the sine of the inclination times the cosine of that argument; taken at the
    // summit alone.
    ElementSet ahead = set;
    ahead.mean_anomaly += km / radius_km;
    const auto passes = find_passes(satellite, stations, start_time(), end, options);
    const auto early = find_passes(Sgp4(ahead), stations, start_time(), end, options);
    for (const Pass& pass : passes.passes) {
      if (pass.cut_at_start || pass.cut_at_end || pass.elevation_max.value() < 12.0) continue;
      const Pass* moved = pass_at(early, pass.tca);
      RC_ASSERT(moved != nullptr);
      const auto said =
          pass_uncertainty(satellite, stations[0], pass, options, {kilometres(km), Metres(0.0)});
      const double aos = std::abs(to_seconds(moved->aos - pass.aos));
      const double los = std::abs(to_seconds(moved->los - pass.los));
      RC_ASSERT(std::abs(to_seconds(said.aos) - aos) < 0.02 + 0.05 * aos);
      RC_ASSERT(std::abs(to_seconds(said.los) - los) < 0.02 + 0.05 * los);
      const double change = std::abs(moved->elevation_max.value() - pass.elevation_max.value());
      if (pass.elevation_max.value() < 80.0)
        RC_ASSERT(std::abs(said.elevation_max.value() - change) < 0.003 + 0.1 * change);
      ++compared;
    }
  }));
  CHECK(compared > 100);
}

TEST_CASE("an orbit moved sideways makes passes differ by no more than is said") {
  int compared = 0;
  double tightest = 0.0;
  CHECK(rc::check("turned orbits", [&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    ElementSet set = low_orbit(random);
    set.inclination = random.uniform(60.0, 120.0) * kDegree;
    const Sgp4 satellite(set);
    const std::vector<Horizon> stations{
        Horizon(Place{{random.uniform(-40, 40), random.uniform(-180, 180)}, Metres(0)})};
    const PassOptions options{.elevation_min = Degrees(5.0)};
    const Instant end = start_time() + std::chrono::hours(12);
    const double radius_km = std::cbrt(398600.8 / std::pow(set.mean_motion / 60.0, 2.0));
    const double km = random.uniform(1.0, 4.0);
    ElementSet turned = set;
    turned.node += km / radius_km;
    turned.perigee_argument -= km / radius_km * std::cos(set.inclination);  // sideways only
    const auto passes = find_passes(satellite, stations, start_time(), end, options);
    const auto other = find_passes(Sgp4(turned), stations, start_time(), end, options);
    for (const Pass& pass : passes.passes) {
      if (pass.cut_at_start || pass.cut_at_end || pass.elevation_max.value() < 12.0) continue;
      const Pass* moved = pass_at(other, pass.tca);
      RC_ASSERT(moved != nullptr);
      const auto said =
          pass_uncertainty(satellite, stations[0], pass, options, {Metres(0.0), kilometres(km)});
      const double aos = std::abs(to_seconds(moved->aos - pass.aos));
      RC_ASSERT(aos < 1.1 * to_seconds(said.aos) + 0.02);
      if (pass.elevation_max.value() < 80.0) {
        const double change = std::abs(moved->elevation_max.value() - pass.elevation_max.value());
        RC_ASSERT(change < 1.1 * said.elevation_max.value() + 0.003);
        // Nearly overhead, sideways is all that counts.
        tightest = std::max(tightest, change / said.elevation_max.value());
      }
      ++compared;
    }
  }));
  CHECK(compared > 100);
  CHECK(tightest > 0.8);
}

TEST_CASE("uncertainty grows with age and is nothing at a cut edge") {
  Random random(7);
  const ElementSet set = low_orbit(random);
  const Sgp4 satellite(set);
  const std::vector<Horizon> stations{Horizon(Place{{20.0, 15.0}, Metres(0)})};
  const auto soon = find_passes(satellite, stations, start_time(), start_time() + std::chrono::hours(48));
  REQUIRE(!soon.passes.empty());
  Pass pass = soon.passes.back();
  const auto near = pass_uncertainty(satellite, stations[0], pass, {}, element_error(set, Duration(0)));
  const auto far =
      pass_uncertainty(satellite, stations[0], pass, {}, element_error(set, std::chrono::hours(96)));
  CHECK(near.aos > Duration(0));
  CHECK(far.aos > 2 * near.aos);
  CHECK(far.elevation_max > near.elevation_max);
  pass.cut_at_start = true;
  CHECK(pass_uncertainty(satellite, stations[0], pass).aos == Duration(0));
  CHECK(element_error(set, std::chrono::hours(-48)).along ==
        element_error(set, std::chrono::hours(48)).along);
}

// Received minus sent, from the change of range alone: what a receiver counts in a second.
TEST_CASE("the Doppler shift of a pass is the lengthening of its path") {
  int compared = 0;
  CHECK(rc::check("passes", [&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Sgp4 satellite(low_orbit(random));
    const Horizon station(Place{{random.uniform(-90, 90), random.uniform(-180, 180)}, Metres(0)});
    const auto list = find_passes(satellite, std::vector<Horizon>{station}, start_time(),
                                  start_time() + std::chrono::hours(6));
    const double carrier_hz = 8.2e9;
    const auto shift = [&](Instant t) {
      const auto range = [&](Duration ahead) {
        return station.look(to_ecef(satellite.at(t + ahead).value(), earth_rotation(t + ahead))).range_km;
      };
      const Duration half = std::chrono::milliseconds(50);
      const double rate = (range(half) - range(-half)) / 0.1;
      // A wave sent at s arrives at s + range/c, so a second of sending arrives in 1 + rate/c seconds.
      return carrier_hz / (1.0 + rate / 299792.458) - carrier_hz;
    };
    for (const Pass& pass : list.passes) {
      // SGP4's velocity is its position's derivative to centimetres a second: a hertz or two in X band.
      RC_ASSERT(std::abs(doppler_shift_hz(carrier_hz, pass.range_rate_kms_at_aos) - shift(pass.aos)) < 20.0);
      RC_ASSERT(std::abs(doppler_shift_hz(carrier_hz, pass.range_rate_kms_at_tca) - shift(pass.tca)) < 20.0);
      RC_ASSERT(std::abs(doppler_shift_hz(carrier_hz, pass.range_rate_kms_at_los) - shift(pass.los)) < 20.0);
      if (!pass.cut_at_start && !pass.cut_at_end && pass.elevation_max.value() > 10.0) {
        RC_ASSERT(doppler_shift_hz(carrier_hz, pass.range_rate_kms_at_aos) > 1e4);   // approaching: higher
        RC_ASSERT(doppler_shift_hz(carrier_hz, pass.range_rate_kms_at_los) < -1e4);  // receding: lower
        ++compared;
      }
    }
  }));
  CHECK(compared > 50);
}
