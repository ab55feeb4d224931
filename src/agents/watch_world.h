// The world of a rehearsal: satellites with what they are able to in truth, cells to watch and what became of
// them. Everything is drawn from the seed, so that every way of giving tasks out meets the same world.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "agents/task_desk.h"
#include "agents/watch_rehearsal.h"
#include "base/random.h"
#include "games/contract_net.h"

namespace skywarden::agents {

inline constexpr std::uint32_t kGroups = 2, kViews = 8;  // views of a task
inline constexpr Duration kTaskTime = std::chrono::minutes(20);
inline constexpr Instant kStart{};

// Names: leaders 10 and 11, satellites from 1000 and from 2000.
[[nodiscard]] constexpr NodeId leader_of(std::uint32_t group) {
  return NodeId(10 + group);
}
[[nodiscard]] constexpr NodeId satellite(std::uint32_t group, std::uint32_t i) {
  return NodeId(1000 * (group + 1) + i);
}
[[nodiscard]] constexpr std::uint32_t group_of(NodeId node) {
  return node.value() >= 1000 ? node.value() / 1000 - 1 : node.value() - 10;
}

struct Job {
  games::Contractor contractor;
  Instant done_at = Instant::max();
};
struct Watcher {
  double useful = 0;          // the part of its views, in truth
  std::uint32_t claimed = 0;  // per mille
  bool overstates = false;
  Instant dies = Instant::max();
  std::map<games::TaskId, Job> jobs;
};
struct CellTask {
  TaskKey key;
  Instant begin, due;
  bool shared = false;  // both groups see it
  std::uint64_t value = 0;
  std::map<NodeId, std::uint64_t> geometry;  // per mille; who sees the cell
  std::set<NodeId> did, died_with;
  std::optional<NodeId> first;  // whose report came by the deadline
};
using Watchers = std::map<NodeId, Watcher>;

// The i-th of its group: the first ones die, the next ones overstate.
[[nodiscard]] Watcher drawn_watcher(Random& draw, const RehearsalOptions& options, std::uint32_t i);
[[nodiscard]] CellTask drawn_task(Random& draw, const RehearsalOptions& options, TaskKey key,
                                  std::uint32_t group, const Watchers& watchers, Instant now);
// Of kViews, the same whenever it is asked.
[[nodiscard]] std::uint32_t useful_views(const Random& world, TaskKey task, NodeId name,
                                         const Watcher& watcher);
void count(const CellTask& cell, const RehearsalOptions& options, const Random& world,
           const Watchers& watchers, RehearsalFigures& figures);

}  // namespace skywarden::agents
