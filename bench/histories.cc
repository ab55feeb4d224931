// bench-histories: seeded histories of a Raft group under every fault that consensus/raft_history.h names,
// and whether any of them breaks a promise. Prints each violation with its seed, a JSON line for every 10,000
// seeds and one for all; exit code 1 after a violation.
//
//   bench-histories --seeds A..B [--progress FILE]      for example: bench-histories --seeds 1..1000000
//
// Ranges add up, hashes too: 1..20 is 1..10 and 11..20. With --progress each line is also appended to FILE,
// and what FILE has already is not played again, so that the same command goes on where it was stopped; use
// one file for one build. Figures are of the histories that count (History::counts); the others are only
// checked. The hash says that two builds played the same.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/random.h"
#include "base/text.h"
#include "command_line/command_line.h"
#include "consensus/raft_history.h"
#include "cpu_time.h"

namespace {

using namespace skywarden;
using consensus::History;

constexpr std::uint64_t kSeedsPerLine = 10'000;

struct Seeds {
  std::uint64_t first = 1, last = 1;
  friend auto operator<=>(const Seeds&, const Seeds&) = default;
};

struct Totals {
  std::uint64_t histories = 0, not_counted = 0, violations = 0;
  std::uint64_t delivered = 0, delivered_least = UINT64_MAX;
  std::uint64_t splits = 0, one_way_cuts = 0, crashes = 0, torn_writes = 0, disks_lost = 0, delay_changes = 0;
  std::uint64_t elections = 0, share_changes = 0, commits = 0, snapshots = 0, reads = 0,
                client_operations = 0, witness_epochs = 0, withheld = 0;
  std::uint64_t cpu_ms = 0, hash = 0;
};

// Whatever is added up; delivered_least is not.
constexpr std::pair<const char*, std::uint64_t Totals::*> kFields[] = {
    {"histories", &Totals::histories},   {"not_counted", &Totals::not_counted},
    {"violations", &Totals::violations}, {"delivered", &Totals::delivered},
    {"splits", &Totals::splits},         {"one_way_cuts", &Totals::one_way_cuts},
    {"crashes", &Totals::crashes},       {"torn_writes", &Totals::torn_writes},
    {"disks_lost", &Totals::disks_lost}, {"delay_changes", &Totals::delay_changes},
    {"elections", &Totals::elections},   {"share_changes", &Totals::share_changes},
    {"commits", &Totals::commits},       {"snapshots", &Totals::snapshots},
    {"reads", &Totals::reads},           {"client_operations", &Totals::client_operations},
    {"withheld", &Totals::withheld},     {"witness_epochs", &Totals::witness_epochs},
    {"cpu_ms", &Totals::cpu_ms},         {"hash", &Totals::hash},
};
constexpr const char* kLeast = "delivered_least";

void add(const Totals& part, Totals& sum) {
  for (const auto& [name, field] : kFields) sum.*field += part.*field;
  sum.delivered_least = std::min(sum.delivered_least, part.delivered_least);
}

void add(std::uint64_t seed, const History& history, Totals& sum) {
  std::uint64_t state = history.hash ^ seed;
  sum.hash += splitmix64(state);  // a sum, so that ranges add up
  if (!history.violation.empty()) ++sum.violations;
  if (!history.counts()) {
    ++sum.not_counted;
    return;
  }
  ++sum.histories;
  sum.delivered += history.delivered;
  sum.delivered_least = std::min<std::uint64_t>(sum.delivered_least, history.delivered);
  sum.splits += history.faults.splits;
  sum.one_way_cuts += history.faults.one_way_cuts;
  sum.crashes += history.faults.crashes;
  sum.torn_writes += history.faults.torn_writes;
  sum.disks_lost += history.faults.disks_lost;
  sum.delay_changes += history.faults.delay_changes;
  sum.elections += history.elections;
  sum.share_changes += history.epochs_committed;
  sum.commits += history.commits;
  sum.snapshots += history.installs;
  sum.reads += history.reads;
  sum.client_operations += history.client_operations;
  sum.witness_epochs += history.witnessed;
  sum.withheld += history.withheld;
}

std::string line_of(Seeds seeds, const Totals& totals) {
  nlohmann::ordered_json line{{"first", seeds.first}, {"last", seeds.last}};
  for (const auto& [name, field] : kFields) line[name] = totals.*field;
  line[kLeast] = totals.histories > 0 ? totals.delivered_least : 0;
  return line.dump();
}

std::optional<std::pair<Seeds, Totals>> read_line(const std::string& text) {
  const auto line = nlohmann::json::parse(text, nullptr, false);
  if (!line.is_object()) return std::nullopt;
  bool whole = true;
  const auto number = [&](const char* name) -> std::uint64_t {
    const auto found = line.find(name);
    whole &= found != line.end() && found->is_number_unsigned();
    return whole ? found->get<std::uint64_t>() : 0;
  };
  const Seeds seeds{number("first"), number("last")};
  Totals totals;
  for (const auto& [name, field] : kFields) totals.*field = number(name);
  totals.delivered_least = number(kLeast);
  if (!whole) return std::nullopt;
  return std::pair(seeds, totals);
}

Totals play(Seeds seeds) {
  Totals totals;
  const double before = cpu_seconds();
  for (std::uint64_t seed = seeds.first; seed <= seeds.last; ++seed) {
    const History history = consensus::play_history(seed);
    add(seed, history, totals);
    if (!history.violation.empty())
      fmt::print("{}\n", nlohmann::ordered_json{{"violation", history.violation}, {"seed", seed}}.dump());
  }
  totals.cpu_ms = static_cast<std::uint64_t>((cpu_seconds() - before) * 1e3);
  return totals;
}

std::optional<Seeds> read_seeds(std::string_view said) {
  const auto dots = said.find("..");
  const auto first = parse_integer(said.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_integer(said.substr(dots + 2));
  if (!first || !last || *first < 1 || *last < *first) return std::nullopt;
  return Seeds{static_cast<std::uint64_t>(*first), static_cast<std::uint64_t>(*last)};
}

// Nothing: the file is not what an earlier run left. A last line without its end is of a run that was killed;
// it is cut off.
std::optional<std::map<Seeds, Totals>> played_before(const std::string& path) {
  std::map<Seeds, Totals> played;
  std::ifstream file(path);
  std::string text;
  std::uintmax_t whole_bytes = 0;
  for (int number = 1; std::getline(file, text); ++number) {
    if (file.eof()) {
      std::filesystem::resize_file(path, whole_bytes);
      break;
    }
    auto line = read_line(text);
    if (!line) {
      fmt::print(stderr, "bench-histories: {}:{}: expected a line that an earlier run wrote\n", path, number);
      return std::nullopt;
    }
    played.insert(std::move(*line));
    whole_bytes += text.size() + 1;
  }
  return played;
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app(
      "Seeded histories of a Raft group under every fault; violations with their seeds, then one JSON line.\n"
      "Example: bench-histories --seeds 1..1000000 --progress histories.jsonl");
  std::string said_seeds;
  std::string progress;
  app.add_option("--seeds", said_seeds, "A or A..B").required();
  app.add_option("--progress", progress, "a file: what it has is not played again, what is played is added");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  const auto seeds = read_seeds(said_seeds);
  if (!seeds) return fmt::print(stderr, "bench-histories: --seeds {}: expected A or A..B\n", said_seeds), 2;
  const auto played = played_before(progress);
  if (!played) return 2;
  std::ofstream log;
  if (!progress.empty()) {
    log.open(progress, std::ios::app);
    if (!log) return fmt::print(stderr, "bench-histories: {}: cannot be written\n", progress), 2;
  }
  Totals sum;
  for (std::uint64_t first = seeds->first; first <= seeds->last;) {
    const std::uint64_t end = (first - 1) / kSeedsPerLine * kSeedsPerLine + kSeedsPerLine;
    const Seeds part{first, std::min(end, seeds->last)};
    first = part.last + 1;
    if (const auto found = played->find(part); found != played->end()) {
      add(found->second, sum);
      continue;
    }
    const Totals totals = play(part);
    add(totals, sum);
    fmt::print("{}\n", line_of(part, totals));
    std::fflush(stdout);
    if (log.is_open()) log << line_of(part, totals) << std::endl;
  }
  fmt::print("{}\n", line_of(*seeds, sum));
  return sum.violations > 0 ? 1 : 0;
}
