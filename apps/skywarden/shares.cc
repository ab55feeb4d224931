// skywarden shares explain: why vote shares are what they are, at the end of a rehearsal or in a group that
// runs.
#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "command_line/command_line.h"
#include "commands.h"
#include "node_config.h"
#include "scenario_loader.h"
#include "share_words.h"

namespace skywarden::app {
namespace {

using consensus::part_of_best;

struct Options {
  std::uint32_t node = 0;        // 0: every member
  std::string scenario, config;  // one of them
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

int report(const Error& error) {
  fmt::print(stderr, "skywarden shares: {}\n", error.message);
  return 1;
}

struct Explained {
  NodeId by = kNobody;  // kNobody: nobody asked for a change
  std::vector<consensus::ShareReason> reasons;
};

Result<Explained> rehearsed(const Options& options) {
  const auto scenario = load_scenario(options.scenario);
  if (!scenario) return tl::unexpected<Error>(scenario.error());
  sim::RunResult run = sim::run(*scenario, options.seed);
  return Explained{run.share_reasons_by, std::move(run.share_reasons)};
}

// As a member's status says it (docs/formats.md).
Result<consensus::ShareReason> read_reason(const nlohmann::json& said) {
  const auto score = [&](const char* key) {
    return static_cast<consensus::Score>(std::lround(said.at(key).get<double>() * consensus::kScoreMax));
  };
  const auto why = consensus::share_why(said.at("why").get<std::string>());
  if (!why) return fail(Errc::kUnsupported, "the leader gives a reason that this version does not know");
  consensus::ShareReason reason{NodeId(said.at("id").get<std::uint32_t>()),
                                said.at("share").get<std::uint64_t>(),
                                *why,
                                {},
                                score("blend")};
  if (!said.at("distance_ms").is_null())
    reason.standing.distance = from_seconds(said.at("distance_ms").get<double>() / 1e3);
  reason.standing.bandwidth = score("bandwidth");
  reason.standing.trust = score("trust");
  reason.standing.stability = score("stability");
  return reason;
}

Result<Explained> read_status(std::string_view text) {
  try {
    const auto status = nlohmann::json::parse(text);
    Explained explained;
    for (const auto& each : status.at("share_reasons")) {
      auto reason = read_reason(each);
      if (!reason) return tl::unexpected<Error>(reason.error());
      explained.by = NodeId(status.at("node").get<std::uint32_t>());
      explained.reasons.push_back(*reason);
    }
    return explained;
  } catch (const nlohmann::json::exception&) {
    return fail(Errc::kMalformed, "the leader's status cannot be read; is it of this version?");
  }
}

Result<Explained> asked(const Options& options) {
  const auto config = load_node_config(options.config);
  if (!config) return tl::unexpected<Error>(config.error());
  for (const auto& [node, peer] : config->group.members) {
    const auto answer =
        call_member(config->group, node, {1, shell::RequestKind::kStatus, {}}, std::chrono::seconds(5));
    if (!answer || answer->leader != node) continue;
    return read_status({reinterpret_cast<const char*>(answer->bytes.data()), answer->bytes.size()});
  }
  return fail(Errc::kUnavailable, "no member that leads answers");
}

int explain(const Options& options) {
  const auto explained = options.config.empty() ? rehearsed(options) : asked(options);
  if (!explained) return report(explained.error());
  if (explained->by == kNobody) {
    fmt::print(
        stderr,
        "skywarden shares: the leader asked for no change, so shares are as they were founded or as an "
        "earlier leader left them\n");
    return 2;
  }
  std::uint64_t total = 0;
  bool found = options.node == 0;
  for (const consensus::ShareReason& r : explained->reasons) total += r.share;
  for (const consensus::ShareReason& r : explained->reasons) {
    if (options.node != 0 && r.node.value() != options.node) continue;
    found = true;
    options.json ? print_json(r, total, explained->by) : print(r, total, explained->by);
  }
  if (found) return 0;
  fmt::print(stderr, "skywarden shares: node {} is no member\n", options.node);
  return 1;
}

}  // namespace

void add_shares(command_line::Command app, int* exit_code) {
  command_line::Command shares = app.add_subcommand("shares", "Vote shares and what they rest on");
  shares.require_subcommand(1);
  command_line::Command command =
      shares.add_subcommand("explain", "Why a node's share is what it is, in a run or now");
  auto options = std::make_shared<Options>();
  command.add_option("node", options->node, "the node's number; left out or 0: every member");
  const auto from = command.add_option_group("from");
  from.add_option("--scenario", options->scenario,
                  "a scenario whose leaders measure ([raft] measured_shares)");
  from.add_option("--config", options->config,
                  "of any node of a group that runs and measures (measured_shares): its leader is asked");
  from.require_option(1, 1);
  command.add_option("--seed", options->seed, "the run (1)");
  command.add_flag("--json", options->json, "an object a node");
  command.footer(
      "Distances, trust, bandwidth and stability are what the leader measured when it asked for its last "
      "change.\n"
      "Exit code 0; 2 when it asked for none; 1 when the scenario cannot be read, no leader answers or the "
      "node\nis no member.\n\n"
      "Example:\n  skywarden shares explain 3 --scenario scenarios/measured_shares.toml --seed 3\n"
      "  skywarden shares explain --config cluster/node-1.toml");
  command.callback([options, exit_code] { *exit_code = explain(*options); });
}

}  // namespace skywarden::app
