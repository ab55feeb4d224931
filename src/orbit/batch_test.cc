#include "orbit/batch.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>

#include "orbit/batch_agreement_test.h"
#include "orbit/batch_trigonometry.h"
#include "orbit/element_file.h"
#include "orbit/sgp4.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::orbit;

namespace {

constexpr InstructionSet kSets[] = {InstructionSet::kBaseline, InstructionSet::kAvx2,
                                    InstructionSet::kAvx512};

ElementSet element_set(double revs_per_day, double eccentricity, double inclination, double bstar = 1e-5) {
  ElementSet set;
  set.mean_motion = mean_motion_from_revs_per_day(revs_per_day);
  set.eccentricity = eccentricity;
  set.inclination = inclination;
  set.node = 2.0;
  set.perigee_argument = 4.0;
  set.mean_anomaly = 1.0;
  set.bstar = bstar;
  set_epoch(set, {2461167.5, 0.25});
  return set;
}

// Every branch of the theory, and what no theory can start from.
std::vector<ElementSet> odd_orbits() {
  std::vector<ElementSet> sets;
  for (const double revs : {16.4, 15.2, 13.0, 6.3, 4.0, 2.005, 1.0027, 0.2})
    for (const double e : {0.0, 0.001, 0.01, 0.1, 0.35, 0.55, 0.68, 0.72, 0.97})
      for (const double i : {0.0, 1e-4, 0.19, 0.21, 1.7, 3.1, std::numbers::pi}) {
        sets.push_back(element_set(revs, e, i));
      }
  for (const double bstar : {-0.5, 0.0, 0.01, 1.0, 900.0}) {
    sets.push_back(element_set(15.8, 0.001, 1.0, bstar));
    sets.push_back(element_set(2.0, 0.7, 1.1, bstar));
  }
  sets.push_back(element_set(std::nan(""), 0.1, 1.0));
  sets.push_back(element_set(15.0, std::nan(""), 1.0));
  sets.push_back(element_set(1.0027, 0.001, std::nan("")));
  sets.push_back(element_set(-3.0, 0.1, 1.0));
  return sets;
}

// The reference's state, or its error, against one lane of the batch.
void check_same(const Sgp4& reference, double minutes, const StateArrays& batch, std::size_t at) {
  const Agreement found = agreement(reference, minutes, batch, at);
  const ElementSet& e = reference.elements();
  INFO("revs ", revs_per_day(e), " e ", e.eccentricity, " i ", e.inclination, " B* ", e.bstar, " minutes ",
       minutes);
  CHECK(found.codes_equal);
  CHECK(std::isnan(batch.x[at]) == (batch.error[at] != 0));
  CHECK(std::isnan(batch.vz[at]) == (batch.error[at] != 0));
  CHECK(found.km <= 1e-8 + 4.0 * found.sensitivity_km);
  CHECK(found.km_s <= 1e-11 + 4.0 * found.sensitivity_km_s);
}

// One double as lanes, to test the templates by themselves.
struct Single {
  struct Mask {
    bool value;
    friend bool all(Mask m) { return m.value; }
  };
  static constexpr bool kFused = false;
  double value;
  explicit Single(double x) : value(x) {}
  static Single multiply_add(Single a, Single b, Single c) { return Single(a.value * b.value + c.value); }
  static Single negative_multiply_add(Single a, Single b, Single c) {
    return Single(c.value - a.value * b.value);
  }
  static Single select(Mask m, Single a, Single b) { return m.value ? a : b; }
  [[nodiscard]] std::int64_t bits() const { return std::bit_cast<std::int64_t>(value); }
  static Mask is_odd(std::int64_t b) { return {(b & 1) != 0}; }
  static std::int64_t plus_one(std::int64_t b) { return b + 1; }
  static Single flip_by_second_bit(Single a, std::int64_t b) {
    return Single((b & 2) != 0 ? -a.value : a.value);
  }
  friend Single operator+(Single a, Single b) { return Single(a.value + b.value); }
  friend Single operator-(Single a, Single b) { return Single(a.value - b.value); }
  friend Single operator*(Single a, Single b) { return Single(a.value * b.value); }
  friend Single operator/(Single a, Single b) { return Single(a.value / b.value); }
  friend Mask less(Single a, Single b) { return {a.value < b.value}; }
  friend Mask less_equal(Single a, Single b) { return {a.value <= b.value}; }
  friend Single abs(Single a) { return Single(std::abs(a.value)); }
};

}  // namespace

TEST_CASE("the widest instruction set is available, and each has a name") {
  CHECK(is_available(InstructionSet::kBaseline));
  CHECK(is_available(widest_instruction_set()));
  CHECK(to_string(InstructionSet::kBaseline) == "baseline");
  CHECK(to_string(InstructionSet::kAvx2) == "avx2");
  CHECK(to_string(InstructionSet::kAvx512) == "avx512");
  MESSAGE("widest: ", to_string(widest_instruction_set()));
}

TEST_CASE("sines, cosines and arc tangents agree with the library's") {
  double worst_sine = 0.0;
  double worst_tangent = 0.0;
  for (int i = -40000; i <= 40000; ++i) {
    const double x = i * 1.2345e-2;
    const auto exact = sine_cosine<true>(Single(x));
    worst_sine = std::max(
        {worst_sine, std::abs(exact.sine.value - std::sin(x)), std::abs(exact.cosine.value - std::cos(x))});
    // Whole turns of 2π as a double: what std::fmod leaves.
    const auto reduced = sine_cosine(Single(x));
    const double rest = std::fmod(x, 2.0 * std::numbers::pi);
    worst_sine = std::max({worst_sine, std::abs(reduced.sine.value - std::sin(rest)) / 3.0,
                           std::abs(reduced.cosine.value - std::cos(rest)) / 3.0});
    CHECK(within_turn(Single(x)).value == rest);
    const auto by_turning = turned(sine_cosine(Single(1.0)), Single(x));
    worst_sine = std::max(worst_sine, std::abs(by_turning.sine.value - std::sin(1.0 + rest)) / 4.0);
    const double y = std::sin(i * 0.77) * std::exp(std::cos(i * 0.31) * 20.0);
    worst_tangent =
        std::max(worst_tangent, std::abs(arc_tangent(Single(y), Single(x)).value - std::atan2(y, x)));
  }
  CHECK(worst_sine < 2.3e-16);
  CHECK(worst_tangent < 9e-16);  // two units in the last place of π
  CHECK(arc_tangent(Single(0.0), Single(0.0)).value == 0.0);
  CHECK(arc_tangent(Single(0.0), Single(-1.0)).value == std::numbers::pi);
}

TEST_CASE("every branch of the theory and every odd orbit gives the reference's state or its error") {
  const std::vector<ElementSet> sets = odd_orbits();
  const double nan = std::nan("");
  const double infinite = std::numeric_limits<double>::infinity();
  const double minutes[] = {0.0,     -0.0,    1.0,      719.0, 720.0, -720.0, 721.0, 1440.0, -1441.0, 4320.0,
                            -9999.0, 43200.0, -43200.0, 17.0,  5e5,   nan,    2.0,   3.0,    -7e5,    3e6};
  for (const InstructionSet set : kSets) {
    if (!is_available(set)) continue;
    CAPTURE(to_string(set));
    const Sgp4Batch batch(sets, set);
    REQUIRE(batch.size() == sets.size());
    CHECK(batch.instruction_set() == set);
    StateArrays out;
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const Sgp4 reference(sets[s]);
      batch.track_minutes(s, minutes, out);
      REQUIRE(out.x.size() == std::size(minutes));
      for (std::size_t k = 0; k < std::size(minutes); ++k) check_same(reference, minutes[k], out, k);
      // Beyond the limit the reference would integrate a resonance for hours.
      batch.track_minutes(s, std::array{infinite, 1e300, -1.1e9}, out);
      for (const auto code : out.error) CHECK(code != 0);
    }
  }
}

TEST_CASE("where the reference cases break off, the batch path gives the same codes") {
  REFERENCE_OR_SKIP(cases, "space/sgp4/SGP4-VER.TLE");
  const auto file = read_elements(testing::read_file(cases), "cases");
  REQUIRE(file.has_value());
  std::vector<double> minutes;
  for (int i = -200; i <= 300; ++i) minutes.push_back(i * 5.0);
  for (const double t : {474.2028672, 494.2028672, 1844340.0, 1844345.0, -1e6, 1e6}) minutes.push_back(t);
  for (const InstructionSet set : kSets) {
    if (!is_available(set)) continue;
    CAPTURE(to_string(set));
    const Sgp4Batch batch(file->sets, set);
    StateArrays out;
    std::size_t seen[7] = {};
    for (std::size_t s = 0; s < file->sets.size(); ++s) {
      batch.track_minutes(s, minutes, out);
      const Sgp4 reference(file->sets[s]);
      for (std::size_t k = 0; k < minutes.size(); ++k) {
        check_same(reference, minutes[k], out, k);
        ++seen[out.error[k]];
      }
    }
    for (const int code : {1, 3, 4, 6}) CHECK(seen[code] > 0);
  }
}

TEST_CASE("states stand where the layout says, and one call equals many") {
  const std::vector<ElementSet> sets = odd_orbits();
  std::vector<Instant> times;
  for (int i = 0; i < 150; ++i) times.push_back(sets[0].epoch + std::chrono::minutes(37 * i));
  const Sgp4Batch batch(sets);
  StateArrays single, by_time, by_satellite, track;
  by_satellite.with_velocity = false;
  batch.at(times, BatchLayout::kTimeAfterTime, by_time);
  batch.at(times, BatchLayout::kSatelliteAfterSatellite, by_satellite);
  CHECK(by_satellite.vx.empty());
  const auto same = [](double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
  };
  bool equal = true;
  for (std::size_t k = 0; k < times.size(); k += 13) {
    batch.at(times[k], single);
    for (std::size_t s = 0; s < sets.size(); ++s) {
      const std::size_t a = k * sets.size() + s;
      const std::size_t b = s * times.size() + k;
      equal = equal && same(single.x[s], by_time.x[a]) && same(single.vz[s], by_time.vz[a]) &&
              single.error[s] == by_time.error[a] && same(single.y[s], by_satellite.y[b]) &&
              single.error[s] == by_satellite.error[b];
    }
  }
  for (std::size_t s = 0; s < sets.size(); s += 7) {
    batch.track(s, times, track);
    for (std::size_t k = 0; k < times.size(); ++k)
      equal = equal && same(track.z[k], by_time.z[k * sets.size() + s]) &&
              same(track.vx[k], by_time.vx[k * sets.size() + s]);
  }
  CHECK(equal);
}

TEST_CASE("no satellites, no times and a single satellite are fine") {
  StateArrays out;
  const Instant t = parse_utc("2026-05-10T12:00:00Z").value();
  const Sgp4Batch none(std::vector<ElementSet>{});
  none.at(t, out);
  CHECK(out.x.empty());
  const std::vector<ElementSet> one{element_set(15.0, 0.001, 1.0)};
  const Sgp4Batch batch(one);
  batch.at(std::span<const Instant>{}, BatchLayout::kTimeAfterTime, out);
  CHECK(out.error.empty());
  batch.track_minutes(0, {}, out);
  CHECK(out.error.empty());
  batch.at(t, out);
  REQUIRE(out.error.size() == 1);
  CHECK(out.error[0] == 0);
}
