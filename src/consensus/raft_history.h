// For tests: whole histories of a Raft group, each made of a seed. Loss, repeats, delay, reordering, splits,
// crashes, changed shares, joins and leaves, then peace: whatever happened, the group agrees again.
#pragma once

#include <cstdint>
#include <string>

namespace skywarden::consensus {

struct History {
  std::string violation;   // empty: none
  std::string misled;      // how the clients were, as far as they could see; empty: they were not
  std::uint64_t hash = 0;  // of the trace
  std::size_t delivered = 0, faults = 0, elections = 0, epochs = 0, commits = 0, installs = 0, reads = 0,
              client_operations = 0, relayed = 0;
};

[[nodiscard]] History play_history(std::uint64_t seed);

}  // namespace skywarden::consensus
