// bench-agreement: how long agreement takes on a shell of 72 planes of 22 satellites, in virtual time. One
// JSON line a figure and seed, and one over all seeds. A line that says "violation" says that something Raft
// promises was broken; then the exit code is 1.
//
//   bench-agreement FIGURE [--seeds A..B] [--seconds S]      for example: bench-agreement flat --seeds 1..3
//
//   thousand   7 voters of 1,000 members drawn from the whole shell: commit, and until everybody knows
//   region     the same, the 1,000 being the first 45 planes and ten satellites of the next
//   uneven     as thousand with 5…30 ms a hop, drawn for each link, against the floor of Dijkstra's ways
//   flat       128 voters, f = 20, a random one crashes each minute
//   shares     the same with computed shares against equal votes
//   changes    computed shares against shares frozen at the start and against equal votes, while a tenth of
//              the members is slow, leadership moves and satellites join
//   slowed     the heaviest voter but the leader becomes slow
//   liar       the leader's neighbour does not do what it should, in four ways
//   availability   writes committed within 300 ms in a week of failures and planned turns, see
//              agreement/availability.h; --seconds says how long, --voters of how many
//   speed      messages and timers handled a second of processor time, checkers on
//
// Everything is measured in virtual time after 20 s of settling; each hop loses 5 % of messages, see
// agreement/world.h for what links do about it. Crashes, slowness, moves and the places of groups follow from
// the seed and are the same for everything that is compared.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>

#include "agreement/availability.h"
#include "agreement/group.h"
#include "base/text.h"
#include "cpu_time.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::agreement;
using statistics::quantile;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Seeds {
  std::uint64_t first = 1, last = 1;
};

struct Ask {
  Seeds seeds;
  Duration length = kOrbit;
  std::uint32_t voters = 7;
  bool violated = false;
};

struct Summary {
  double p50 = 0.0, p99 = 0.0;
};

Summary summary(const std::vector<double>& sample) {
  if (sample.empty()) return {};
  return {quantile(sample, 0.50), quantile(sample, 0.99)};
}

struct Spread {  // of a figure over seeds
  double mean = 0.0, low = 0.0, high = 0.0, least = 0.0, most = 0.0;
};

// The mean with its interval of 95 %, from the normal approximation.
Spread spread(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  double sum = 0.0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  constexpr double kTwoSided95 = 1.96;
  const double half = values.size() < 2 ? 0.0 : kTwoSided95 * std::sqrt(squares / (n - 1.0) / n);
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return {mean, mean - half, mean + half, *least, *most};
}

std::string text(const Spread& s) {
  return fmt::format(R"({{"mean":{:.2f},"low95":{:.2f},"high95":{:.2f},"least":{:.2f},"most":{:.2f}}})",
                     s.mean, s.low, s.high, s.least, s.most);
}

GroupRun run(Ask& ask, std::uint64_t seed, GroupPlan plan) {
  plan.length = ask.length;
  GroupRun done = run_group(seed, plan);
  if (!done.outcome.violation.empty()) {
    ask.violated = true;
    fmt::print(R"({{"violation":"{}","seed":{}}})"
               "\n",
               done.outcome.violation, seed);
  }
  return done;
}

std::string outages(const Outcome& o) {
  const double longest = o.outage_s.empty() ? 0.0 : *std::max_element(o.outage_s.begin(), o.outage_s.end());
  return fmt::format(
      R"("writes":{},"refused":{},"lost":{},"leader_outages":{},"leader_outage_longest_s":{:.2f})", o.writes,
      o.writes_refused, o.writes_lost, o.outage_s.size(), longest);
}

double reduction(double from, double to) {
  return 100.0 * (from - to) / from;
}

// ---- figures

void thousand(Ask& ask, const char* figure, Delays delays, std::uint32_t among = kSatellites) {
  GroupPlan plan;
  plan.voters = 7;
  plan.learners = 993;
  plan.failures_max = 2;
  plan.shares = ShareRule::kNearest;
  plan.feeds = 4;
  plan.among = among;
  plan.delays = delays;
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    const GroupRun r = run(ask, seed, plan);
    const Summary commit = summary(r.outcome.commit_ms);
    const Summary know = summary(r.outcome.all_know_ms);
    fmt::print(R"({{"figure":"{}","seed":{},"members":{},"commit_p50_ms":{:.1f},"commit_p99_ms":{:.1f},)"
               R"("commit_floor_ms":{:.1f},"all_know_p50_ms":{:.1f},"all_know_p99_ms":{:.1f},)"
               R"("all_know_floor_ms":{:.1f},{},"handled":{}}})"
               "\n",
               figure, seed, r.members, commit.p50, commit.p99, r.floor_commit_ms, know.p50, know.p99,
               r.floor_all_know_ms, outages(r.outcome), r.outcome.handled);
  }
}

GroupPlan flat_plan(ShareRule rule) {
  GroupPlan plan;
  plan.shares = rule;
  plan.write_every = seconds(2);
  plan.crashes = true;
  return plan;
}

void flat(Ask& ask) {
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    const GroupRun r = run(ask, seed, flat_plan(ShareRule::kPolicy));
    const Summary commit = summary(r.outcome.commit_ms);
    fmt::print(R"({{"figure":"flat","seed":{},"voters":{},"commit_p50_ms":{:.1f},"commit_p99_ms":{:.1f},{},)"
               R"("share_changes":{}}})"
               "\n",
               seed, r.members, commit.p50, commit.p99, outages(r.outcome), r.share_changes);
  }
}

void shares(Ask& ask) {
  std::vector<double> p50, p99;
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    const Summary equal = summary(run(ask, seed, flat_plan(ShareRule::kEqual)).outcome.commit_ms);
    const GroupRun r = run(ask, seed, flat_plan(ShareRule::kPolicy));
    const Summary computed = summary(r.outcome.commit_ms);
    p50.push_back(reduction(equal.p50, computed.p50));
    p99.push_back(reduction(equal.p99, computed.p99));
    fmt::print(
        R"({{"figure":"shares","seed":{},"equal_p50_ms":{:.1f},"equal_p99_ms":{:.1f},"computed_p50_ms":{:.1f},)"
        R"("computed_p99_ms":{:.1f},"share_changes":{}}})"
        "\n",
        seed, equal.p50, equal.p99, computed.p50, computed.p99, r.share_changes);
    std::fflush(stdout);
  }
  fmt::print(R"({{"figure":"shares","seeds":{},"p50_less_percent":{},"p99_less_percent":{}}})"
             "\n",
             p50.size(), text(spread(p50)), text(spread(p99)));
}

void changes(Ask& ask) {
  std::vector<double> p50, p99, worse_p50, worse_p99;
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    const auto of = [&](ShareRule rule) {
      GroupPlan plan;
      plan.shares = rule;
      plan.write_every = seconds(2);
      plan.slows = plan.moves = true;
      return run(ask, seed, plan);
    };
    const GroupRun changing = of(ShareRule::kPolicyFromNearest);
    const Summary computed = summary(changing.outcome.commit_ms);
    const Summary frozen = summary(of(ShareRule::kNearest).outcome.commit_ms);
    const Summary equal = summary(of(ShareRule::kEqual).outcome.commit_ms);
    p50.push_back(reduction(frozen.p50, computed.p50));
    p99.push_back(reduction(frozen.p99, computed.p99));
    worse_p50.push_back(-reduction(equal.p50, computed.p50));
    worse_p99.push_back(-reduction(equal.p99, computed.p99));
    fmt::print(
        R"({{"figure":"changes","seed":{},"members":{},"equal_p50_ms":{:.1f},"equal_p99_ms":{:.1f},)"
        R"("frozen_p50_ms":{:.1f},"frozen_p99_ms":{:.1f},"changing_p50_ms":{:.1f},"changing_p99_ms":{:.1f},)"
        R"("share_changes":{}}})"
        "\n",
        seed, changing.members, equal.p50, equal.p99, frozen.p50, frozen.p99, computed.p50, computed.p99,
        changing.share_changes);
    std::fflush(stdout);
  }
  fmt::print(
      R"({{"figure":"changes","seeds":{},"p50_less_than_frozen_percent":{},"p99_less_than_frozen_percent":{},)"
      R"("p50_more_than_equal_percent":{},"p99_more_than_equal_percent":{}}})"
      "\n",
      p50.size(), text(spread(p50)), text(spread(p99)), text(spread(worse_p50)), text(spread(worse_p99)));
}

// The median of the writes of each half second, from the moment on.
void slowed(Ask& ask) {
  constexpr double kAt = 60.0, kBucket = 0.5;
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    GroupPlan plan;
    plan.shares = ShareRule::kPolicy;
    plan.write_every = milliseconds(25);
    plan.heaviest_slows_at = from_seconds(kAt);
    ask.length = seconds(120);
    const GroupRun r = run(ask, seed, plan);
    std::vector<double> before;
    std::map<int, std::vector<double>> after;
    for (const auto& [at, ms] : r.outcome.timed_ms)
      if (at < kAt)
        before.push_back(ms);
      else
        after[static_cast<int>((at - kAt) / kBucket)].push_back(ms);
    const double usual = quantile(before, 0.5);
    double back = 0.0;
    double worst = 0.0;
    for (const auto& [bucket, ms] : after) {
      worst = std::max(worst, quantile(ms, 0.5));
      if (quantile(ms, 0.5) > 1.1 * usual) back = (bucket + 1) * kBucket;
    }
    fmt::print(R"({{"figure":"slowed","seed":{},"p50_before_ms":{:.1f},"p50_worst_half_second_ms":{:.1f},)"
               R"("back_within_10_percent_s":{:.1f},"share_changes":{}}})"
               "\n",
               seed, usual, worst, back, r.share_changes);
  }
}

void liar(Ask& ask) {
  constexpr std::pair<Lie, const char*> kLies[] = {{Lie::kEager, "eager"},
                                                   {Lie::kTwoFaced, "two-faced"},
                                                   {Lie::kNeverHolds, "never holds"},
                                                   {Lie::kOscillates, "oscillates"}};
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    GroupPlan plan;
    plan.shares = ShareRule::kPolicy;
    const Summary without = summary(run(ask, seed, plan).outcome.commit_ms);
    for (const auto& [lie, name] : kLies) {
      plan.lie = lie;
      const GroupRun r = run(ask, seed, plan);
      const Summary with = summary(r.outcome.commit_ms);
      fmt::print(
          R"({{"figure":"liar","lie":"{}","seed":{},"largest_share":{:.4f},"share_at_end":{:.4f},"cap":{:.4f},)"
          R"("p99_ms":{:.1f},"p99_without_ms":{:.1f},"p99_more_percent":{:.1f}}})"
          "\n",
          name, seed, r.liar_largest_share, r.liar_share_at_end, r.share_cap, with.p99, without.p99,
          -reduction(without.p99, with.p99));
    }
  }
}

void speed(Ask& ask) {
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    const double before = cpu_seconds();
    const GroupRun r = run(ask, seed, flat_plan(ShareRule::kNearest));
    const double cpu = cpu_seconds() - before;
    fmt::print(
        R"({{"figure":"speed","seed":{},"voters":{},"handled":{},"cpu_s":{:.2f},"handled_per_cpu_s":{:.0f}}})"
        "\n",
        seed, r.members, r.outcome.handled, cpu, static_cast<double>(r.outcome.handled) / cpu);
  }
}

void availability(Ask& ask) {
  for (std::uint64_t seed = ask.seeds.first; seed <= ask.seeds.last; ++seed) {
    AvailabilityPlan plan;
    plan.voters = ask.voters;
    plan.length = ask.length;
    const double before = cpu_seconds();
    const Availability r = run_availability(seed, plan);
    const Summary answer = summary(r.answered_ms);
    const double longest = *std::max_element(r.answered_ms.begin(), r.answered_ms.end());
    if (!r.violation.empty() || r.lost > 0) {
      ask.violated = true;
      fmt::print(R"({{"violation":"{}","lost":{},"seed":{}}})"
                 "\n",
                 r.violation, r.lost, seed);
    }
    fmt::print(
        R"({{"figure":"availability","seed":{},"voters":{},"seconds":{:.0f},"writes":{},"in_time":{},)"
        R"("in_time_percent":{:.5f},"unanswered":{},"lost":{},"answer_p50_ms":{:.1f},"answer_p99_ms":{:.1f},)"
        R"("answer_longest_ms":{:.1f},"refusals":{},"silences":{},"crashes":{},"leader_crashes":{},"turns":{},)"
        R"("leader_turns":{},"outages":{},"recovery_longest_s":{:.2f},"handled":{},"cpu_s":{:.0f}}})"
        "\n",
        seed, ask.voters, to_seconds(plan.length), r.writes, r.in_time,
        100.0 * static_cast<double>(r.in_time) / static_cast<double>(r.writes), r.unanswered, r.lost,
        answer.p50, answer.p99, longest, r.refusals, r.silences, r.crashes, r.leader_crashes, r.turns,
        r.leader_turns, r.outages, r.recovery_longest_s, r.handled, cpu_seconds() - before);
    std::fflush(stdout);
  }
}

std::optional<Seeds> read_seeds(std::string_view said) {
  const auto dots = said.find("..");
  const auto first = parse_integer(said.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_integer(said.substr(dots + 2));
  if (!first || !last || *first < 1 || *last < *first) return std::nullopt;
  return Seeds{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Agreement on a shell of satellites, in virtual time; one JSON line a figure.\n"
      "Example: bench-agreement flat --seeds 1..3");
  std::string figure;
  std::string said_seeds = "1";
  int length = static_cast<int>(kOrbit / seconds(1));
  app.add_option("figure", figure,
                 "thousand, region, uneven, flat, shares, changes, slowed, liar, availability or speed")
      ->required();
  app.add_option("--seeds", said_seeds, "A or A..B");
  app.add_option("--seconds", length, "of virtual time a run; one orbit unless said")
      ->check(CLI::Range(60, 604'800));
  std::uint32_t voters = 7;
  app.add_option("--voters", voters, "of availability; 7 unless said")->check(CLI::Range(1, 200));
  CLI11_PARSE(app, argc, argv);
  const auto seeds = read_seeds(said_seeds);
  if (!seeds) return fmt::print(stderr, "bench-agreement: --seeds {}: expected A or A..B\n", said_seeds), 2;
  Ask ask{*seeds, seconds(length), voters};
  if (figure == "thousand")
    thousand(ask, "thousand", Delays::kFromOrbits);
  else if (figure == "region")
    thousand(ask, "region", Delays::kFromOrbits, 1000);
  else if (figure == "uneven")
    thousand(ask, "uneven", Delays::kUneven);
  else if (figure == "flat")
    flat(ask);
  else if (figure == "shares")
    shares(ask);
  else if (figure == "changes")
    changes(ask);
  else if (figure == "slowed")
    slowed(ask);
  else if (figure == "liar")
    liar(ask);
  else if (figure == "availability")
    availability(ask);
  else if (figure == "speed")
    speed(ask);
  else
    return fmt::print(stderr, "bench-agreement: {}: no such figure, see --help\n", figure), 2;
  return ask.violated ? 1 : 0;
}
