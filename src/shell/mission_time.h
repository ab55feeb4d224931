// The clock of a node that finds fires. One rule: UTC is read once, when the program begins, and from then on
// the time passes steadily, whatever is done to the machine's calendar. Timers, the ages of observations and
// the times of alerts are all of this one clock, as they are in the simulator. `behind` lets an exercise live
// in the past: all nodes of a group say the same, and it is told in every alert.
#pragma once

#include "base/time.h"
#include "shell/steady_clock.h"

namespace skywarden::shell {

// To the nanosecond as far as the machine knows it; leap seconds included (base/time.h).
[[nodiscard]] Instant utc_now();

class MissionTime {
 public:
  explicit MissionTime(Duration behind) : ahead_of_steady_(utc_now() - behind - steady_now()) {}

  [[nodiscard]] Instant now() const { return steady_now() + ahead_of_steady_; }
  // When it is `at` here, by steady_now(); Instant::max() stays: never.
  [[nodiscard]] Instant steady(Instant at) const { return at == Instant::max() ? at : at - ahead_of_steady_; }

 private:
  Duration ahead_of_steady_;
};

}  // namespace skywarden::shell
