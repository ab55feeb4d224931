// `skywarden sim`: plays a scenario under one seed or many, and says which seeds broke a promise.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/hash.h"
#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "scenario_loader.h"
#include "sim/scenario.h"
#include "space_pictures.h"

namespace skywarden::app {
namespace {

struct Options {
  std::string scenario;
  std::uint64_t seed = 1;
  std::string seeds;  // "A..B"
  std::string svg;
  bool json = false;
  bool trace = false;
  bool deliveries = false;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency());
};

struct Seeds {
  std::uint64_t first = 1, last = 1;
};

constexpr std::uint64_t kSeedsMax = 10'000'000;

Result<Seeds> seeds_of(const Options& options) {
  if (options.seeds.empty()) return Seeds{options.seed, options.seed};
  const std::size_t dots = options.seeds.find("..");
  if (dots == std::string::npos)
    return fail(Errc::kMalformed, "--seeds: expected A..B, found '{}'", printable(options.seeds));
  const auto first = parse_integer(options.seeds.substr(0, dots));
  const auto last = parse_integer(options.seeds.substr(dots + 2));
  if (!first || !last || *first < 0 || *last < *first ||
      static_cast<std::uint64_t>(*last - *first) >= kSeedsMax)
    return fail(Errc::kMalformed, "--seeds: expected A..B with A at most B, found '{}'",
                printable(options.seeds));
  return Seeds{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

nlohmann::ordered_json to_json(const sim::LossProfile& p) {
  nlohmann::ordered_json json;
  json["sent"] = p.records_sent;
  json["lost"] = p.records_lost;
  json["complete"] = p.records_complete;
  json["critical_fields"] = p.critical_fields;
  json["critical_missing"] = p.critical_missing;
  json["values_missing"] = p.values_missing;
  json["values_recovered"] = p.values_recovered;
  return json;
}

nlohmann::ordered_json to_json(const sim::DropProfile& p) {
  nlohmann::ordered_json json;
  json["bytes_sent"] = p.bytes_sent;
  json["overloaded"] = p.overloaded;
  json["values"] = p.values;
  json["dropped"] = p.values_dropped;
  json["restored"] = p.values_restored;
  json["critical"] = p.critical;
  json["critical_dropped"] = p.critical_dropped;
  json["critical_restored"] = p.critical_restored;
  return json;
}

nlohmann::ordered_json to_json(const sim::DropComparison& d) {
  nlohmann::ordered_json json;
  json["contacts"] = d.critical_first.contacts;
  json["bytes_waiting"] = d.critical_first.bytes_waiting;
  json["bytes_offered"] = d.critical_first.bytes_offered;
  json["critical_first"] = to_json(d.critical_first);
  json["oldest_records"] = to_json(d.oldest_records);
  json["random_fields"] = to_json(d.random_fields);
  return json;
}

nlohmann::ordered_json to_json(const sim::RunResult& r) {
  nlohmann::ordered_json json;
  json["seed"] = r.seed;
  json["hash"] = fmt::format("{:#018x}", r.hash);
  json["violations"] = nlohmann::json::array();
  for (const sim::Violation& v : r.violations)
    json["violations"].push_back({{"t", format_utc(v.at, 3)}, {"what", v.what}});
  json["commits"] = r.commits;
  json["alerts"] = r.alerts;
  json["elections"] = r.elections;
  json["crashes"] = r.crashes;
  json["fires_seen"] = r.fires_seen;
  json["fires_due"] = r.fires_due;
  json["partitions"] = r.partitions;
  json["changes"] = {{"shares", r.changes.shares},
                     {"joins", r.changes.joins},
                     {"leaves", r.changes.leaves},
                     {"handovers", r.changes.handovers},
                     {"restored", r.changes.restored}};
  json["packets_sent"] = r.packets_sent;
  json["packets_lost"] = r.packets_lost;
  json["bundles"] = {{"offered", r.bundles.offered},   {"repeated", r.bundles.repeated},
                     {"hopeless", r.bundles.hopeless}, {"delivered", r.bundles.delivered},
                     {"dropped", r.bundles.dropped},   {"sends", r.bundles.sends}};
  if (r.records) json["records"] = to_json(*r.records);
  if (r.drops) json["downlink"] = to_json(*r.drops);
  json["leader_loss_to_commit_ms"] = nlohmann::json::array();
  for (const Duration d : r.leader_loss_to_commit)
    json["leader_loss_to_commit_ms"].push_back(to_seconds(d) * 1e3);
  return json;
}

struct Totals {
  std::uint64_t runs = 0, failed = 0, commits = 0, alerts = 0, elections = 0, crashes = 0, partitions = 0,
                sent = 0, lost = 0, fires_seen = 0, fires_due = 0;
  sim::ChangeCounts changes;
  sim::BundleCounts bundles;
  sim::LossProfile records;
  sim::DropComparison drops;
  std::vector<double> to_ground_s;  // each alert at each station
  std::uint64_t ground_by_bundle = 0;
  std::vector<double> recovery_ms;
  Fnv1a hash;  // of the runs' hashes in the order of seeds

  void add(const sim::RunResult& r) {
    ++runs;
    failed += r.violations.empty() ? 0 : 1;
    commits += r.commits;
    alerts += r.alerts;
    elections += r.elections;
    crashes += r.crashes;
    partitions += r.partitions;
    changes += r.changes;
    fires_seen += r.fires_seen;
    fires_due += r.fires_due;
    sent += r.packets_sent;
    lost += r.packets_lost;
    bundles += r.bundles;
    if (r.records) add(*r.records);
    if (r.drops) {
      drops.critical_first += r.drops->critical_first;
      drops.oldest_records += r.drops->oldest_records;
      drops.random_fields += r.drops->random_fields;
    }
    for (const sim::GroundDelivery& each : r.ground) {
      to_ground_s.push_back(to_seconds(each.known - each.agreed));
      if (each.bundle) ++ground_by_bundle;
    }
    for (const Duration d : r.leader_loss_to_commit) recovery_ms.push_back(to_seconds(d) * 1e3);
    hash.add(r.hash);
  }

  void add(const sim::LossProfile& p) {
    records.records_sent += p.records_sent;
    records.records_lost += p.records_lost;
    records.records_complete += p.records_complete;
    records.critical_fields += p.critical_fields;
    records.critical_missing += p.critical_missing;
    records.values_missing += p.values_missing;
    records.values_recovered += p.values_recovered;
  }
};

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0.0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(q * static_cast<double>(values.size() - 1)))];
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "none";
  return fmt::format("{:.2f} %", 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

void print_records(const sim::LossProfile& p) {
  const std::uint64_t arrived = p.records_sent - p.records_lost;
  fmt::print("  records {} sent, {} lost ({}); of {} that arrived {} complete ({})\n", p.records_sent,
             p.records_lost, percent(p.records_lost, p.records_sent), arrived, p.records_complete,
             percent(p.records_complete, arrived));
  fmt::print("  critical fields of those: {}, {} missing ({})\n", p.critical_fields, p.critical_missing,
             percent(p.critical_missing, p.critical_fields));
  fmt::print("  values missing {}, {} of them estimated within tolerance ({})\n", p.values_missing,
             p.values_recovered, percent(p.values_recovered, p.values_missing));
}

void print_drops(const sim::DropComparison& d) {
  const sim::DropProfile& p = d.critical_first;
  fmt::print("  downlink {} contacts, {} overloaded; {} bytes waited for {} ({:.2f} times)\n", p.contacts,
             p.overloaded, p.bytes_waiting, p.bytes_offered,
             static_cast<double>(p.bytes_waiting) /
                 static_cast<double>(std::max<std::uint64_t>(1, p.bytes_offered)));
  const auto line = [](const char* way, const sim::DropProfile& of) {
    fmt::print("  {}: critical values delivered {}, right in the end {}; ", way,
               percent(of.critical - of.critical_dropped, of.critical),
               percent(of.critical - of.critical_dropped + of.critical_restored, of.critical));
    fmt::print("values dropped {}, of these restored {}, right in the end {}\n",
               percent(of.values_dropped, of.values), percent(of.values_restored, of.values_dropped),
               percent(of.values - of.values_dropped + of.values_restored, of.values));
  };
  line("critical first", d.critical_first);
  line("oldest records dropped", d.oldest_records);
  line("fields dropped at random", d.random_fields);
}

void print_totals(const Totals& t, const std::string& name) {
  fmt::print("{}: {} runs, {} with violations\n", name, t.runs, t.failed);
  fmt::print("  commits {}, alerts {}, leaders {}, crashes {}, partitions {}\n", t.commits, t.alerts,
             t.elections, t.crashes, t.partitions);
  if (const sim::ChangeCounts& c = t.changes; c.shares + c.joins + c.leaves + c.handovers + c.restored > 0)
    fmt::print(
        "  changes of shares {}, joins {}, leaves {}, hand-overs {}; ledgers restored from snapshots {}\n",
        c.shares, c.joins, c.leaves, c.handovers, c.restored);
  fmt::print("  fires seen {}, of which half of the shares find {} to be fires\n", t.fires_seen, t.fires_due);
  fmt::print("  packets {} sent, {} lost\n", t.sent, t.lost);
  fmt::print(
      "  without a path: {} carried as bundles, {} delivered so, {} already under way, {} without any way\n",
      t.bundles.offered, t.bundles.delivered, t.bundles.repeated, t.bundles.hopeless);
  if (!t.to_ground_s.empty())
    fmt::print(
        "  alerts at ground stations: {} ({} by bundle), after {:.0f} s at the median, p95 {:.0f} s, longest "
        "{:.0f} s\n",
        t.to_ground_s.size(), t.ground_by_bundle, quantile(t.to_ground_s, 0.5), quantile(t.to_ground_s, 0.95),
        quantile(t.to_ground_s, 1.0));
  if (t.records.records_sent > 0) print_records(t.records);
  if (t.drops.critical_first.contacts > 0) print_drops(t.drops);
  if (!t.recovery_ms.empty())
    fmt::print(
        "  killed leader to next commit: median {:.0f} ms, p95 {:.0f} ms, longest {:.0f} ms ({} times)\n",
        quantile(t.recovery_ms, 0.5), quantile(t.recovery_ms, 0.95), quantile(t.recovery_ms, 1.0),
        t.recovery_ms.size());
  fmt::print("hash {:#018x}\n", t.hash.value());
}

// Runs every seed on a few threads; each run is alone in its world, so the result does not depend on them.
std::vector<sim::RunResult> run_all(const sim::Scenario& scenario, Seeds seeds, unsigned jobs) {
  const std::uint64_t count = seeds.last - seeds.first + 1;
  std::vector<sim::RunResult> results(count);
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> done{0};
  const bool progress = isatty(STDERR_FILENO) != 0 && count > 1;
  std::mutex printing;
  const auto work = [&] {
    for (std::uint64_t i = next++; i < count; i = next++) {
      results[i] = sim::run(scenario, seeds.first + i);
      const std::uint64_t finished = ++done;
      if (progress && finished % 10 == 0) {
        const std::scoped_lock lock(printing);
        fmt::print(stderr, "\r{} of {} runs", finished, count);
      }
    }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::min<std::uint64_t>(jobs, count); ++i) threads.emplace_back(work);
  work();
  threads.clear();
  if (progress) fmt::print(stderr, "\r{} of {} runs\n", count, count);
  return results;
}

// Writes every trace event as it happens; the kinds and their numbers are those of base/trace.h.
class TracePrinter : public sim::Observer {
 public:
  void on_trace(const TraceEvent& e) override {
    fmt::print("{} node {} {} {} {} {}\n", format_utc(e.at, 6), e.node.value(), to_string(e.kind), e.first,
               e.second, e.third);
  }
};

// One line an alert and station: how it came there.
void print_deliveries(const sim::Scenario& scenario, const sim::RunResult& run) {
  const auto names = sim::node_names(scenario);
  for (const sim::GroundDelivery& each : run.ground) {
    nlohmann::ordered_json json;
    json["seed"] = run.seed;
    json["event"] = fmt::format("{:016x}", each.alert.first.value());
    json["sequence"] = each.alert.second;
    json["station"] = names.at(each.ground);
    json["agreed"] = format_utc(each.agreed, 3);
    json["known"] = format_utc(each.known, 3);
    json["after_s"] = to_seconds(each.known - each.agreed);
    json["way"] = sim::explain(each, names);
    fmt::print("{}\n", json.dump());
  }
}

// The alert whose message came to the ground over the most hops; of those the one that took longest.
Result<bool> draw_longest_way(const sim::Scenario& scenario, const std::vector<sim::RunResult>& results,
                              const std::string& path) {
  const auto names = sim::node_names(scenario);
  const sim::GroundDelivery* longest = nullptr;
  const auto length = [](const sim::GroundDelivery& each) {
    return std::pair(each.bundle->hops.size(), each.bundle->delivered - each.bundle->offered);
  };
  for (const sim::RunResult& run : results)
    for (const sim::GroundDelivery& each : run.ground)
      if (each.bundle && !each.bundle->hops.empty() &&
          (longest == nullptr || length(each) > length(*longest)))
        longest = &each;
  if (longest == nullptr) return fail(Errc::kNotFound, "--svg: no alert came to the ground as a bundle");
  std::vector<WayHop> hops;
  for (const sim::BundleHop& hop : longest->bundle->hops)
    hops.push_back({names.at(hop.from), names.at(hop.to), hop.received, hop.contact_start, hop.contact_end,
                    hop.sent, hop.arrived, std::string(sim::to_string(hop.reason))});
  const std::string title = fmt::format("Alert {:016x}-{} to {} (simulated)", longest->alert.first.value(),
                                        longest->alert.second, names.at(longest->ground));
  return write_picture(way_picture(title, hops), path);
}

int run_sim(const Options& options) {
  const auto seeds = seeds_of(options);
  if (!seeds) {
    fmt::print(stderr, "skywarden sim: {}\n", seeds.error().message);
    return 1;
  }
  const auto scenario = load_scenario(options.scenario);
  if (!scenario) {
    fmt::print(stderr, "skywarden sim: {}\n", scenario.error().message);
    return 1;
  }
  if (options.trace) {
    TracePrinter printer;
    return sim::run(*scenario, seeds->first, &printer).violations.empty() ? 0 : 1;
  }
  const std::vector<sim::RunResult> results = run_all(*scenario, *seeds, options.jobs);
  Totals totals;
  for (const sim::RunResult& r : results) {
    totals.add(r);
    if (options.deliveries)
      print_deliveries(*scenario, r);
    else if (options.json)
      fmt::print("{}\n", to_json(r).dump());
    else
      for (const sim::Violation& v : r.violations)
        fmt::print("seed {}: {}: {}\n", r.seed, format_utc(v.at, 3), v.what);
  }
  if (!options.json && !options.deliveries) print_totals(totals, scenario->name);
  if (!options.svg.empty()) {
    if (const auto drawn = draw_longest_way(*scenario, results, options.svg); !drawn) {
      fmt::print(stderr, "skywarden sim: {}\n", drawn.error().message);
      return 1;
    }
  }
  return totals.failed == 0 ? 0 : 1;
}

}  // namespace

void add_sim(command_line::Command app, int* exit_code) {
  auto options = std::make_shared<Options>();
  command_line::Command command =
      app.add_subcommand("sim", "Rehearse a constellation in virtual time, with faults, under seeds");
  command.add_option("scenario", options->scenario, "scenario file (scenarios/*.toml)").required();
  const auto seed = command.add_option("--seed", options->seed, "play this one seed").capture_default_str();
  command.add_option("--seeds", options->seeds, "play the seeds A..B").excludes(seed);
  command.add_option("--jobs", options->jobs, "runs at once; the result does not depend on it")
      .check(command_line::range(1, 256));
  command.add_flag("--json", options->json, "one JSON object a run");
  command.add_flag("--trace", options->trace, "print the events of the first seed, one a line");
  command.add_flag("--deliveries", options->deliveries,
                   "one JSON object for each alert at each ground station: how it came there, hop by hop");
  command.add_option("--svg", options->svg,
                     "a picture of the way on which an alert came to the ground over the most hops");
  command.footer(
      "Example:\n  skywarden sim scenarios/twelve.toml --seeds 1..100\n"
      "Exit code: 0 every promise kept, 1 a violation (the seed is printed) or bad input.");
  command.callback([options, exit_code] { *exit_code = run_sim(*options); });
}

}  // namespace skywarden::app
