// skywarden contacts: who can talk to whom and when, predicted from orbits; and contact plans from one format
// to another.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <set>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "network/plan_file.h"
#include "orbit_files.h"
#include "space_pictures.h"
#include "space_segment.h"

namespace skywarden::app {
namespace {

struct Arguments {
  SegmentArguments segment;
  std::string plan, format = "json", out = "-", svg;
  bool names = false;
};

Result<std::string> written(const network::PlanFile& plan, const std::string& format) {
  if (format == "json") return network::to_hdtn_json(plan);
  if (format == "csv") return network::to_plan_csv(plan);
  if (format == "ionrc") return network::to_ionrc(plan);
  return fail(Errc::kOutOfRange, "--format: expected json, csv or ionrc, found '{}'", format);
}

// Catalogue numbers for satellites and 1, 2, … for stations, or names, where they tell nodes apart.
Result<std::map<NodeId, std::string>> node_labels(const SpaceSegment& segment, bool names) {
  std::map<NodeId, std::string> labels;
  std::set<std::string> used;
  const auto give = [&](NodeId node, std::string label) {
    if (!used.insert(label).second) return false;
    labels.emplace(node, std::move(label));
    return true;
  };
  for (std::size_t i = 0; i < segment.satellites.size(); ++i) {
    const orbit::ElementSet& set = segment.satellites[i];
    if (!give(segment.satellite(i), names ? orbit::label(set) : fmt::format("{}", set.norad)))
      return fail(Errc::kConflict, "--elements: expected one set a satellite, found {} twice",
                  orbit::label(set));
  }
  for (std::size_t i = 0; i < segment.stations.size(); ++i)
    if (!give(segment.station(i), names ? segment.stations[i].name : fmt::format("{}", i + 1)))
      return fail(Errc::kConflict, "--stations: '{}' is a name or number in use already",
                  segment.stations[i].name);
  return labels;
}

network::PlanFile plan_of(const SpaceSegment& segment, const std::map<NodeId, std::string>& labels,
                          bool names) {
  network::PlanFile plan;
  plan.epoch = segment.start;
  std::map<NodeId, network::Vertex> vertices;
  for (const auto& [node, label] : labels) {
    vertices.emplace(node, network::Vertex(static_cast<std::uint32_t>(plan.nodes.size())));
    plan.nodes.push_back(label);
  }
  if (!names) {  // then say which number is whom
    for (const orbit::ElementSet& set : segment.satellites)
      plan.names.push_back(printable(orbit::label(set)));
    for (const orbit::Station& station : segment.stations) plan.names.push_back(printable(station.name));
  }
  for (const network::ContactWindow& window : segment.windows)
    for (const bool back : {false, true}) {
      const network::Vertex a = vertices.at(window.a);
      const network::Vertex b = vertices.at(window.b);
      plan.contacts.push_back({back ? b : a, back ? a : b, window.contact.start - segment.start,
                               window.contact.end - segment.start, window.contact.delay,
                               window.contact.rate});
    }
  return plan;
}

struct PredictedPlan {
  network::PlanFile plan;
  bool whole = true;
};

Result<PredictedPlan> predict(const Arguments& arguments) {
  const auto segment = load_segment(arguments.segment);
  if (!segment) return tl::unexpected(segment.error());
  const auto labels = node_labels(*segment, arguments.names);
  if (!labels) return tl::unexpected(labels.error());
  return PredictedPlan{plan_of(*segment, *labels, arguments.names), segment->whole};
}

std::string picture_of(const network::PlanFile& plan) {
  std::vector<TalkingNode> nodes;
  for (std::size_t i = 0; i < plan.nodes.size(); ++i)
    nodes.push_back({plan.names.empty() ? plan.nodes[i] : plan.names[i], {}});
  const Instant epoch = plan.epoch.value_or(Instant{});
  Instant start = Instant::max(), end = Instant::min();
  for (const network::PlannedContact& contact : plan.contacts) {
    const Instant from = epoch + contact.start, to = epoch + contact.end;
    nodes[contact.from.value()].windows.push_back({from, to});
    start = std::min(start, from);
    end = std::max(end, to);
  }
  return contacts_picture(fmt::format("{} contacts among {} nodes", plan.contacts.size(), plan.nodes.size()),
                          nodes, start, end);
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  PredictedPlan made;
  if (!arguments.plan.empty()) {
    const auto bytes = formats::read_file(arguments.plan);
    if (!bytes) return tl::unexpected(bytes.error());
    auto plan = network::read_plan(*bytes, arguments.plan);
    if (!plan) return tl::unexpected(plan.error());
    print_problems(arguments.plan, plan->problems);
    made.whole = plan->problems.empty();
    made.plan = std::move(*plan);
  } else if (!arguments.segment.elements.empty() && !arguments.segment.start.empty()) {
    auto predicted = predict(arguments);
    if (!predicted) return tl::unexpected(predicted.error());
    made = std::move(*predicted);
  } else {
    return fail(Errc::kNotFound, "expected --elements and --start, or --plan");
  }
  const auto text = written(made.plan, arguments.format);
  if (!text) return tl::unexpected(text.error());
  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  writer.buffer() += *text;
  if (auto closed = writer.close(); !closed) return closed;
  if (!arguments.svg.empty() && !made.plan.contacts.empty())
    if (auto drawn = write_picture(picture_of(made.plan), arguments.svg); !drawn) return drawn;
  fmt::print(stderr, "{} contacts among {} nodes\n", made.plan.contacts.size(), made.plan.nodes.size());
  return made.whole;
}

}  // namespace

void add_contacts(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("contacts", "Contact plans from orbits, or from one format to another");
  add_segment_options(command, arguments->segment);
  command.add_flag("--names", arguments->names, "nodes by name instead of number");
  command.add_option("--plan", arguments->plan,
                     "rewrite this plan instead: HDTN JSON, ionrc or CSV (.gz too)");
  command.add_option("--format", arguments->format, "json (HDTN), ionrc or csv").capture_default_str();
  command.add_option("--out", arguments->out, "- is standard output").capture_default_str();
  command.add_option("--svg", arguments->svg, "a picture of the contacts too, a lane a node");
  command.footer(
      "Satellites are numbered by catalogue number, stations 1, 2, … in the order of their file. Times are\n"
      "seconds since --start. Windows shorter than 30 s may be missed. Without --links nodes talk to all in\n"
      "sight and rates are constants a kind of link.\n\n"
      "Examples:\n"
      "  skywarden contacts --elements fire.tle --stations ksat.csv --start 2026-05-08T00:00:00Z --hours 24 "
      "\\\n"
      "    --out plan.json\n"
      "  skywarden contacts --elements fire.tle --stations ksat.csv --start 2026-05-08 --links laser.toml\n"
      "  skywarden contacts --plan plan.json --format ionrc --out global.ionrc");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden contacts: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
