// How long the other side of a link has lately been silent between two of its messages: the longest gap of
// the last 64 to 128 heartbeats. The longest, and not a mean with deviations (Chen et al. 2002; Hayashibara
// et al. 2004, "The φ accrual failure detector"), because gaps on lossy links come in whole heartbeats and on
// orbital links in regimes: what happened once within a minute will happen again.
#pragma once

#include <algorithm>

#include "base/time.h"

namespace skywarden::consensus {

class Silence {
 public:
  // From now on, of another partner perhaps; it may be silent for as long as that without surprise.
  void begin(Instant now, Duration expected = {}) {
    heard_ = now;
    longest_ = std::max(longest_, expected);
  }
  void heard(Instant now, Duration heartbeat) {
    longest_ = std::max(longest_, now - heard_);
    heard_ = now;
    if (now < until_) return;
    before_ = longest_;
    longest_ = {};
    until_ = now + 64 * heartbeat;
  }
  [[nodiscard]] Instant last_heard() const { return heard_; }
  [[nodiscard]] Duration longest() const { return std::max(longest_, before_); }

 private:
  Instant heard_{}, until_{};
  Duration longest_{}, before_{};  // of this period, and of the one before
};

}  // namespace skywarden::consensus
