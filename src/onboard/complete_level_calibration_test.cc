#include "onboard/complete_level_calibration.h"

#include <doctest/doctest.h>

#include <array>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

const std::size_t kNear = LevelCalibration::gap_of(1, 0), kFar = LevelCalibration::gap_of(17, 0);

// Two levels; the estimate is right about a level with probability `sharp`, and says so.
struct Cell {
  std::size_t truth = 0;
  std::array<double, 2> probabilities{};
};

Cell draw(Random& random, double second, double sharp) {
  Cell out;
  out.truth = random.chance(second) ? 1 : 0;
  const bool seems_second = random.chance(sharp) == (out.truth == 1);
  const double likely = seems_second ? sharp * second : (1.0 - sharp) * second;
  const double unlikely = seems_second ? (1.0 - sharp) * (1.0 - second) : sharp * (1.0 - second);
  out.probabilities = {unlikely / (likely + unlikely), likely / (likely + unlikely)};
  return out;
}

// Cells go missing by their level; what the calibration finds out.
LevelCalibration after_losses(double lost_first, double lost_second, std::size_t gap) {
  LevelCalibration calibration(2, 1, {0});
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    Cell cell = draw(random, 0.2, 0.8);
    if (random.chance(cell.truth == 1 ? lost_second : lost_first)) {
      calibration.note(0, gap, cell.probabilities);
    } else {
      calibration.see(0, gap, cell.probabilities);
    }
    if (i % 100 == 0) calibration.refresh();
  }
  return calibration;
}

}  // namespace

TEST_CASE("levels that go missing more often are given more, though nobody sees what was lost") {
  const LevelCalibration calibration = after_losses(0.05, 0.5, kNear);
  const double ratio = calibration.odds(0)[1] / calibration.odds(0)[0];
  CHECK(ratio > 5.0);  // (0.5 / 0.5) / (0.05 / 0.95) = 19, leaning on none
  std::array<double, 2> even{0.5, 0.5};
  calibration.tilt(0, kNear, even);
  CHECK(even[0] + even[1] == doctest::Approx(1.0));
  CHECK(even[1] > 0.8);
}

TEST_CASE("losses without preference tilt nothing at all, nor do long gaps") {
  const LevelCalibration alike = after_losses(0.3, 0.3, kNear), far = after_losses(0.05, 0.5, kFar);
  for (const double odds : alike.odds(0)) CHECK(odds == 1.0);
  for (const double odds : far.odds(0)) CHECK(odds == 1.0);
}

TEST_CASE("what was asked long ago no longer counts") {
  LevelCalibration calibration(2, 1, {0}, {.asked_levels = 2'000});
  Random random(5);
  const auto lose = [&](double lost_first, double lost_second) {
    for (int i = 0; i < 20'000; ++i) {
      const Cell cell = draw(random, 0.2, 0.8);
      if (random.chance(cell.truth == 1 ? lost_second : lost_first))
        calibration.note(0, kNear, cell.probabilities);
      else
        calibration.see(0, kNear, cell.probabilities);
      if (i % 100 == 0) calibration.refresh();
    }
  };
  lose(0.05, 0.5);
  CHECK(calibration.odds(0)[1] > 2.0);
  lose(0.2, 0.2);
  CHECK(calibration.odds(0)[1] == 1.0);
}

// On Beijing's rows with a tenth lost at random, odds up to 2 were found where none are: a rare level's
// moves by chance alone.
TEST_CASE("a rare level whose odds seem off by chance tilts nothing") {
  LevelCalibration calibration(3, 1, {0}, {.turns = 12});
  Random random(11);
  for (int i = 0; i < 4'000; ++i) {
    const double rare = random.chance(0.004) ? 0.9 : 0.001;
    const std::array<double, 3> cell{(1.0 - rare) / 2.0, (1.0 - rare) / 2.0, rare};
    calibration.see(0, kNear, cell);
    // … and a few more of them among the missing.
    const double seems = random.chance(0.01) ? 0.9 : 0.001;
    if (i % 10 == 0)
      calibration.note(0, kNear, std::array<double, 3>{(1.0 - seems) / 2.0, (1.0 - seems) / 2.0, seems});
  }
  calibration.refresh();
  for (const double odds : calibration.odds(0)) CHECK(odds == 1.0);
}

TEST_CASE("what is stated moves to how often it was right, by stream, and leans on the pool before") {
  LevelCalibration calibration(2, 3, {0, 0, 0});
  for (int i = 0; i < 1000; ++i) {
    calibration.learn(0, kNear, 0.85, i % 10 < 5, 0);
    calibration.learn(1, kNear, 0.85, true, 0);
  }
  CHECK(0.85 * calibration.correction(0, kNear, 0.85) == doctest::Approx(0.5).epsilon(0.03));
  CHECK(0.85 * calibration.correction(1, kNear, 0.85) == doctest::Approx(1.0).epsilon(0.01));
  CHECK(0.85 * calibration.correction(2, kNear, 0.85) == doctest::Approx(0.75).epsilon(0.01));  // never tried
  CHECK(calibration.correction(0, kFar, 0.85) == 1.0);
  CHECK(calibration.correction(0, kNear, 0.35) == 1.0);
}

TEST_CASE("streams that move take along what was learnt of them") {
  LevelCalibration calibration(2, 2, {0, 0});
  for (int i = 0; i < 1000; ++i) calibration.learn(1, kNear, 0.85, false, 0);
  const double before = calibration.correction(1, kNear, 0.85);
  const std::vector<std::size_t> moves{1, kNewStream};
  calibration.move_streams(moves, 2);
  CHECK(calibration.correction(0, kNear, 0.85) == before);
  CHECK(calibration.correction(1, kNear, 0.85) > before);
}

TEST_CASE("missing cells of streams that go are forgotten, those of others stay") {
  const auto odds_without = [](std::size_t gone) {
    LevelCalibration calibration(2, 2, {0, 0});
    Random random(3);
    for (int i = 0; i < 20'000; ++i) {
      const Cell cell = draw(random, 0.2, 0.8);
      const std::size_t stream = static_cast<std::size_t>(i % 2);
      const bool lost = random.chance(stream == 0 || cell.truth == 0 ? 0.05 : 0.5);
      if (lost)
        calibration.note(stream, kNear, cell.probabilities);
      else
        calibration.see(stream, kNear, cell.probabilities);
    }
    calibration.move_streams(std::vector<std::size_t>{1 - gone}, 2);
    calibration.refresh();
    return calibration.odds(0)[1];
  };
  CHECK(odds_without(0) > 1.5);
  CHECK(odds_without(1) == 1.0);
}
