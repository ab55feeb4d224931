#include "onboard/stuck_surprise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "base/random.h"

namespace skywarden::onboard {
namespace {

// Rests at 2 for nights on end, moves by day; the neighbours move with it.
void teach(StuckSurprise& stuck, StuckSurprise::Run& run, int days) {
  Random random(9);
  double before = -1.0;
  for (int hour = 0; hour < 24 * days; ++hour) {
    const bool night = hour % 24 < 10;
    const double value = night ? 2.0 : std::round(random.uniform(10.0, 90.0));
    const float move = night ? 0.02F : static_cast<float>(random.uniform(0.5, 3.0));
    stuck.arrive(run, value, value == before, move);
    stuck.learn();
    before = value;
  }
}

TEST_CASE("a value that rests where it often rests surprises less than one that rests elsewhere") {
  StuckSurprise stuck;
  StuckSurprise::Run run;
  teach(stuck, run, 60);
  StuckSurprise::Run night = run, day = run;
  stuck.arrive(night, 2.0, false, 1.0F);
  stuck.arrive(day, 47.0, false, 1.0F);
  for (int hour = 0; hour < 8; ++hour) {
    stuck.arrive(night, 2.0, true, 0.02F);
    stuck.arrive(day, 47.0, true, 1.0F);
  }
  CHECK(night.length == 8);
  CHECK(day.length == 8);
  CHECK(day.surprise > 3.0F * night.surprise);
  stuck.arrive(day, 48.0, false, 1.0F);
  CHECK(day.length == 0);
  CHECK(day.surprise == 0.0F);
}

TEST_CASE("a long run does not teach that long runs are usual") {
  StuckSurprise stuck;
  StuckSurprise::Run run;
  teach(stuck, run, 30);
  StuckSurprise::Run first = run;
  stuck.arrive(first, 47.0, false, 1.0F);
  for (int hour = 0; hour < 500; ++hour) {
    stuck.arrive(first, 47.0, true, 1.0F);
    stuck.learn();
  }
  StuckSurprise::Run second = run;
  stuck.arrive(second, 48.0, false, 1.0F);
  for (int hour = 0; hour < 12; ++hour) stuck.arrive(second, 48.0, true, 1.0F);
  CHECK(second.surprise > 12.0F);
}

TEST_CASE("without neighbours it still judges") {
  StuckSurprise stuck;
  StuckSurprise::Run run;
  stuck.arrive(run, 1.0, false, std::numeric_limits<float>::quiet_NaN());
  stuck.arrive(run, 1.0, true, std::numeric_limits<float>::quiet_NaN());
  CHECK(run.length == 1);
  CHECK(run.surprise > 0.0F);
}

}  // namespace
}  // namespace skywarden::onboard
