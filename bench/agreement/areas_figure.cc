#include "agreement/areas_figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include "agreement/areas.h"
#include "cpu_time.h"
#include "statistics/quantile.h"

namespace skywarden::agreement {
namespace {

std::string span_of(const char* name, const std::vector<double>& sample) {
  if (sample.empty()) return fmt::format(R"("{}":null)", name);
  return fmt::format(R"("{}":{{"n":{},"p50":{:.1f},"p99":{:.1f},"most":{:.1f}}})", name, sample.size(),
                     statistics::quantile(sample, 0.50), statistics::quantile(sample, 0.99),
                     *std::max_element(sample.begin(), sample.end()));
}

void add(std::vector<double>& to, const std::vector<double>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

void add(AreasRun& all, const AreasRun& run) {
  add(all.commit_ms, run.commit_ms);
  add(all.local_know_ms, run.local_know_ms);
  add(all.area_commit_ms, run.area_commit_ms);
  add(all.alert_ms, run.alert_ms);
  add(all.ruling_ms, run.ruling_ms);
  add(all.know_ms, run.know_ms);
  add(all.alert_know_ms, run.alert_know_ms);
  add(all.area_gaps_s, run.area_gaps_s);
  all.groups = std::max(all.groups, run.groups);
  all.largest = std::max(all.largest, run.largest);
  all.smallest = all.smallest == 0 ? run.smallest : std::min(all.smallest, run.smallest);
  all.area_without_s += run.area_without_s;
  all.handover_gap_s = std::max(all.handover_gap_s, run.handover_gap_s);
  all.mass_crash_gap_s = std::max(all.mass_crash_gap_s, run.mass_crash_gap_s);
  all.mass_crash_most_ms = std::max(all.mass_crash_most_ms, run.mass_crash_most_ms);
  all.carried.hops += run.carried.hops;
  all.carried.frames += run.carried.frames;
  for (std::size_t AreasRun::* count :
       {&AreasRun::writes, &AreasRun::refused, &AreasRun::matters, &AreasRun::decisions, &AreasRun::undecided,
        &AreasRun::cluster_leaders, &AreasRun::area_leaders, &AreasRun::area_epochs, &AreasRun::area_crashes})
    all.*count += run.*count;
}

void print(const std::string& which, const AreasRun& r, const Ask& ask, Duration length) {
  fmt::print(
      R"({{"figure":"areas",{},"groups":{},"members_least":{},"members_most":{},{},{},"writes":{},"refused":{},)"
      R"({},{},{},{},{},"matters":{},"decisions":{},"undecided":{},"cluster_leaders":{},"area_leaders":{},)"
      R"("area_epochs":{},"area_crashes":{},{},"area_available_percent":{:.3f},"handover_gap_s":{:.2f},)"
      R"("mass_crash_gap_s":{:.2f},"mass_crash_most_ms":{:.0f},"copies":{},"lost_alike":{:.2f},)"
      R"("frames_a_hop":{:.2f}}})"
      "\n",
      which, r.groups, r.smallest, r.largest, span_of("commit_ms", r.commit_ms),
      span_of("local_know_ms", r.local_know_ms), r.writes, r.refused,
      span_of("area_commit_ms", r.area_commit_ms), span_of("alert_ms", r.alert_ms),
      span_of("ruling_ms", r.ruling_ms), span_of("know_ms", r.know_ms),
      span_of("alert_know_ms", r.alert_know_ms), r.matters, r.decisions, r.undecided, r.cluster_leaders,
      r.area_leaders, r.area_epochs, r.area_crashes, span_of("area_gaps_s", r.area_gaps_s),
      100.0 * (1.0 - r.area_without_s / to_seconds(length)), r.handover_gap_s, r.mass_crash_gap_s,
      r.mass_crash_most_ms, ask.copies, ask.lost_alike,
      static_cast<double>(r.carried.frames) /
          static_cast<double>(std::max<std::uint64_t>(r.carried.hops, 1)));
  std::fflush(stdout);
}

}  // namespace

// One run after the other: what is taken is the processor time of the whole process.
bool areas(const Ask& ask) {
  bool sound = true;
  for (const auto& [rule, name] :
       {std::pair(SeatRule::kLeader, "leader"), std::pair(SeatRule::kDelegate, "delegate")}) {
    AreasRun all;
    for (std::uint64_t seed = ask.first; seed <= ask.last; ++seed) {
      const AreasPlan plan{rule, ask.length, ask.copies, ask.lost_alike};
      const double before = cpu_seconds();
      const AreasRun run = run_areas(seed, plan);
      if (!run.violation.empty()) {
        sound = false;
        fmt::print(R"({{"violation":"{}","seats":"{}","seed":{}}})"
                   "\n",
                   run.violation, name, seed);
      }
      print(fmt::format(R"("seats":"{}","seed":{},"handled":{},"cpu_s":{:.0f})", name, seed, run.handled,
                        cpu_seconds() - before),
            run, ask, ask.length);
      add(all, run);
    }
    const auto seeds = static_cast<std::int64_t>(ask.last - ask.first + 1);
    if (seeds > 1)
      print(fmt::format(R"("seats":"{}","seeds":{})", name, seeds), all, ask, ask.length * seeds);
  }
  return sound;
}

}  // namespace skywarden::agreement
