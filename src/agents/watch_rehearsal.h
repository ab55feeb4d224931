// A rehearsal in virtual time of what this folder is for: two groups of satellites watch cells; some
// satellites die, some overstate what they can do, every message may be lost. Registry, desks and arbiter are
// the real ones, each leader with its own replica that applies the log's entries as bytes and late.
// Deterministic: the figures are a function of the options. Passes, values and abilities are drawn, not
// computed from orbits; the log itself is taken for granted.
#pragma once

#include <cstdint>

#include "agents/registry.h"

namespace skywarden::agents {

enum class Giving {
  kGreedy,    // to whoever claims most and answers; no registry, no second look
  kByClaims,  // the contract net, offers taken at their word; no registry
  kByRating,  // the contract net with registry, ratings, leases, trials and arbitration
};

struct RehearsalOptions {
  Giving giving = Giving::kByRating;
  std::uint64_t seed = 1;
  double loss = 0.0;                        // of every message, 0…0.9
  std::uint32_t satellites = 10;            // in each of the two groups
  std::uint32_t dying = 3;                  // of these, at drawn times, for good
  std::uint32_t overstating = 2;            // of the others: useful in one view of five; they claim all
  bool honest_instead = false;              // those claim the truth
  double shared = 0.2;                      // of the tasks: both groups see the cell
  Duration length = std::chrono::hours(4);  // in which a task begins every 30 s in each group
};

struct RehearsalFigures {
  std::uint64_t tasks = 0;
  std::uint64_t reported = 0;                   // by the deadline
  std::uint64_t well_done = 0;                  // reported by the deadline, at least half of the views useful
  std::uint64_t value = 0, value_possible = 0;  // of the cells of tasks well done, and of all
  std::uint64_t twice = 0;                      // tasks that two satellites did
  std::uint64_t held_by_dead = 0;               // tasks whose satellite died with its order
  std::uint64_t rescued = 0;                    // of these, done by another by the deadline
  std::uint64_t to_overstating = 0;             // tasks that those who overstate (or would) got
  std::uint64_t to_overstating_late = 0;        // in the second half of the time
  std::uint64_t income_overstating = 0;         // value of what they did well
  std::uint64_t tasks_late = 0;                 // begun in the second half
  std::uint64_t false_losses = 0;               // leases that ran out on the living
  std::uint64_t disputed = 0, unheard = 0;  // tasks both groups wanted; whose ruling some party did not hear
  std::uint64_t messages = 0, entries = 0;  // sent; of the log
  bool replicas_agree = false;              // byte for byte, once all have applied everything
  friend bool operator==(const RehearsalFigures&, const RehearsalFigures&) = default;
};

[[nodiscard]] RehearsalFigures rehearse(const RehearsalOptions& options);

}  // namespace skywarden::agents
