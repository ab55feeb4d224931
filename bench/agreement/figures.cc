#include "agreement/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "agreement/areas.h"
#include "agreement/areas_figure.h"
#include "agreement/availability.h"
#include "agreement/group.h"
#include "agreement/memory.h"
#include "agreement/summary.h"
#include "cpu_time.h"

namespace skywarden::agreement {
namespace {

using statistics::quantile;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Played {  // of one seed
  std::string lines;
  std::vector<double> values;  // that the figure sums up over seeds
  bool violated = false;
};

using Column = std::vector<double>;  // one of those values, over all seeds

GroupRun run(const Ask& ask, Played& played, std::uint64_t seed, GroupPlan plan) {
  plan.length = ask.length;
  plan.copies = ask.copies;
  plan.lost_alike = ask.lost_alike;
  GroupRun done = run_group(seed, plan);
  if (!done.outcome.violation.empty()) {
    played.violated = true;
    played.lines += fmt::format(R"({{"violation":"{}","seed":{}}})"
                                "\n",
                                done.outcome.violation, seed);
  }
  return done;
}

// Worlds share nothing, so seeds may run beside each other; what is printed is the same for any `jobs`.
struct AllPlayed {
  std::vector<Column> columns;
  bool sound = true;
};
AllPlayed for_seeds(const Ask& ask, const std::function<Played(std::uint64_t)>& play) {
  AllPlayed all;
  std::deque<std::future<Played>> under_way;
  const auto finish_one = [&] {
    const Played played = under_way.front().get();
    under_way.pop_front();
    fmt::print("{}", played.lines);
    std::fflush(stdout);
    all.sound &= !played.violated;
    all.columns.resize(played.values.size());
    for (std::size_t i = 0; i < played.values.size(); ++i) all.columns[i].push_back(played.values[i]);
  };
  for (std::uint64_t seed = ask.first; seed <= ask.last; ++seed) {
    if (under_way.size() == ask.jobs) finish_one();
    under_way.push_back(std::async(ask.jobs == 1 ? std::launch::deferred : std::launch::async, play, seed));
  }
  while (!under_way.empty()) finish_one();
  return all;
}

std::string outages(const Outcome& o) {
  const double longest = o.outage_s.empty() ? 0.0 : *std::max_element(o.outage_s.begin(), o.outage_s.end());
  return fmt::format(
      R"("writes":{},"refused":{},"lost":{},"leader_outages":{},"leader_outage_longest_s":{:.2f})", o.writes,
      o.writes_refused, o.writes_lost, o.outage_s.size(), longest);
}

// What the links had to do: a copy is as long as the frame it repeats.
std::string load(const Ask& ask, const Outcome& o) {
  const double a_hop =
      static_cast<double>(o.carried.frames) / static_cast<double>(std::max<std::uint64_t>(o.carried.hops, 1));
  return fmt::format(
      R"("copies":{},"lost_alike":{:.2f},"frames_a_hop":{:.2f},"bytes_a_frame":{:.0f},"link_kb_a_s":{:.0f})",
      ask.copies, ask.lost_alike, a_hop, o.frame_bytes,
      static_cast<double>(o.carried.frames) * o.frame_bytes / 1e3 / to_seconds(ask.length));
}

// ---- figures

GroupPlan thousand_plan(Delays delays, std::uint32_t among = kSatellites) {
  GroupPlan plan;
  plan.voters = 7;
  plan.learners = 993;
  plan.failures_max = 2;
  plan.shares = ShareRule::kNearest;
  plan.feeds = 4;
  plan.among = among;
  plan.delays = delays;
  return plan;
}

bool thousand(const Ask& ask, const char* figure, const GroupPlan& plan) {
  const AllPlayed all = for_seeds(ask, [&](std::uint64_t seed) {
    Played played;
    const GroupRun r = run(ask, played, seed, plan);
    const Summary commit = summary(r.outcome.commit_ms);
    const Summary know = summary(r.outcome.all_know_ms);
    const auto beyond = [](double ms, double floor_ms) { return -reduction(floor_ms, ms); };
    played.values = {commit.p99, know.p99, beyond(commit.p99, r.floor_commit_ms),
                     beyond(know.p99, r.floor_all_know_ms)};
    played.lines += fmt::format(
        R"({{"figure":"{}","seed":{},"members":{},"commit_p50_ms":{:.1f},"commit_p99_ms":{:.1f},)"
        R"("commit_floor_ms":{:.1f},"commit_p99_beyond_percent":{:.1f},"all_know_p50_ms":{:.1f},)"
        R"("all_know_p99_ms":{:.1f},"all_know_floor_ms":{:.1f},"all_know_p99_beyond_percent":{:.1f},{},{},)"
        R"("handled":{}}})"
        "\n",
        figure, seed, r.members, commit.p50, commit.p99, r.floor_commit_ms, played.values[2], know.p50,
        know.p99, r.floor_all_know_ms, played.values[3], outages(r.outcome), load(ask, r.outcome),
        r.outcome.handled);
    return played;
  });
  fmt::print(
      R"({{"figure":"{}","seeds":{},"copies":{},"lost_alike":{:.2f},"commit_p99_ms":{},"all_know_p99_ms":{},)"
      R"("commit_p99_beyond_percent":{},"all_know_p99_beyond_percent":{}}})"
      "\n",
      figure, all.columns[0].size(), ask.copies, ask.lost_alike, text(spread(all.columns[0])),
      text(spread(all.columns[1])), text(spread(all.columns[2])), text(spread(all.columns[3])));
  return all.sound;
}

GroupPlan flat_plan(ShareRule rule) {
  GroupPlan plan;
  plan.shares = rule;
  plan.write_every = seconds(2);
  plan.crashes = true;
  return plan;
}

bool flat(const Ask& ask) {
  const auto play = [&](std::uint64_t seed) {
    Played played;
    const GroupRun r = run(ask, played, seed, flat_plan(ShareRule::kPolicy));
    const Summary commit = summary(r.outcome.commit_ms);
    played.values = {commit.p50, commit.p99};
    played.lines += fmt::format(
        R"({{"figure":"flat","seed":{},"voters":{},"commit_p50_ms":{:.1f},"commit_p99_ms":{:.1f},{},)"
        R"("share_changes":{},{}}})"
        "\n",
        seed, r.members, commit.p50, commit.p99, outages(r.outcome), r.share_changes, load(ask, r.outcome));
    return played;
  };
  const AllPlayed all = for_seeds(ask, play);
  fmt::print(R"({{"figure":"flat","seeds":{},"commit_p50_ms":{},"commit_p99_ms":{}}})"
             "\n",
             all.columns[0].size(), text(spread(all.columns[0])), text(spread(all.columns[1])));
  return all.sound;
}

bool shares(const Ask& ask) {
  const AllPlayed all = for_seeds(ask, [&](std::uint64_t seed) {
    Played played;
    const Summary equal = summary(run(ask, played, seed, flat_plan(ShareRule::kEqual)).outcome.commit_ms);
    const GroupRun r = run(ask, played, seed, flat_plan(ShareRule::kPolicy));
    const Summary computed = summary(r.outcome.commit_ms);
    played.values = {reduction(equal.p50, computed.p50), reduction(equal.p99, computed.p99)};
    played.lines += fmt::format(
        R"({{"figure":"shares","seed":{},"equal_p50_ms":{:.1f},"equal_p99_ms":{:.1f},"computed_p50_ms":{:.1f},)"
        R"("computed_p99_ms":{:.1f},"share_changes":{}}})"
        "\n",
        seed, equal.p50, equal.p99, computed.p50, computed.p99, r.share_changes);
    return played;
  });
  fmt::print(R"({{"figure":"shares","seeds":{},"p50_less_percent":{},"p99_less_percent":{}}})"
             "\n",
             all.columns[0].size(), text(spread(all.columns[0])), text(spread(all.columns[1])));
  return all.sound;
}

bool changes(const Ask& ask) {
  const AllPlayed all = for_seeds(ask, [&](std::uint64_t seed) {
    Played played;
    const auto of = [&](ShareRule rule) {
      GroupPlan plan;
      plan.shares = rule;
      plan.write_every = seconds(2);
      plan.slows = plan.moves = true;
      return run(ask, played, seed, plan);
    };
    const GroupRun changing = of(ShareRule::kPolicyFromNearest);
    const Summary computed = summary(changing.outcome.commit_ms);
    const Summary frozen = summary(of(ShareRule::kNearest).outcome.commit_ms);
    const Summary equal = summary(of(ShareRule::kEqual).outcome.commit_ms);
    played.values = {reduction(frozen.p50, computed.p50), reduction(frozen.p99, computed.p99),
                     -reduction(equal.p50, computed.p50), -reduction(equal.p99, computed.p99)};
    played.lines += fmt::format(
        R"({{"figure":"changes","seed":{},"members":{},"equal_p50_ms":{:.1f},"equal_p99_ms":{:.1f},)"
        R"("frozen_p50_ms":{:.1f},"frozen_p99_ms":{:.1f},"changing_p50_ms":{:.1f},"changing_p99_ms":{:.1f},)"
        R"("share_changes":{}}})"
        "\n",
        seed, changing.members, equal.p50, equal.p99, frozen.p50, frozen.p99, computed.p50, computed.p99,
        changing.share_changes);
    return played;
  });
  fmt::print(
      R"({{"figure":"changes","seeds":{},"p50_less_than_frozen_percent":{},"p99_less_than_frozen_percent":{},)"
      R"("p50_more_than_equal_percent":{},"p99_more_than_equal_percent":{}}})"
      "\n",
      all.columns[0].size(), text(spread(all.columns[0])), text(spread(all.columns[1])),
      text(spread(all.columns[2])), text(spread(all.columns[3])));
  return all.sound;
}

// The median of the writes of each half second, from the moment on.
bool slowed(const Ask& ask) {
  constexpr double kAt = 60.0, kBucket = 0.5;
  Ask brief = ask;
  brief.length = seconds(120);
  const auto play = [&](std::uint64_t seed) {
    Played played;
    GroupPlan plan;
    plan.shares = ShareRule::kPolicy;
    plan.write_every = milliseconds(25);
    plan.heaviest_slows_at = from_seconds(kAt);
    const GroupRun r = run(brief, played, seed, plan);
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
    played.lines += fmt::format(
        R"({{"figure":"slowed","seed":{},"p50_before_ms":{:.1f},"p50_worst_half_second_ms":{:.1f},)"
        R"("back_within_10_percent_s":{:.1f},"share_changes":{}}})"
        "\n",
        seed, usual, worst, back, r.share_changes);
    return played;
  };
  return for_seeds(brief, play).sound;
}

bool liar(const Ask& ask) {
  constexpr std::pair<Lie, const char*> kLies[] = {{Lie::kEager, "eager"},
                                                   {Lie::kTwoFaced, "two-faced"},
                                                   {Lie::kNeverHolds, "never holds"},
                                                   {Lie::kOscillates, "oscillates"}};
  const auto play = [&](std::uint64_t seed) {
    Played played;
    GroupPlan plan;
    plan.shares = ShareRule::kPolicy;
    const Summary without = summary(run(ask, played, seed, plan).outcome.commit_ms);
    for (const auto& [lie, name] : kLies) {
      plan.lie = lie;
      const GroupRun r = run(ask, played, seed, plan);
      const Summary with = summary(r.outcome.commit_ms);
      played.lines += fmt::format(
          R"({{"figure":"liar","lie":"{}","seed":{},"largest_share":{:.4f},"share_at_end":{:.4f},"cap":{:.4f},)"
          R"("p99_ms":{:.1f},"p99_without_ms":{:.1f},"p99_more_percent":{:.1f}}})"
          "\n",
          name, seed, r.liar_largest_share, r.liar_share_at_end, r.share_cap, with.p99, without.p99,
          -reduction(without.p99, with.p99));
    }
    return played;
  };
  return for_seeds(ask, play).sound;
}

// One run after the other: what is taken is the processor time of the whole process.
bool speed(const Ask& ask) {
  GroupPlan voters = flat_plan(ShareRule::kNearest);
  GroupPlan many = voters;
  many.voters = 1000;
  many.failures_max = 166;  // a sixth, as 20 of 128
  const std::pair<const char*, GroupPlan> plans[] = {
      {"128 voters", voters},
      {"7 voters, 993 learners", thousand_plan(Delays::kFromOrbits)},
      {"1,000 voters", many}};
  bool sound = true;
  for (std::uint64_t seed = ask.first; seed <= ask.last; ++seed)
    for (const auto& [name, plan] : plans) {
      Played played;
      const double before = cpu_seconds();
      const GroupRun r = run(ask, played, seed, plan);
      const double cpu = cpu_seconds() - before;
      sound &= !played.violated;
      fmt::print(
          R"({}{{"figure":"speed","seed":{},"members":"{}","handled":{},"cpu_s":{:.2f},"handled_per_cpu_s":{:.0f}}})"
          "\n",
          played.lines, seed, name, r.outcome.handled, cpu, static_cast<double>(r.outcome.handled) / cpu);
      std::fflush(stdout);
    }
  return sound;
}

bool availability(const Ask& ask) {
  const AllPlayed all = for_seeds(ask, [&](std::uint64_t seed) {
    Played played;
    AvailabilityPlan plan;
    plan.voters = ask.voters;
    plan.length = ask.length;
    const Availability r = run_availability(seed, plan);
    const Summary answer = summary(r.answered_ms);
    const double longest = *std::max_element(r.answered_ms.begin(), r.answered_ms.end());
    if (!r.violation.empty() || r.lost > 0) {
      played.violated = true;
      played.lines += fmt::format(R"({{"violation":"{}","lost":{},"seed":{}}})"
                                  "\n",
                                  r.violation, r.lost, seed);
    }
    played.values = {100.0 * static_cast<double>(r.in_time) / static_cast<double>(r.writes)};
    played.lines += fmt::format(
        R"({{"figure":"availability","seed":{},"voters":{},"seconds":{:.0f},"writes":{},"in_time":{},)"
        R"("in_time_percent":{:.5f},"unanswered":{},"lost":{},"answer_p50_ms":{:.1f},"answer_p99_ms":{:.1f},)"
        R"("answer_longest_ms":{:.1f},"refusals":{},"silences":{},"crashes":{},"leader_crashes":{},"turns":{},)"
        R"("leader_turns":{},"outages":{},"recovery_longest_s":{:.2f},"handled":{}}})"
        "\n",
        seed, ask.voters, to_seconds(plan.length), r.writes, r.in_time, played.values[0], r.unanswered,
        r.lost, answer.p50, answer.p99, longest, r.refusals, r.silences, r.crashes, r.leader_crashes, r.turns,
        r.leader_turns, r.outages, r.recovery_longest_s, r.handled);
    return played;
  });
  fmt::print(R"({{"figure":"availability","seeds":{},"in_time_percent":{}}})"
             "\n",
             all.columns[0].size(), text(spread(all.columns[0])));
  return all.sound;
}

constexpr Figure kFigures[] = {
    {"thousand", "7 voters of 1,000 members drawn from the whole shell: commit, and until everybody knows",
     [](const Ask& ask) { return thousand(ask, "thousand", thousand_plan(Delays::kFromOrbits)); }},
    {"region", "the same, the 1,000 being the first 45 planes and ten satellites of the next",
     [](const Ask& ask) { return thousand(ask, "region", thousand_plan(Delays::kFromOrbits, 1000)); }},
    {"uneven", "as thousand with 5…30 ms a hop, drawn for each link, against the floor of Dijkstra's ways",
     [](const Ask& ask) { return thousand(ask, "uneven", thousand_plan(Delays::kUneven)); }},
    {"flat", "128 voters, f = 20, a random one crashes each minute", flat},
    {"shares", "the same with computed shares against equal votes", shares},
    {"changes",
     "computed shares against shares frozen at the start and against equal votes, while a tenth of the "
     "members "
     "is slow, leadership moves and satellites join",
     changes},
    {"slowed", "the heaviest voter but the leader becomes slow; 120 s", slowed},
    {"liar", "the leader's neighbour does not do what it should, in four ways", liar},
    {"availability",
     "writes committed within 300 ms amid failures and planned turns, see --seconds and --voters",
     availability},
    {"areas",
     "1,000 members in groups of some tens under an area, leaders or delegates sitting there: commit in a "
     "group, decisions across groups, how well the area keeps going; 180 s or more, one seed at a time",
     areas, kAreasLengthMin},
    {"speed", "messages and timers handled a second of processor time, checkers on", speed},
    {"memory", "the process of one real leader of 1,000 members, the others only acknowledge", memory},
};

}  // namespace

std::span<const Figure> figures() {
  return kFigures;
}

}  // namespace skywarden::agreement
