// What the benchmarks measure with: time the processor spent on this program, whatever else the machine did.
#pragma once

#include <ctime>

namespace skywarden {

[[nodiscard]] inline double cpu_seconds() {
  std::timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace skywarden
