// skywarden config check FILE...: says of each TOML file which kind it is and what is wrong with it.
#include <fmt/core.h>

#include <array>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "datum/schema.h"
#include "datum/toml_reader.h"
#include "formats/read_file.h"
#include "incident.h"
#include "network/link_rules_file.h"
#include "node_config.h"
#include "scenario_loader.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kConfigBytesMax = 16 << 20;

// A kind of file: how to know it, and what to say of a sound one. A new kind is one function of each and one
// line in kKinds.
struct Kind {
  const char* name;
  bool (*recognises)(const toml::table& root);
  Result<std::string> (*check)(std::string_view text, const std::string& file);
};

bool is_schema(const toml::table& root) {
  return root.contains("field") || root.contains("stream");
}

Result<std::string> check_schema(std::string_view text, const std::string& file) {
  const auto schema = datum::parse_schema(text, file);
  if (!schema) return tl::unexpected(schema.error());
  return fmt::format("schema '{}', {} fields", printable(schema->name), schema->fields.size());
}

bool is_scenario(const toml::table& root) {
  return root.contains("nodes") || root.contains("duration_s");
}

bool is_incident(const toml::table& root) {
  return !is_scenario(root) && (root.contains("hotspots") || root.contains("records"));  // both have records
}

// With all its parts, as replay would load it.
Result<std::string> check_incident(std::string_view, const std::string& file) {
  const auto incident = load_incident({.paths = {file}, .elements = {}});
  if (!incident) return tl::unexpected(incident.error());
  std::size_t records = 0;
  for (const RecordSource& source : incident->records) records += source.records.size();
  std::string said =
      fmt::format("incident '{}', {} hotspots, {} station records, {} satellites", printable(incident->name),
                  incident->hotspots.size(), records, incident->satellites.size());
  for (const std::string& problem : incident->problems) said += "\n  " + problem;
  return said;
}

Result<std::string> check_scenario(std::string_view, const std::string& file) {
  const auto scenario = load_scenario(file);
  if (!scenario) return tl::unexpected(scenario.error());
  return fmt::format("scenario '{}', {} nodes", printable(scenario->name), scenario->nodes);
}

bool is_link_rules(const toml::table& root) {
  return root.contains("isl") || root.contains("ground");
}

Result<std::string> check_link_rules(std::string_view text, const std::string& file) {
  if (const auto rules = network::parse_link_rules(text, file); !rules) return tl::unexpected(rules.error());
  return "rules of links";
}

bool is_node(const toml::table& root) {
  return root.contains("member");
}

Result<std::string> check_node(std::string_view text, const std::string& file) {
  const auto node = parse_node_config(text, file);
  if (!node) return tl::unexpected(node.error());
  const bool fires = node->agrees_on == AgreesOn::kFires;
  std::string said =
      fmt::format("node {} of cluster '{}', {} members, agrees on {}", node->identity.node.value(),
                  node->identity.cluster, node->group.members.size(), fires ? "fires" : "values");
  if (fires && node->clock_behind > Duration::zero())
    said += fmt::format(", its clock {:.0f} s behind UTC", to_seconds(node->clock_behind));
  return said;
}

constexpr std::array kKinds{
    Kind{"schema", is_schema, check_schema}, Kind{"incident", is_incident, check_incident},
    Kind{"scenario", is_scenario, check_scenario}, Kind{"rules of links", is_link_rules, check_link_rules},
    Kind{"node", is_node, check_node}};

Result<std::string> check_file(const std::string& file) {
  const auto text = formats::read_file(file, kConfigBytesMax);
  if (!text) return tl::unexpected(text.error());
  const auto root = datum::parse_toml(*text, file);
  if (!root) return tl::unexpected(root.error());
  std::string names;
  for (const Kind& kind : kKinds) {
    if (kind.recognises(*root)) return kind.check(*text, file);
    names += fmt::format("{}{}", names.empty() ? "" : ", ", kind.name);
  }
  return fail(Errc::kUnsupported, "{}: expected one of {}; none of their tables is here", file, names);
}

int check_files(const std::vector<std::string>& files) {
  int exit_code = 0;
  for (const std::string& file : files) {
    const auto found = check_file(file);
    if (found) {
      fmt::print("{}: {}\n", file, *found);
    } else {
      fmt::print(stderr, "{}\n", found.error().message);
      exit_code = 1;
    }
  }
  return exit_code;
}

}  // namespace

void add_config(command_line::Command app, int* exit_code) {
  command_line::Command config = app.add_subcommand("config", "work with configuration files");
  config.require_subcommand(1);
  command_line::Command check =
      config.add_subcommand("check", "say what each file is and what is wrong with it");
  auto files = std::make_shared<std::vector<std::string>>();
  check.add_option("FILE", *files, "TOML files: schemas, incidents, scenarios, rules of links, nodes")
      .required();
  check.footer(
      "Exit 0 when every file is sound, 1 otherwise; one line for each error.\n\n"
      "Example:\n  skywarden config check schemas/*.toml");
  check.callback([files, exit_code] { *exit_code = check_files(*files); });
}

}  // namespace skywarden::app
