#include "onboard/novelty.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/random.h"

namespace skywarden::onboard {
namespace {

Instant at(long minutes) {
  return Instant{} + std::chrono::minutes(minutes);
}

// A daily course with noise, every five minutes.
double course(long step, Random& random) {
  return 20.0 + 5.0 * std::sin(2.0 * 3.14159265358979 * static_cast<double>(step % 288) / 288.0) +
         random.uniform(-1.0, 1.0);
}

TEST_CASE("what has been there before is not new, what outdoes it is, and once") {
  Random random(3);
  Novelty novelty;
  double quiet = 0.0;
  for (long step = 0; step < 3000; ++step) {
    const double said = novelty.arrive(at(5 * step), course(step, random));
    if (step > 600) quiet = std::max(quiet, said);
  }
  CHECK(quiet < 0.1);
  CHECK(novelty.arrive(at(5 * 3000), 45.0) > 1.0);  // beyond in value and in change
  CHECK(novelty.arrive(at(5 * 3001), 45.0) == 0.0);
}

TEST_CASE("a peak of the day that stays away is new though the value is usual") {
  Random random(4);
  Novelty novelty;
  double most = 0.0;
  for (long step = 0; step < 3000; ++step) {
    const bool flat = step >= 2592 + 50 && step < 2592 + 110;  // the hours around the peak
    const double value = flat ? 16.0 : course(step, random);
    const double said = novelty.arrive(at(5 * step), value);
    if (flat) most = std::max(most, said);
  }
  CHECK(most > 0.2);
}

TEST_CASE("a constant series is never new, and a clock that goes back does no harm") {
  Novelty novelty;
  for (long step = 0; step < 1000; ++step) CHECK(novelty.arrive(at(5 * (step % 700)), 7.0) == 0.0);
}

TEST_CASE("the unit plays no part") {
  Random random(5), again(5);
  Novelty one, other;
  for (long step = 0; step < 2000; ++step) {
    const double value = course(step, random) + (step % 517 == 0 ? 9.0 : 0.0);
    const double same = course(step, again) + (step % 517 == 0 ? 9.0 : 0.0);
    CHECK(one.arrive(at(5 * step), value) ==
          doctest::Approx(other.arrive(at(5 * step), 4.0 * same)).epsilon(1e-6));
  }
}

}  // namespace
}  // namespace skywarden::onboard
