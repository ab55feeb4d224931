// The clock that services live by: it never goes back, whatever is done to the machine's calendar.
#pragma once

#include <chrono>

#include "base/time.h"

namespace skywarden::shell {

[[nodiscard]] inline Instant steady_now() {
  return Instant(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

}  // namespace skywarden::shell
