#include "agents/watch_world.h"

namespace skywarden::agents {

Watcher drawn_watcher(Random& draw, const RehearsalOptions& options, std::uint32_t i) {
  Watcher watcher;
  watcher.useful = draw.uniform(0.6, 0.95);
  const auto length = static_cast<double>(options.length.count());
  const Instant death = kStart + Duration(static_cast<std::int64_t>(draw.uniform() * length));
  if (i < options.dying) watcher.dies = death;
  watcher.overstates = i >= options.dying && i < options.dying + options.overstating;
  if (watcher.overstates) watcher.useful = 0.2;
  const bool claims_all = watcher.overstates && !options.honest_instead;
  watcher.claimed = claims_all ? kPerMille : static_cast<std::uint32_t>(watcher.useful * kPerMille);
  return watcher;
}

CellTask drawn_task(Random& draw, const RehearsalOptions& options, TaskKey key, std::uint32_t group,
                    const Watchers& watchers, Instant now) {
  CellTask cell;
  cell.key = key;
  cell.begin = now;
  cell.due = now + kTaskTime;
  cell.value = 1 + draw.below(100);
  cell.shared = draw.chance(options.shared);
  for (const auto& [name, watcher] : watchers) {
    const std::uint64_t geometry = 300 + draw.below(701);
    const bool sees = draw.chance(0.5);
    if (sees && (cell.shared || group_of(name) == group)) cell.geometry[name] = geometry;
  }
  return cell;
}

std::uint32_t useful_views(const Random& world, TaskKey task, NodeId name, const Watcher& watcher) {
  Random random = world.fork(1'000'000 + task.value() * 4096 + name.value());
  std::uint32_t useful = 0;
  for (std::uint32_t i = 0; i < kViews; ++i) useful += random.chance(watcher.useful) ? 1 : 0;
  return useful;
}

void count(const CellTask& cell, const RehearsalOptions& options, const Random& world,
           const Watchers& watchers, RehearsalFigures& figures) {
  const bool late = cell.begin >= kStart + options.length / 2;
  ++figures.tasks;
  if (late) ++figures.tasks_late;
  figures.value_possible += cell.value;
  if (cell.did.size() > 1) ++figures.twice;
  if (!cell.died_with.empty()) ++figures.held_by_dead;
  if (!cell.first) return;
  ++figures.reported;
  const Watcher& first = watchers.at(*cell.first);
  const bool well = 2 * useful_views(world, cell.key, *cell.first, first) >= kViews;
  if (well) ++figures.well_done;
  if (well) figures.value += cell.value;
  if (!cell.died_with.empty()) ++figures.rescued;
  if (!first.overstates) return;
  ++figures.to_overstating;
  if (late) ++figures.to_overstating_late;
  if (well) figures.income_overstating += cell.value;
}

}  // namespace skywarden::agents
