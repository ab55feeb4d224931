// For tests: whole histories of a Raft group, each made of a seed. Loss, repeats, delay, reordering, cuts in
// both directions and in one, crashes, torn writes, disks that lie, clocks that drift, forecasts that are
// wrong, changed shares, joins and leaves, of witnesses too, then peace: whatever happened, the group agrees
// again. A history ends with the faults once kDeliveredMin messages were delivered amid them.
#pragma once

#include <cstdint>
#include <string>

namespace skywarden::consensus {

inline constexpr std::size_t kDeliveredMin = 2000;

struct Faults {
  std::size_t splits = 0;         // a side cut off both ways
  std::size_t one_way_cuts = 0;   // a side, or one to another, in one direction
  std::size_t crashes = 0;        // of hosts that had made durable what they said
  std::size_t torn_writes = 0;    // of hosts while a step was being made durable: none of it, a part, all
  std::size_t disks_lost = 0;     // a disk kept less than it said: the host comes back under a new name
  std::size_t delay_changes = 0;  // other delays, loss and repeats for everybody
  [[nodiscard]] std::size_t total() const {
    return splits + one_way_cuts + crashes + torn_writes + disks_lost + delay_changes;
  }
};

struct History {
  std::string violation;   // empty: none
  std::string misled;      // how the clients were, as far as they could see; empty: they were not
  std::uint64_t hash = 0;  // of the trace
  Faults faults;
  std::size_t delivered = 0, elections = 0, epochs = 0, epochs_committed = 0, commits = 0, installs = 0,
              reads = 0, client_operations = 0, relayed = 0;
  std::size_t witnessed = 0, withheld = 0;  // epochs with witnesses, committed; entries as they store them

  // What may be called a history: kDeliveredMin messages delivered, two faults, and, beyond the election that
  // every group begins with, another one or a change of shares that was committed.
  [[nodiscard]] bool counts() const {
    return delivered >= kDeliveredMin && faults.total() >= 2 && (elections > 1 || epochs_committed > 0);
  }
};

[[nodiscard]] History play_history(std::uint64_t seed);

}  // namespace skywarden::consensus
