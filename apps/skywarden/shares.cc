// skywarden shares explain: why vote shares are what they are, at the end of a rehearsal.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "commands.h"
#include "scenario_loader.h"
#include "share_words.h"

namespace skywarden::app {
namespace {

struct Options {
  std::uint32_t node = 0;  // 0: every member
  std::string scenario;
  std::uint64_t seed = 1;
  bool json = false;
};

void print(const consensus::ShareReason& r, std::uint64_t total, NodeId by) {
  fmt::print("node {}: share {} of {}, because {}\n", r.node.value(), r.share, total, why_words(r.why).en);
  fmt::print("  as node {} measured it: {}\n", by.value(), measured_words(r).en);
}

void print_json(const consensus::ShareReason& r, std::uint64_t total, NodeId by) {
  nlohmann::ordered_json json;
  json["node"] = r.node.value();
  json["share"] = r.share;
  json["shares_total"] = total;
  json["why"] = std::string(to_string(r.why));
  json["measured_by"] = by.value();
  json["distance_ms"] = nullptr;
  if (r.standing.distance) json["distance_ms"] = to_seconds(*r.standing.distance) * 1e3;
  json["bandwidth"] = part_of_best(r.standing.bandwidth);
  json["trust"] = part_of_best(r.standing.trust);
  json["stability"] = part_of_best(r.standing.stability);
  json["blend"] = part_of_best(r.blend);
  fmt::print("{}\n", json.dump());
}

int explain(const Options& options) {
  const auto scenario = load_scenario(options.scenario);
  if (!scenario) {
    fmt::print(stderr, "skywarden shares: {}\n", scenario.error().message);
    return 1;
  }
  const sim::RunResult run = sim::run(*scenario, options.seed);
  if (run.share_reasons_by == kNobody) {
    fmt::print(
        stderr,
        "skywarden shares: the last leader asked for no change, so shares are as they were founded or as "
        "an earlier leader left them\n");
    return 2;
  }
  std::uint64_t total = 0;
  bool found = options.node == 0;
  for (const consensus::ShareReason& r : run.share_reasons) total += r.share;
  for (const consensus::ShareReason& r : run.share_reasons) {
    if (options.node != 0 && r.node.value() != options.node) continue;
    found = true;
    options.json ? print_json(r, total, run.share_reasons_by) : print(r, total, run.share_reasons_by);
  }
  if (found) return 0;
  fmt::print(stderr, "skywarden shares: node {} is no member\n", options.node);
  return 1;
}

}  // namespace

void add_shares(CLI::App& app, int* exit_code) {
  CLI::App* shares = app.add_subcommand("shares", "Vote shares and what they rest on");
  shares->require_subcommand(1);
  CLI::App* command =
      shares->add_subcommand("explain", "Why a node's share is what it is at the end of a run");
  auto options = std::make_shared<Options>();
  command->add_option("node", options->node, "the node's number; left out or 0: every member");
  command
      ->add_option("--scenario", options->scenario,
                   "a scenario whose leaders measure ([raft] measured_shares)")
      ->required();
  command->add_option("--seed", options->seed, "the run (1)");
  command->add_flag("--json", options->json, "an object a node");
  command->footer(
      "Distances, trust, bandwidth and stability are what the leader measured in the simulated run.\n"
      "Exit code 0; 2 when the last leader asked for no change; 1 when the scenario cannot be read or the "
      "node is "
      "no member.\n\nExample:\n  skywarden shares explain 3 --scenario scenarios/measured_shares.toml --seed "
      "3");
  command->callback([options, exit_code] { *exit_code = explain(*options); });
}

}  // namespace skywarden::app
