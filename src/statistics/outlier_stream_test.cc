#include "statistics/outlier_stream.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/random.h"
#include "statistics/distributions.h"

namespace skywarden::statistics {
namespace {

// Two components that move together.
std::vector<double> pair_of(Random& random) {
  const double shared = random.normal(0.0, 1.0);
  return {shared + random.normal(0.0, 0.1), 20.0 + shared + random.normal(0.0, 0.1)};
}

TEST_CASE("nothing is judged before the window has warmed up") {
  OutlierStream stream(2, {.warm_up = 10});
  Random random(1);
  for (int i = 0; i < 10; ++i) CHECK(!stream.arrive(pair_of(random)).judged);
  CHECK(stream.arrive(pair_of(random)).judged);
}

TEST_CASE("a spike is seen by every rule, a broken bond by the distance alone") {
  OutlierStream stream(2);
  Random random(2);
  for (int i = 0; i < 300; ++i) (void)stream.arrive(pair_of(random));
  const OutlierVerdict spike = stream.arrive(std::vector<double>{30.0, 20.0});
  CHECK((spike.by_quartiles == std::vector<bool>{true, false}));
  CHECK((spike.by_median == std::vector<bool>{true, false}));
  CHECK(spike.by_distance);
  const OutlierVerdict bond = stream.arrive(std::vector<double>{1.2, 18.8});
  CHECK((bond.by_quartiles == std::vector<bool>{false, false}));
  CHECK((bond.by_median == std::vector<bool>{false, false}));
  CHECK(bond.by_distance);
  CHECK(bond.flagged());
  CHECK(!stream.arrive(std::vector<double>{0.0, 20.0}).flagged());
}

TEST_CASE("sound readings are flagged about as often as each rule says") {
  OutlierStream stream(2);
  Random random(3);
  int judged = 0, quartiles = 0, medians = 0, distances = 0;
  for (int i = 0; i < 12'000; ++i) {
    const OutlierVerdict verdict = stream.arrive(pair_of(random));
    if (!verdict.judged) continue;
    ++judged;
    quartiles += verdict.by_quartiles[0] ? 1 : 0;
    medians += verdict.by_median[0] ? 1 : 0;
    distances += verdict.by_distance ? 1 : 0;
  }
  // 0.70 %, 0.047 % and 0.1 % with everything known; the windows of 256 are estimates, which costs some.
  const auto share = [&](int flags) { return flags / static_cast<double>(judged); };
  MESSAGE("quartiles ", share(quartiles), " median ", share(medians), " distance ", share(distances));
  CHECK(share(quartiles) > 0.003);
  CHECK(share(quartiles) < 0.015);
  CHECK(share(medians) < 0.003);
  CHECK(share(distances) < 0.006);
}

TEST_CASE("two fifths of wrong readings in the window are still flagged by median and distance") {
  OutlierStream stream(2);
  Random random(4);
  int wrong = 0, by_median = 0, by_distance = 0, by_quartiles = 0, sound = 0, sound_flagged = 0;
  for (int i = 0; i < 1000; ++i) {
    const bool lies = i % 5 < 2;
    std::vector<double> reading = pair_of(random);
    if (lies) reading = {50.0 + random.normal(0.0, 0.1), -50.0};
    const OutlierVerdict verdict = stream.arrive(reading);
    if (i < 300) continue;
    if (!lies) {
      ++sound;
      sound_flagged += verdict.by_median[0] || verdict.by_distance ? 1 : 0;
      continue;
    }
    ++wrong;
    by_median += verdict.by_median[0] ? 1 : 0;
    by_distance += verdict.by_distance ? 1 : 0;
    by_quartiles += verdict.by_quartiles[0] ? 1 : 0;
  }
  CHECK(by_median == wrong);
  CHECK(by_distance == wrong);
  CHECK(by_quartiles == 0);  // past its breakdown point of a quarter
  CHECK(sound_flagged < sound / 50);
}

TEST_CASE("a new level is flagged until it fills half of the window and then believed") {
  OutlierStream stream(1, {.window = 64, .warm_up = 32, .refit_every = 1});
  Random random(5);
  for (int i = 0; i < 64; ++i) (void)stream.arrive(std::vector<double>{random.normal(0.0, 1.0)});
  int first_believed = -1;
  for (int i = 0; i < 64; ++i) {
    const OutlierVerdict verdict = stream.arrive(std::vector<double>{random.normal(100.0, 1.0)});
    if (i < 24) CHECK(verdict.by_median[0]);
    if (first_believed < 0 && !verdict.by_median[0] && !verdict.by_distance) first_believed = i;
  }
  CHECK(first_believed >= 24);
  CHECK(first_believed <= 40);
}

TEST_CASE("a component of which half agrees exactly is judged by no rule, the others are") {
  OutlierStream dry(2, {.window = 64, .warm_up = 32});
  Random random(6);
  for (int i = 0; i < 64; ++i) (void)dry.arrive(std::vector<double>{random.normal(0.0, 1.0), 0.0});
  const OutlierVerdict rain = dry.arrive(std::vector<double>{0.0, 12.0});
  CHECK(rain.judged);
  CHECK(rain.squared_distance.has_value());
  CHECK(!rain.flagged());
  CHECK(dry.arrive(std::vector<double>{30.0, 0.0}).by_distance);

  OutlierStream still(1, {.window = 64, .warm_up = 32});
  for (int i = 0; i < 64; ++i) (void)still.arrive(std::vector<double>{7.0});
  const OutlierVerdict moved = still.arrive(std::vector<double>{8.0});
  CHECK(moved.judged);
  CHECK(!moved.squared_distance);
  CHECK(!moved.flagged());

  OutlierStream doubled(2, {.window = 64, .warm_up = 32});  // the second is the first
  for (int i = 0; i < 64; ++i) {
    const double x = random.normal(0.0, 1.0);
    (void)doubled.arrive(std::vector<double>{x, x});
  }
  CHECK(!doubled.arrive(std::vector<double>{0.0, 1.0}).squared_distance);
}

TEST_CASE("what was said of a reading does not change with what follows") {
  Random first(7), second(7);
  std::vector<std::vector<double>> readings;
  for (int i = 0; i < 200; ++i) readings.push_back(pair_of(first));
  OutlierStream whole(2), cut(2);
  for (int i = 0; i < 150; ++i) {
    const OutlierVerdict a = whole.arrive(readings[static_cast<std::size_t>(i)]),
                         b = cut.arrive(pair_of(second));
    CHECK(a.squared_distance == b.squared_distance);
    CHECK(a.by_quartiles == b.by_quartiles);
  }
}

}  // namespace
}  // namespace skywarden::statistics
