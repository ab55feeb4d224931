// What a contact with another node carries, from the exchanges that were seen. A pure machine.
#pragma once

#include <array>
#include <cstddef>

#include "base/time.h"
#include "base/units.h"

namespace skywarden::serving {

class ContactMeter {
 public:
  // An exchange of so many bytes in both directions took `elapsed`, of which the other node says that it
  // waited and worked for `there`.
  void note(std::size_t bytes, Duration elapsed, Duration there);

  // One way: half of the shortest of the last exchanges, connecting included.
  [[nodiscard]] Duration delay() const;
  // From large exchanges, what is left of their time when the delay is taken off; while there were none, what
  // small ones carried, which is less than the contact could. 0: nothing was seen yet.
  [[nodiscard]] BitsPerSecond rate() const;

 private:
  static constexpr std::size_t kKept = 8;
  static constexpr std::size_t kLargeBytes = 4096;
  static constexpr double kMemory = 0.25;  // of the newest large exchange
  std::array<Duration, kKept> elapsed_{};
  std::size_t seen_ = 0;
  double at_least_ = 0.0, rate_ = 0.0;  // bits per second
};

}  // namespace skywarden::serving
