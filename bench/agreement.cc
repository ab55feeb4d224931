// bench-agreement: how long agreement takes on a shell of 72 planes of 22 satellites, in virtual time. One
// JSON line a figure; every line names its seed, so that it can be taken again.
//
//   bench-agreement FIGURE [--seeds A..B] [--seconds S]      see --help for the figures
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "agreement/world.h"
#include "cpu_time.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::agreement;
using namespace skywarden::consensus;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Plan {
  std::uint32_t voters = 128;
  std::uint32_t heavy = 0;      // 0: all votes are equal; else so many near the leader hold nearly all
  std::uint32_t members = 128;  // voters and learners
  std::uint32_t failures_max = 20;
  Delays delays = Delays::kFromOrbits;
  Duration length = kOrbit;
  bool crashes = false;
};

// The members of a compact group, nearest to `centre` first.
std::vector<NodeId> nearest(const Shell& shell, NodeId centre, std::size_t count) {
  const DelayGraph graph(shell.links());
  const ShortestWays ways = shortest_ways(graph, *graph.place(centre));
  std::vector<std::pair<Duration, NodeId>> order;
  for (std::uint32_t p = 0; p < graph.nodes().size(); ++p)
    order.emplace_back(ways.delay[p], graph.nodes()[p]);
  std::sort(order.begin(), order.end());
  std::vector<NodeId> nodes;
  for (std::size_t i = 0; i < count; ++i) nodes.push_back(order[i].second);
  return nodes;
}

Outcome run(std::uint64_t seed, const Plan& plan) {
  Random random(seed);
  Shell shell(plan.delays, random.fork(1));
  const NodeId home = satellite(static_cast<std::uint32_t>(random.below(kSatellites)));
  const auto voters = nearest(shell, home, plan.voters);
  Membership founding{{}, {}, plan.failures_max};
  for (std::size_t i = 0; i < voters.size(); ++i)
    founding.shares[voters[i]] = plan.heavy == 0 ? 1 : i < plan.heavy ? 100 : 1;
  WorldOptions options;
  options.raft.heartbeat = milliseconds(500);
  options.raft.election_timeout_min = milliseconds(2000);
  options.raft.election_timeout_max = milliseconds(4000);
  World world(random.next(), std::move(shell), founding, options);
  world.measuring = false;
  const Instant begin{seconds(10)};
  const Instant end = begin + plan.length;
  // Whoever leads hands over to the one in the middle as soon as it is up.
  std::function<void()> keep_home = [&] {
    const NodeId leader = world.leader();
    if (leader != kNobody && leader != home && world.alive(home) && world.raft(leader).lag(home) == 0)
      if (auto effects = world.raft(leader).transfer_leadership(home, world.now()))
        world.perform(leader, std::move(*effects));
    world.at(world.now() + seconds(1), keep_home);
  };
  world.at(Instant(seconds(1)), keep_home);
  std::function<void()> write = [&] {
    world.write();
    world.at(world.now() + milliseconds(500) +
                 Duration(static_cast<std::int64_t>(world.random().below(1'000'000'000))),
             write);
  };
  world.at(begin, [&] {
    world.measuring = true;
    write();
  });
  std::function<void()> crash = [&] {
    const NodeId victim = voters[world.random().below(voters.size())];
    world.crash(victim);
    world.at(world.now() + seconds(20), [&world, victim] { world.restart(victim); });
    world.at(world.now() + seconds(60), crash);
  };
  if (plan.crashes) world.at(begin + seconds(30), crash);
  world.run_until(end);
  return std::move(world.outcome());
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Agreement on a shell of satellites, in virtual time");
  std::string figure;
  std::uint64_t seed = 1;
  int length = 600;
  app.add_option("figure", figure)->required();
  app.add_option("--seed", seed);
  app.add_option("--seconds", length);
  CLI11_PARSE(app, argc, argv);
  Plan plan;
  plan.length = seconds(length);
  if (figure == "heavy") plan.heavy = 41;
  plan.crashes = true;
  const double before = cpu_seconds();
  Outcome o = run(seed, plan);
  const double cpu = cpu_seconds() - before;
  fmt::print(
      "{} writes {} refused {} lost {} p50 {:.1f} p99 {:.1f} outages {} handled {} in {:.2f} s: {:.0f}/s "
      "{}\n",
      figure, o.writes, o.writes_refused, o.writes_lost, statistics::quantile(o.commit_ms, 0.5),
      statistics::quantile(o.commit_ms, 0.99), o.outage_s.size(), o.handled, cpu, o.handled / cpu,
      o.violation);
}
