#include "onboard/complete_calibration.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "base/random.h"

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

constexpr std::size_t kGap = 5;         // two slots, no record, an end of the same time
constexpr std::size_t kGapSlots = 100;  // apart, so that trials count one by one

NumberEstimate around(double value, double half) {
  return {value, value - half, value + half, half};
}

}  // namespace

TEST_CASE("stretches are the quantiles of the trials' places, worked out slowly") {
  // With 399 trials and tails of 5 % the conformal ends are the 20th smallest and the 20th largest place.
  CalibrationOptions options;
  options.few = 0.0;
  IntervalCalibration calibration(1, 1, options);
  Random random(7);
  std::vector<double> places;
  for (int i = 0; i < 399; ++i) {
    const double error = random.normal(0.3, 1.0);
    places.push_back(error / 2.0);
    calibration.learn(0, 0, kGap, around(10.0, 2.0), 10.0 + error, 0,
                      kGapSlots * static_cast<std::size_t>(i));
  }
  calibration.refresh();
  std::sort(places.begin(), places.end());
  NumberEstimate estimate = around(4.0, 1.0);
  calibration.adjust(0, 0, kGap, estimate);
  CHECK(estimate.value == 4.0);
  CHECK(estimate.high == doctest::Approx(4.0 + places[399 - 20]).epsilon(1e-4));
  CHECK(estimate.low == doctest::Approx(4.0 + places[19]).epsilon(1e-4));
}

TEST_CASE("intervals that were far too narrow hold in nine of ten cases afterwards") {
  IntervalCalibration calibration(1, 1);
  Random random(11);
  for (int i = 0; i < 400; ++i)
    calibration.learn(0, 0, kGap, around(0.0, 0.5), random.normal(0.0, 1.0), 0,
                      kGapSlots * static_cast<std::size_t>(i));
  calibration.refresh();
  int held = 0;
  for (int i = 0; i < 4000; ++i) {
    NumberEstimate estimate = around(0.0, 0.5);
    calibration.adjust(0, 0, kGap, estimate);
    const double truth = random.normal(0.0, 1.0);
    held += estimate.low <= truth && truth <= estimate.high ? 1 : 0;
  }
  // The quantile of 400 trials is off by 1.5 % as a standard error, each side by itself by 1.1 %.
  CHECK(held / 4000.0 > 0.85);
  CHECK(held / 4000.0 < 0.95);
}

TEST_CASE("an interval without trials stays, with few it leans on the other fields' same kind of gap") {
  IntervalCalibration calibration(3, 1);
  for (int i = 0; i < 400; ++i)
    calibration.learn(0, 0, kGap, around(0.0, 1.0), i % 2 == 0 ? 2.0 : -2.0, 0,
                      kGapSlots * static_cast<std::size_t>(i));
  calibration.refresh();
  const auto high = [&](std::size_t field, std::size_t gap) {
    NumberEstimate estimate = around(0.0, 1.0);
    calibration.adjust(field, 0, gap, estimate);
    return estimate.high;
  };
  CHECK(high(0, kGap) == doctest::Approx(2.0).epsilon(0.02));
  CHECK(high(1, kGap) > 1.8);  // never tried itself
  CHECK(high(1, kGap) < 2.0);
  CHECK(high(0, kGap + 4) == 1.0);
}

TEST_CASE("old trials are forgotten") {
  IntervalCalibration calibration(1, 1);
  for (int i = 0; i < 500; ++i)
    calibration.learn(0, 0, kGap, around(0.0, 1.0), i % 2 == 0 ? 4.0 : -4.0, 0,
                      kGapSlots * static_cast<std::size_t>(i));
  for (int i = 0; i < 400; ++i)
    calibration.learn(0, 0, kGap, around(0.0, 1.0), i % 2 == 0 ? 1.0 : -1.0, 0,
                      kGapSlots * static_cast<std::size_t>(i));
  calibration.refresh();
  NumberEstimate estimate = around(0.0, 1.0);
  calibration.adjust(0, 0, kGap, estimate);
  CHECK(estimate.high == doctest::Approx(1.0));
}

TEST_CASE("where high values go missing, trials of high values count more") {
  // High values are underestimated: without weights the upper end would hold too seldom for what is missing.
  Random random(5);
  const auto held_of_missing = [&](bool tell) {
    IntervalCalibration calibration(1, 1);
    std::vector<std::pair<double, double>> missing;  // estimate, truth
    for (int i = 0; i < 20'000; ++i) {
      const double truth = random.normal(0.0, 1.0);
      const double estimate = 0.5 * truth + random.normal(0.0, 0.3);
      if (random.chance(truth > 0.8 ? 0.5 : 0.05)) {
        missing.emplace_back(estimate, truth);
        if (tell) calibration.note(0, 0, kGap, estimate);
      } else if (i % 10 == 0) {
        calibration.learn(0, 0, kGap, around(estimate, 1.0), truth, 0,
                          kGapSlots * static_cast<std::size_t>(i));
      }
    }
    calibration.refresh();
    double held = 0.0;
    for (const auto& [value, truth] : missing) {
      NumberEstimate estimate = around(value, 1.0);
      calibration.adjust(0, 0, kGap, estimate);
      held += estimate.low <= truth && truth <= estimate.high ? 1.0 : 0.0;
    }
    if (tell) CHECK(calibration.selection(0, 0)[IntervalCalibration::kBins - 1] > 2.0);
    return held / static_cast<double>(missing.size());
  };
  const double blind = held_of_missing(false), told = held_of_missing(true);
  CHECK(blind < 0.80);
  CHECK(told > blind + 0.05);
}

TEST_CASE("losses without preference are seen as such") {
  Random random(9);
  IntervalCalibration calibration(1, 1);
  for (int i = 0; i < 4000; ++i) {
    const double truth = random.normal(0.0, 1.0);
    if (random.chance(0.5))
      calibration.learn(0, 0, kGap, around(truth, 1.0), truth, 0, kGapSlots * static_cast<std::size_t>(i));
    else
      calibration.note(0, 0, kGap, truth);
  }
  for (const double odds : calibration.selection(0, 0)) CHECK(odds == doctest::Approx(1.0).epsilon(0.25));
}

TEST_CASE("kinds of gap are told apart") {
  CHECK(CalibrationClass::of(1, 0, true, false) != CalibrationClass::of(0, 0, true, false));
  CHECK(CalibrationClass::of(1, 0, true, false) != CalibrationClass::of(1, 0, false, false));
  CHECK(CalibrationClass::of(1, 0, true, false) != CalibrationClass::of(1, 0, true, true));
  CHECK(CalibrationClass::of(500, 1, true, false) == CalibrationClass::of(1, 0, true, false));
  CHECK(CalibrationClass::of(0, 0, true, true) < CalibrationClass::kCount);
}

TEST_CASE("errors that last count once: with few groups the ends go as far as the worst that was seen") {
  CalibrationOptions options;
  options.few = 0.0;
  const std::size_t gap = CalibrationClass::of(500, 0, true, false);
  const auto high = [&](std::size_t slots_apart) {
    IntervalCalibration calibration(1, 1, options);
    Random random(3);
    for (std::size_t i = 0; i < 390; ++i)
      calibration.learn(0, 0, gap, around(0.0, 1.0), random.normal(0.0, 1.0), 0, i * slots_apart);
    calibration.refresh();
    NumberEstimate estimate = around(0.0, 1.0);
    calibration.adjust(0, 0, gap, estimate);
    return estimate.high;
  };
  CHECK(high(CalibrationClass::lasts(gap)) == doctest::Approx(1.645).epsilon(0.15));
  CHECK(high(1) > 2.2);  // two groups
}
