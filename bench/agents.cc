// bench-agents: tasks of watching given out over lossy links, with the registry of agents and without. One
// JSON line a figure.
//
//   bench-agents [SEEDS]      default 20; seeds 1..SEEDS, the same worlds for every way of giving
//
// A world: agents/watch_rehearsal.h. Two groups of 10 satellites, a task every 30 s in each for 4 hours, 20
// minutes for each task, 8 views each; 3 satellites of each group die, 2 overstate. Half of a task's views
// must turn out useful. Greedy: ordered to whoever claims most and answers. By claims: the contract net
// without a registry. By rating: with it.
#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "agents/registry.h"
#include "agents/watch_rehearsal.h"
#include "command_line/command_line.h"
#include "cpu_time.h"

namespace {

using namespace skywarden;
using namespace skywarden::agents;

struct Way {
  Giving giving;
  const char* name;
  bool all_honest = false;
};
constexpr Way kWays[] = {{Giving::kGreedy, "greedy"},
                         {Giving::kByClaims, "by claims"},
                         {Giving::kByClaims, "by claims, all of them true", true},
                         {Giving::kByRating, "by rating"}};
constexpr double kLosses[] = {0.0, 0.1, 0.3};

struct Share {  // of each seed, per cent
  std::vector<double> seeds;
  void add(std::uint64_t part, std::uint64_t whole) {
    seeds.push_back(whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
  }
  [[nodiscard]] double mean() const {
    double sum = 0;
    for (const double share : seeds) sum += share;
    return sum / static_cast<double>(seeds.size());
  }
  [[nodiscard]] double half_width() const {  // of the 95 % interval of the mean, over seeds
    double squares = 0;
    for (const double share : seeds) squares += (share - mean()) * (share - mean());
    const auto n = static_cast<double>(seeds.size());
    return n < 2 ? 0 : 1.96 * std::sqrt(squares / (n - 1) / n);
  }
};

void print_tasks(const Way& way, double loss, std::uint32_t seeds) {
  Share reported, well, value, twice, overstating;
  RehearsalFigures all;
  all.replicas_agree = true;
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    RehearsalOptions options;
    options.giving = way.giving;
    options.loss = loss;
    options.seed = seed;
    options.honest_instead = way.all_honest;
    const RehearsalFigures one = rehearse(options);
    reported.add(one.reported, one.tasks);
    well.add(one.well_done, one.tasks);
    value.add(one.value, one.value_possible);
    twice.add(one.twice, one.tasks);
    overstating.add(one.to_overstating_late, one.tasks_late);
    all.tasks += one.tasks;
    all.held_by_dead += one.held_by_dead;
    all.rescued += one.rescued;
    all.false_losses += one.false_losses;
    all.disputed += one.disputed;
    all.unheard += one.unheard;
    all.messages += one.messages;
    all.entries += one.entries;
    all.replicas_agree = all.replicas_agree && one.replicas_agree;
  }
  const auto per_task = [&](std::uint64_t count) {
    return static_cast<double>(count) / static_cast<double>(all.tasks);
  };
  fmt::print(
      R"({{"figure":"tasks by their deadline","giving":"{}","loss_percent":{:.0f},"seeds":{},"tasks":{},)"
      R"("reported_percent":{:.1f},"well_done_percent":{:.1f},"well_done_half_width":{:.1f},"value_percent":{:.1f},)"
      R"("done_twice_percent":{:.2f},"to_overstating_in_second_half_percent":{:.2f},"held_by_dead":{},"rescued":{},)"
      R"("leases_lost_by_living":{},"disputed":{},"rulings_unheard":{},"messages_per_task":{:.1f},)"
      R"("entries_per_task":{:.2f},"replicas_agree":{}}})"
      "\n",
      way.name, 100 * loss, seeds, all.tasks, reported.mean(), well.mean(), well.half_width(), value.mean(),
      twice.mean(), overstating.mean(), all.held_by_dead, all.rescued, all.false_losses, all.disputed,
      all.unheard, per_task(all.messages), per_task(all.entries), all.replicas_agree);
}

void print_overstating(const Way& way, std::uint32_t seeds) {
  std::uint64_t honest = 0, overstated = 0, won_honest = 0, won = 0;
  for (std::uint32_t seed = 1; seed <= seeds; ++seed) {
    RehearsalOptions options;
    options.giving = way.giving;
    options.loss = 0.1;
    options.seed = seed;
    const RehearsalFigures claims_all = rehearse(options);
    options.honest_instead = true;
    const RehearsalFigures claims_truth = rehearse(options);
    overstated += claims_all.income_overstating;
    won += claims_all.to_overstating;
    honest += claims_truth.income_overstating;
    won_honest += claims_truth.to_overstating;
  }
  fmt::print(
      R"({{"figure":"overstating against the truth","giving":"{}","loss_percent":10,"seeds":{},)"
      R"("tasks_if_honest":{},"tasks_if_overstated":{},"income_if_honest":{},"income_if_overstated":{}}})"
      "\n",
      way.name, seeds, won_honest, won, honest, overstated);
}

// A thousand agents that renew and are rated.
void print_registry() {
  constexpr std::uint32_t kAgents = 1000;
  constexpr std::uint32_t kRounds = 50;
  Registry registry;
  Instant now{};
  std::size_t bytes = 0, entries = 0;
  double seconds = 0;
  const auto tell = [&](decltype(AgentEvent::what) what) {
    const auto entry = encode({now, NodeId(1), std::move(what)});
    const double begun = cpu_seconds();
    (void)registry.apply(entry);
    seconds += cpu_seconds() - begun;
    bytes += entry.size();
    ++entries;
  };
  tell(Registered{NodeId(1), Hull(1), Tier::kArea, GroupId(1), kLeaseMax, {}, {}});
  tell(Renewed{NodeId(1), now});
  for (std::uint32_t i = 2; i < kAgents + 2; ++i)
    tell(Registered{NodeId(i),
                    Hull(i),
                    Tier::kSatellite,
                    GroupId(i % 20),
                    std::chrono::hours(1),
                    {},
                    {{Ability::kWatch, 10}}});
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    now += std::chrono::minutes(10);
    for (std::uint32_t i = 2; i < kAgents + 2; ++i) {
      tell(Renewed{NodeId(i), now});
      tell(Measured{NodeId(i), Ability::kWatch, i % 9, 8, std::uint64_t{round} * kAgents + i});
    }
  }
  const auto saved = registry.save();
  const double begun = cpu_seconds();
  const bool restored = Registry::restore(saved).has_value();
  fmt::print(
      R"({{"figure":"registry","agents":{},"entries":{},"microseconds_per_entry":{:.2f},"bytes_per_entry":{:.1f},)"
      R"("saved_bytes_per_agent":{:.1f},"restored":{},"restore_ms":{:.2f}}})"
      "\n",
      registry.agents().size(), entries, 1e6 * seconds / static_cast<double>(entries),
      static_cast<double>(bytes) / static_cast<double>(entries),
      static_cast<double>(saved.size()) / static_cast<double>(registry.agents().size()), restored,
      1e3 * (cpu_seconds() - begun));
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "Tasks of watching given out over lossy links, with the registry of agents and without");
  std::uint32_t count = 20;
  app.add_option("seeds", count, "worlds of each kind")
      .check(skywarden::command_line::range(1, 10'000))
      .capture_default_str();
  app.footer("Example:\n  bench-agents 20");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  for (const double loss : kLosses)
    for (const Way& way : kWays) print_tasks(way, loss, count);
  for (const Way& way : kWays)
    if (!way.all_honest) print_overstating(way, count);
  print_registry();
  return 0;
}
