// How far a number lies beyond everything that its series has shown before, for series that stand alone: no
// neighbours, no other fields. Three things are held against their own past extremes: the value, its change
// since the reading before, and its difference from a day before, the mean of some readings. What lies beyond
// counts in ranges (highest less lowest so far), so a series has to outdo itself ever more to be new again;
// extremes fade slowly toward the mean, so that one event does not hide all later ones. While the aftermath
// of one event lasts, only what is twice as new counts.
//
// One method, one setting for any series; state is bounded, and nothing depends on later readings.
#pragma once

#include <cstddef>
#include <deque>

#include "base/time.h"

namespace skywarden::onboard {

struct NoveltyOptions {
  std::size_t warm_up = 20;             // readings before a value or a change can be new
  double memory = 10'000;               // readings in which extremes fade to a third
  std::size_t day_mean = 12;            // readings, of the difference from a day before
  std::size_t aftermath = 120;          // readings
  double aftermath_times = 2.0;         // as new as the event's newest so far, to count in its aftermath
  std::size_t day_readings_max = 5000;  // of a day that are kept; denser series have no day
};

class Novelty {
 public:
  explicit Novelty(const NoveltyOptions& options = {}) : options_(options) {}

  // 0 for what has been there before.
  [[nodiscard]] double arrive(Instant time, double value);

 private:
  struct Extremes {
    std::size_t count = 0;
    double low = 0.0, high = 0.0, mean = 0.0;
    double beyond(double value, std::size_t warm_up, double memory);
  };
  struct Past {
    Instant time;
    double value;
  };
  double from_day_before(Instant time, double value);

  NoveltyOptions options_;
  Extremes values_, changes_, days_;
  std::deque<Past> day_;            // the readings of the last day and the one before them
  std::deque<double> differences_;  // from a day before, the last day_mean
  double last_ = 0.0;
  std::size_t since_event_ = 0;
  double event_ = 0.0;  // how new the last event's newest was; 0: none yet
};

}  // namespace skywarden::onboard
