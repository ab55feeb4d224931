// The figures of bench-agreement by name: what each is, and how it is played and printed. One JSON line a
// seed, in the order of seeds, and for some one over all seeds.
#pragma once

#include <cstdint>
#include <span>

#include "base/time.h"

namespace skywarden::agreement {

struct Ask {
  std::uint64_t first = 1, last = 1;  // seeds
  Duration length{};                  // of virtual time, a run
  std::uint32_t copies = 1;           // of a frame, on each hop
  double lost_alike = 0.0;            // see WayOptions
  std::size_t jobs = 1;               // seeds played at once
  std::uint32_t voters = 7;           // of availability
};

struct Figure {
  const char* name;
  const char* what;
  bool (*play)(const Ask& ask);  // false: something that Raft promises was broken, and was printed
  Duration length_min{};         // of an Ask for it
};

[[nodiscard]] std::span<const Figure> figures();

}  // namespace skywarden::agreement
