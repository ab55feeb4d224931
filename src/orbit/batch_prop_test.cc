#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <numbers>

#include "orbit/batch.h"
#include "orbit/batch_agreement_test.h"
#include "orbit/element_file.h"
#include "orbit/sgp4.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr InstructionSet kSets[] = {InstructionSet::kBaseline, InstructionSet::kAvx2,
                                    InstructionSet::kAvx512};

double between(double low, double high) {
  return low + (high - low) * *rc::gen::inRange(0, 1'000'000'000) / 1e9;
}

ElementSet any_orbit() {
  ElementSet set;
  const double revs = *rc::gen::element(0.3, 1.0027, 2.005, 2.0, 5.0, 12.0, 14.5, 15.2, 16.3);
  set.mean_motion = mean_motion_from_revs_per_day(revs * between(0.98, 1.02));
  const double room = revs > 10.0 ? 0.1 : 0.85;
  set.eccentricity = *rc::gen::element(0.0, 0.001, 0.01, 0.1, 1.0) * room * between(0.0, 1.0);
  set.inclination = *rc::gen::element(0.001, 0.1, 1.0) * std::numbers::pi * between(0.0, 1.0);
  set.node = between(0.0, 6.3);
  set.perigee_argument = between(0.0, 6.3);
  set.mean_anomaly = between(0.0, 6.3);
  set.bstar = between(-1.0, 1.0) * *rc::gen::element(0.0, 1e-5, 1e-3);
  set_epoch(set, {2461167.5 - 2000.0 * std::floor(between(0.0, 3.0)), between(0.0, 1.0)});
  return set;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

}  // namespace

TEST_CASE("the whole catalogue stays within 1e-8 km of the reference path, with equal codes") {
  REFERENCE_OR_SKIP(path, "space/tle/celestrak_active_2026-05-10.tle.gz");
  const auto file = read_elements(testing::read_file(path), "catalogue");
  REQUIRE(file.has_value());
  REQUIRE(file->sets.size() > 15'000);
  const Instant middle = parse_utc("2026-05-10T12:00:00Z").value();
  std::vector<Sgp4> references;
  for (const ElementSet& set : file->sets) references.emplace_back(set);
  for (const InstructionSet set : kSets) {
    if (!is_available(set)) continue;
    const Sgp4Batch batch(file->sets, set);
    CHECK(batch.deep_space_count() > 500);
    StateArrays out;
    std::size_t unequal = 0;
    double km = 0.0;
    double km_s = 0.0;
    for (const double days : {-30.0, -2.345, 0.0, 30.0}) {
      const Instant t = middle + from_seconds(days * 86400.0);
      batch.at(t, out);
      for (std::size_t i = 0; i < references.size(); ++i) {
        const auto state = references[i].at(t);
        if ((state ? 0 : static_cast<int>(state.error())) != out.error[i]) ++unequal;
        if (!state) continue;
        const Position<Teme> r = Position<Teme>{out.x[i], out.y[i], out.z[i]} - state->position;
        const Velocity<Teme> v = Velocity<Teme>{out.vx[i], out.vy[i], out.vz[i]} - state->velocity;
        km = std::max(km, r.norm());
        km_s = std::max(km_s, v.norm());
      }
    }
    CHECK(unequal == 0);
    CHECK(km <= 1e-8);
    CHECK(km_s <= 1e-11);
    MESSAGE(to_string(set), ": worst ", km, " km, ", km_s, " km/s");
  }
}

TEST_CASE("batch and reference agree on random orbits at random times") {
  for (const InstructionSet set : kSets) {
    if (!is_available(set)) continue;
    CHECK(rc::check(std::string(to_string(set)), [set] {
      std::vector<ElementSet> sets;
      for (int i = *rc::gen::inRange(1, 20); i > 0; --i) sets.push_back(any_orbit());
      const Sgp4Batch batch(sets, set);
      const Instant t = sets[0].epoch + from_seconds(between(-30.0, 30.0) * 86400.0);
      StateArrays out;
      batch.at(t, out);
      for (std::size_t i = 0; i < sets.size(); ++i) {
        const Agreement found = agreement(Sgp4(sets[i]), minutes_since_epoch(sets[i], t), out, i);
        RC_ASSERT(found.codes_equal);
        RC_ASSERT(found.km <= 1e-8 + 4.0 * found.sensitivity_km);
      }
    }));
  }
}

TEST_CASE("a satellite's bits do not depend on its neighbours or on the other times asked for") {
  for (const InstructionSet set : kSets) {
    if (!is_available(set)) continue;
    CHECK(rc::check(std::string(to_string(set)), [set] {
      std::vector<ElementSet> sets;
      for (int i = *rc::gen::inRange(2, 24); i > 0; --i) sets.push_back(any_orbit());
      const std::size_t chosen = *rc::gen::inRange<std::size_t>(0, sets.size());
      std::vector<Instant> times;
      for (int i = *rc::gen::inRange(1, 12); i > 0; --i)
        times.push_back(sets[chosen].epoch + from_seconds(between(-9.0, 9.0) * 86400.0));
      const Sgp4Batch many(sets, set);
      const std::vector<ElementSet> only{sets[chosen]};
      const Sgp4Batch alone(only, set);
      StateArrays together, apart, track;
      many.at(times, BatchLayout::kTimeAfterTime, together);
      many.track(chosen, times, track);
      for (std::size_t k = 0; k < times.size(); ++k) {
        alone.at(times[k], apart);
        const std::size_t at = k * sets.size() + chosen;
        RC_ASSERT(together.error[at] == apart.error[0]);
        RC_ASSERT(track.error[k] == apart.error[0]);
        for (const auto member : {&StateArrays::x, &StateArrays::y, &StateArrays::z, &StateArrays::vx,
                                  &StateArrays::vy, &StateArrays::vz}) {
          RC_ASSERT(same_bits((together.*member)[at], (apart.*member)[0]));
          RC_ASSERT(same_bits((track.*member)[k], (apart.*member)[0]));
        }
      }
    }));
  }
}
