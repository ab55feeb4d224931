#include "cluster_fires.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "command_line/command_line.h"
#include "datum/delimited.h"
#include "formats/read_file.h"
#include "group_options.h"
#include "node/messages.h"
#include "node_config.h"
#include "onboard/firms.h"
#include "shell/fire_message.h"
#include "shell/group_call.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"
#include "wildfire/event_export.h"
#include "wildfire/geojson.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;

struct FireArguments {
  std::string config = "cluster/node-1.toml";
  std::string file;  // of observations
  bool json = false, geojson = false;
  double patience_s = 5;
};

Result<std::vector<std::byte>> ask(const NodeConfig& config, shell::RequestKind kind,
                                   std::vector<std::byte> bytes, Duration patience) {
  auto answer = shell::call_group(config.group, {1, kind, std::move(bytes)}, patience);
  if (!answer) return tl::unexpected<Error>(answer.error());
  if (answer->outcome != shell::Outcome::kDone)
    return fail(Errc::kConflict, "refused: {}",
                printable({reinterpret_cast<const char*>(answer->bytes.data()), answer->bytes.size()}));
  return std::move(answer->bytes);
}

void add(shell::ObservationsTaken& sum, const shell::ObservationsTaken& part) {
  sum.clock = part.clock;
  sum.taken += part.taken;
  sum.known += part.known;
  sum.late += part.late;
  sum.future += part.future;
  sum.unusable += part.unusable;
}

void print(const shell::ObservationsTaken& sum, std::size_t bad_rows) {
  fmt::print("{} taken, {} known before", sum.taken, sum.known);
  const std::string clock = format_utc(sum.clock);
  if (sum.late > 0) fmt::print("; {} older than the 24 h that the nodes look back from {}", sum.late, clock);
  if (sum.future > 0) fmt::print("; {} not seen yet: it is {} there", sum.future, clock);
  if (sum.unusable > 0) fmt::print("; {} without a footprint", sum.unusable);
  if (bad_rows > 0) fmt::print("; {} bad rows", bad_rows);
  fmt::print("\n");
}

std::uint64_t backing(const datum::Proposal& proposal, const consensus::Shares& shares) {
  std::uint64_t sum = 0;
  for (const NodeId node : proposal.merged) sum += consensus::share_of(shares, node);
  return sum;
}

constexpr const char* kKinds[] = {"alert", "update", "cancel"};

std::string line_of(const datum::Alert& alert, const consensus::Shares& shares) {
  const datum::Proposal& p = alert.proposal;
  const GeoPoint centre = wildfire::to_geo(p.centre);
  return fmt::format(
      "EXERCISE {:<6} {} message {}, {}, {:.4f},{:.4f}, {}, probability {:.2f} [{:.2f}, {:.2f}], {:.0f} ha, "
      "findings of {} of {} shares, entry {} of term {}\n",
      kKinds[static_cast<int>(p.kind)], wildfire::to_text(p.event), p.sequence,
      format_utc(Instant(Duration(p.time_ns))), centre.lat_deg, centre.lon_deg,
      wildfire::cap_word(wildfire::level_of(p).severity), p.probability_ppm * 1e-6, p.low_ppm * 1e-6,
      p.high_ppm * 1e-6, static_cast<double>(p.area_m2) / 1e4, backing(p, shares),
      consensus::total_shares(shares), alert.index.value(), alert.term.value());
}

std::string json_of(const datum::Alert& alert, const consensus::Shares& shares) {
  const datum::Proposal& p = alert.proposal;
  const GeoPoint centre = wildfire::to_geo(p.centre);
  const wildfire::AlertLevel level = wildfire::level_of(p);
  nlohmann::ordered_json json{{"identifier", wildfire::cap_identifier(p)},
                              {"status", "Exercise"},
                              {"event", wildfire::to_text(p.event)},
                              {"sequence", p.sequence},
                              {"kind", kKinds[static_cast<int>(p.kind)]},
                              {"time", format_utc(Instant(Duration(p.time_ns)), 3)},
                              {"lat", centre.lat_deg},
                              {"lon", centre.lon_deg},
                              {"severity", wildfire::cap_word(level.severity)},
                              {"urgency", wildfire::cap_word(level.urgency)},
                              {"certainty", wildfire::cap_word(level.certainty)},
                              {"probability", p.probability_ppm * 1e-6},
                              {"low", p.low_ppm * 1e-6},
                              {"high", p.high_ppm * 1e-6},
                              {"threshold", p.threshold_ppm * 1e-6},
                              {"area_ha", static_cast<double>(p.area_m2) / 1e4},
                              {"power_mw", static_cast<double>(p.power_w) / 1e6},
                              {"observations", p.observations.size()},
                              {"merged", nlohmann::json::array()},
                              {"shares_backing", backing(p, shares)},
                              {"shares_total", consensus::total_shares(shares)},
                              {"log_index", alert.index.value()},
                              {"log_term", alert.term.value()}};
  for (const NodeId node : p.merged) json["merged"].push_back(node.value());
  return json.dump() + "\n";
}

// Says on standard output what became of a FIRMS file's rows, and on standard error which were bad. False:
// some rows were not taken.
Result<bool> observe_file(const NodeConfig& config, const std::string& file, Duration patience) {
  const auto bytes = formats::read_file(file);
  if (!bytes) return tl::unexpected<Error>(bytes.error());
  const auto firms = onboard::read_firms(*bytes);
  if (!firms) return fail(firms.error().code, "{}: {}", file, firms.error().message);
  for (std::size_t i = 0; i < std::min(firms->problems.size(), kProblemLinesMax); ++i)
    fmt::print(stderr, "{}\n", datum::to_line(file, firms->problems[i]));
  if (firms->problems.size() > kProblemLinesMax)
    fmt::print(stderr, "{}: {} more problems\n", file, firms->problems.size() - kProblemLinesMax);
  shell::ObservationsTaken sum;
  const std::span<const datum::Hotspot> all = firms->hotspots;
  for (std::size_t first = 0; first < all.size(); first += node::kHotspotsPerBatchMax) {
    const auto part = all.subspan(first, std::min(node::kHotspotsPerBatchMax, all.size() - first));
    const node::ObservationBatch batch{0, {part.begin(), part.end()}};
    const auto answer = ask(config, shell::RequestKind::kObserve, node::encode(batch), patience);
    if (!answer) return fail(answer.error().code, "after {} rows: {}", first, answer.error().message);
    const auto taken = shell::decode_observations_taken(*answer);
    if (!taken) return tl::unexpected<Error>(taken.error());
    add(sum, *taken);
  }
  print(sum, firms->problems.size());
  return sum.late + sum.future + sum.unusable + firms->problems.size() == 0;
}

// All alerts that the leader remembers, in the order of the log, as of a moment after the call.
Result<std::vector<datum::Alert>> agreed_alerts(const NodeConfig& config, Duration patience) {
  std::vector<datum::Alert> all;
  for (;;) {
    const shell::AlertsQuestion question{all.empty() ? LogIndex() : all.back().index};
    const auto bytes = ask(config, shell::RequestKind::kRead, encode(question), patience);
    if (!bytes) return tl::unexpected<Error>(bytes.error());
    auto answer = shell::decode_alerts_answer(*bytes);
    if (!answer) return tl::unexpected<Error>(answer.error());
    const bool more = answer->more && !answer->alerts.empty();
    std::move(answer->alerts.begin(), answer->alerts.end(), std::back_inserter(all));
    if (!more) return all;
  }
}

// `shares`: by which the findings behind an alert count.
std::string alerts_text(const std::vector<datum::Alert>& alerts, const consensus::Shares& shares,
                        const FireArguments& arguments) {
  if (arguments.geojson) return wildfire::to_geojson(alerts, {}) + "\n";
  std::string text;
  for (const datum::Alert& alert : alerts)
    text += arguments.json ? json_of(alert, shares) : line_of(alert, shares);
  return text;
}

Result<int> observe(const NodeConfig& config, const FireArguments& arguments) {
  const auto whole = observe_file(config, arguments.file, from_seconds(arguments.patience_s));
  if (!whole) return tl::unexpected<Error>(whole.error());
  return *whole ? 0 : 2;
}

Result<int> alerts(const NodeConfig& config, const FireArguments& arguments) {
  const auto agreed = agreed_alerts(config, from_seconds(arguments.patience_s));
  if (!agreed) return tl::unexpected<Error>(agreed.error());
  fmt::print("{}", alerts_text(*agreed, config.shares, arguments));
  return 0;
}

}  // namespace

void add_cluster_fires(command_line::Command cluster, int* exit_code) {
  auto arguments = std::make_shared<FireArguments>();
  const auto add = [&](const char* name, const char* what,
                       Result<int> (*act)(const NodeConfig&, const FireArguments&), const char* footer) {
    command_line::Command command = cluster.add_subcommand(name, what);
    add_config_option(command, arguments->config);
    add_patience_option(command, arguments->patience_s);
    command.footer(footer);
    command.callback([arguments, exit_code, act] {
      const auto config = load_node_config(arguments->config);
      const auto done = config ? act(*config, *arguments) : tl::unexpected<Error>(config.error());
      if (!done) fmt::print(stderr, "skywarden cluster: {}\n", done.error().message);
      *exit_code = done ? *done : 1;
    });
    return command;
  };
  command_line::Command command =
      add("observe", "Hand in observations of fires", observe,
          "Each is taken by the first node that answers, which has it on disk then and brings it to the\n"
          "others. Exit code 2 when rows were bad, or not of the last 24 hours by the nodes' clock.\n\n"
          "Example:\n  skywarden cluster observe incidents/tubbs_2017/hotspots_observed.csv");
  command.add_option("file", arguments->file, "FIRMS CSV, MODIS or VIIRS (.csv, .csv.gz)").required();
  command = add("alerts", "What the group has agreed to tell, as of now", alerts,
                "Every alert is an exercise.\n\nExample:\n  skywarden cluster alerts --json");
  command_line::Option json = command.add_flag("--json", arguments->json, "a line of JSON each");
  command.add_flag("--geojson", arguments->geojson, "one FeatureCollection").excludes(json);
}

}  // namespace skywarden::app
