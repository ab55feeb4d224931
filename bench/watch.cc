// bench-watch: who watches which cells, planned well or greedily, and what overstating one's ability earns
// under three ways of paying. One JSON line a figure.
//
//   bench-watch [INSTANCES]      default 200
//
// An instance: 6 satellites with 4 views each over 24 cells. A satellite sees a cell with probability 0.5; a
// view at full ability is worth the cell's value (1…100) times its geometry (0.2…1). Abilities are 0.3…1. One
// satellite after the other claims full ability while the others tell the truth.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "games/watch_reward.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::games;

constexpr std::size_t kSatellites = 6, kCells = 24;

struct Instance {
  WatchChoice choice;
  Abilities able;
};

Instance draw(Random& random) {
  Instance instance;
  instance.choice.views.assign(kSatellites, 4);
  std::vector<std::uint64_t> values;
  for (std::size_t c = 0; c < kCells; ++c) values.push_back(1 + random.below(100));
  for (std::size_t s = 0; s < kSatellites; ++s) {
    instance.able.push_back(300 + static_cast<std::uint32_t>(random.below(701)));
    instance.choice.worth.emplace_back();
    for (std::size_t c = 0; c < kCells; ++c)
      instance.choice.worth[s].push_back(
          random.chance(0.5) ? static_cast<std::int64_t>(values[c] * (200 + random.below(801))) : 0);
  }
  return instance;
}

// What the satellite delivers when plans follow claims.
std::int64_t delivered(const Instance& instance, const Abilities& claimed, std::size_t satellite) {
  const WatchPlan plan = best_plan(choice_for(instance.choice, claimed));
  const WatchChoice real = choice_for(instance.choice, instance.able);
  std::int64_t sum = 0;
  for (std::size_t c = 0; c < plan.size(); ++c)
    if (plan[c] == satellite) sum += real.worth[satellite][c];
  return sum;
}

// Paid its part of what the plan is worth by the claims.
double by_claims(const Instance& instance, const Abilities& claimed, std::size_t satellite) {
  const WatchChoice choice = choice_for(instance.choice, claimed);
  const WatchPlan plan = best_plan(choice);
  double own = 0;
  for (std::size_t c = 0; c < plan.size(); ++c)
    if (plan[c] == satellite) own += static_cast<double>(choice.worth[satellite][c]);
  return own;
}

struct Gains {
  std::size_t tried = 0, gained = 0;
  double before = 0, after = 0;
  void add(double honest, double overstated) {
    ++tried;
    if (overstated > honest) ++gained;
    before += honest;
    after += overstated;
  }
  void print(const char* name) const {
    fmt::print(R"({{"figure":"overstating, paid {}","tries":{},"gained":{},"mean_change_percent":{:.2f}}})"
               "\n",
               name, tried, gained, 100 * (after / before - 1));
  }
};

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "Who watches which cells, planned well or greedily, and what overstating one's ability earns");
  std::int64_t instances = 200;
  app.add_option("instances", instances, "drawn")
      .check(skywarden::command_line::range(1, 100'000))
      .capture_default_str();
  app.footer("Example:\n  bench-watch 200");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const Random seeds(1);
  std::vector<double> ratios;
  Gains claims, deliveries, rewards;
  double plan_seconds = 0;
  for (std::int64_t i = 0; i < instances; ++i) {
    Random random = seeds.fork(static_cast<std::uint64_t>(i));
    const Instance instance = draw(random);
    const WatchChoice real = choice_for(instance.choice, instance.able);
    const double start = cpu_seconds();
    const auto best = static_cast<double>(total_worth(real, best_plan(real)));
    plan_seconds += cpu_seconds() - start;
    ratios.push_back(static_cast<double>(total_worth(real, greedy_plan(real))) / best);
    const auto honest = watch_rewards(instance.choice, instance.able, instance.able).value();
    for (std::size_t s = 0; s < kSatellites; ++s) {
      Abilities claimed = instance.able;
      claimed[s] = kFullAbility;
      claims.add(by_claims(instance, instance.able, s), by_claims(instance, claimed, s));
      deliveries.add(static_cast<double>(delivered(instance, instance.able, s)),
                     static_cast<double>(delivered(instance, claimed, s)));
      const auto overstated = watch_rewards(instance.choice, claimed, instance.able).value();
      rewards.add(to_double(honest[s]), to_double(overstated[s]));
    }
  }
  double sum = 0;
  for (const double ratio : ratios) sum += ratio;
  fmt::print(
      R"({{"figure":"greedy worth against best","instances":{},"mean":{:.4f},"least":{:.4f},"median":{:.4f}}})"
      "\n",
      instances, sum / static_cast<double>(ratios.size()), *std::min_element(ratios.begin(), ratios.end()),
      statistics::quantile(ratios, 0.5));
  fmt::print(R"({{"figure":"best plan, CPU","satellites":{},"cells":{},"microseconds":{:.1f}}})"
             "\n",
             kSatellites, kCells, plan_seconds / static_cast<double>(instances) * 1e6);
  claims.print("by claims");
  deliveries.print("for deliveries");
  rewards.print("by Shapley as measured");
  return 0;
}
