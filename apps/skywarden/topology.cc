// skywarden topology: round trips and ways through a constellation, step by step.
#include "network/topology.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "network/satellite_links.h"
#include "orbit/sgp4.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

constexpr double kStepsMax = 1e8;

struct Arguments {
  std::string elements, isls = "plus_grid", stations, start, duration, step = "1s", pairs, out = "-";
  double ground_range_max_km = 0.0;
  bool strict = false;
};

// "0.1s", "100ms", "5min", "2h"; a bare number is seconds.
Result<Duration> parse_duration(std::string_view option, std::string_view text) {
  static const std::map<std::string_view, double> kUnits{{"", 1.0},    {"s", 1.0},    {"ms", 1e-3},
                                                         {"us", 1e-6}, {"min", 60.0}, {"h", 3600.0}};
  const std::size_t letters = std::min(text.find_first_of("smuh"), text.size());
  const auto number = parse_number(text.substr(0, letters));
  const auto unit = kUnits.find(text.substr(letters));
  constexpr double kSecondsMax = 366.0 * 86'400.0;
  if (!number || unit == kUnits.end() || !(*number * unit->second >= 1e-6) ||
      *number * unit->second > kSecondsMax)
    return fail(Errc::kOutOfRange, "{}: expected a time such as 0.1s, 5min or 2h, up to a year, found '{}'",
                option, printable(text));
  return from_seconds(*number * unit->second);
}

struct Pair {
  std::uint32_t src, dst;
};

struct PairFile {
  std::vector<Pair> pairs;
  std::vector<datum::RowProblem> problems;
};

Result<PairFile> read_pairs(const std::string& path, std::uint32_t nodes) {
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  // A file without a header is given one.
  const std::string_view first = trim(std::string_view(*bytes).substr(0, bytes->find('\n')));
  const bool bare = !first.empty() && first.front() >= '0' && first.front() <= '9';
  const auto table = datum::parse_delimited((bare ? "src,dst\n" : "") + *bytes, {});
  if (!table) return fail(table.error().code, "{}: {}", path, table.error().message);
  const std::size_t src = table->column("src");
  const std::size_t dst = table->column("dst");
  if (src == datum::Table::npos || dst == datum::Table::npos)
    return fail(Errc::kMalformed, "{}:1: expected the columns src,dst", path);
  PairFile file;
  file.problems = table->problems;
  for (auto& problem : file.problems) problem.row -= bare ? 1 : 0;
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const auto node = [&](std::size_t column) -> std::optional<std::uint32_t> {
      const auto number = parse_integer(trim(table->rows[i][column]));
      if (number && *number >= 0 && *number < nodes) return static_cast<std::uint32_t>(*number);
      file.problems.push_back(
          {table->row_numbers[i] - (bare ? 1 : 0), table->header[column],
           fmt::format("expected a node of 0…{}, found '{}'", nodes - 1, printable(table->rows[i][column]))});
      return std::nullopt;
    };
    const auto a = node(src);
    const auto b = node(dst);
    if (a && b) file.pairs.push_back({*a, *b});
  }
  return file;
}

Result<std::vector<network::SatelliteLink>> links_of(const Arguments& arguments,
                                                     const std::vector<orbit::ElementSet>& sets,
                                                     bool& whole) {
  if (arguments.isls == "plus_grid") return network::plus_grid(sets);
  const auto bytes = formats::read_file(arguments.isls);
  if (!bytes) return tl::unexpected(bytes.error());
  auto file = network::read_satellite_links(*bytes, static_cast<std::uint32_t>(sets.size()));
  print_problems(arguments.isls, file.problems);
  whole = whole && file.problems.empty();
  return std::move(file.links);
}

std::string joined(const std::vector<std::uint32_t>& nodes) {
  return fmt::format("{}", fmt::join(nodes, "-"));
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  const auto start = parse_utc(arguments.start);
  if (!start) return fail(start.error().code, "--start: {}", start.error().message);
  const auto duration = parse_duration("--duration", arguments.duration);
  if (!duration) return tl::unexpected(duration.error());
  const auto step = parse_duration("--step", arguments.step);
  if (!step) return tl::unexpected(step.error());
  if (to_seconds(*duration) / to_seconds(*step) > kStepsMax)
    return fail(Errc::kOutOfRange, "--step: expected at most {} steps", kStepsMax);

  const auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  bool whole = elements->complete;
  const auto stations = load_stations(arguments.stations);
  if (!stations) return tl::unexpected(stations.error());
  whole = whole && stations->problems.empty();

  network::TopologyShape shape;
  shape.satellites = static_cast<std::uint32_t>(elements->sets.size());
  shape.stations = static_cast<std::uint32_t>(stations->stations.size());
  shape.ground_range_max_km = arguments.ground_range_max_km;
  auto links = links_of(arguments, elements->sets, whole);
  if (!links) return tl::unexpected(links.error());
  shape.links = std::move(*links);
  if (const auto valid = shape.validate(); !valid) return tl::unexpected(valid.error());
  const auto pairs = read_pairs(arguments.pairs, shape.satellites + shape.stations);
  if (!pairs) return tl::unexpected(pairs.error());
  print_problems(arguments.pairs, pairs->problems);
  whole = whole && pairs->problems.empty();

  std::map<std::uint32_t, std::vector<std::size_t>> pairs_to;  // by destination
  for (std::size_t i = 0; i < pairs->pairs.size(); ++i) pairs_to[pairs->pairs[i].dst].push_back(i);
  std::vector<orbit::Sgp4> theories;
  for (const orbit::ElementSet& set : elements->sets) theories.emplace_back(set);
  std::vector<Position<Ecef>> ground;
  for (const orbit::Station& station : stations->stations) ground.push_back(orbit::to_ecef(station.place));

  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  writer.buffer() += "time_s,src,dst,rtt_ns,path\n";
  network::Topology topology(shape);
  std::vector<std::optional<Position<Ecef>>> satellites(shape.satellites);
  std::vector<std::optional<network::GroundPath>> paths(pairs->pairs.size());
  for (Duration t{}; t < *duration; t += *step) {
    const orbit::EarthRotation earth = orbit::earth_rotation(*start + t);
    for (std::size_t s = 0; s < theories.size(); ++s) {
      const auto state = theories[s].at(*start + t);
      satellites[s] = state ? std::optional(orbit::to_ecef(*state, earth).position) : std::nullopt;
    }
    topology.move(satellites, ground);
    for (const auto& [destination, places] : pairs_to) {
      topology.aim(destination);
      for (const std::size_t i : places) paths[i] = topology.path_from(pairs->pairs[i].src);
    }
    const std::string time = fmt::format("{}", to_seconds(t));
    for (std::size_t i = 0; i < paths.size(); ++i) {
      const auto [src, dst] = pairs->pairs[i];
      if (paths[i])
        fmt::format_to(std::back_inserter(writer.buffer()), "{},{},{},{},{}\n", time, src, dst,
                       std::llround(2e12 * paths[i]->length_km / network::kSpeedOfLightMs),
                       joined(paths[i]->nodes));
      else
        fmt::format_to(std::back_inserter(writer.buffer()), "{},{},{},-1,\n", time, src, dst);
    }
    writer.flush_if_long();
  }
  if (auto closed = writer.close(); !closed) return closed;
  return whole;
}

}  // namespace

void add_topology(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("topology", "Round trips and ways through a constellation, step by step");
  command.add_option("--elements", arguments->elements, "TLE or OMM (.gz too)").required();
  command.add_option("--isls", arguments->isls, "plus_grid, or a file with two satellite numbers a line")
      .capture_default_str();
  command
      .add_option("--stations", arguments->stations, "CSV id,name,lat,lon,alt_m, or with a header (.gz too)")
      .required();
  command
      .add_option("--max-gsl-km", arguments->ground_range_max_km,
                  "a station reaches satellites this far away")
      .required();
  command.add_option("--start", arguments->start, "UTC, such as 2026-05-08T00:00:00Z").required();
  command.add_option("--duration", arguments->duration, "such as 200s or 2h; steps begin before it ends")
      .required();
  command.add_option("--step", arguments->step, "such as 0.1s").capture_default_str();
  command.add_option("--pairs", arguments->pairs, "CSV src,dst (.gz too)").required();
  command.add_option("--out", arguments->out, "CSV; - is standard output").capture_default_str();
  command.add_flag("--strict", arguments->strict, "leave out sets with a wrong checksum (default: warn)");
  command.footer(
      "Columns: time_s,src,dst,rtt_ns,path. Nodes are numbers: satellites from 0 in the order of the file,\n"
      "then stations. The way is the shortest over inter-satellite links; a station never relays. The round\n"
      "trip is twice its length at the speed of light. No way: -1 and no path.\n\n"
      "Example:\n  skywarden topology --elements walker.tle --isls plus_grid --stations cities.csv \\\n"
      "    --max-gsl-km 1089 --start 2026-05-08T00:00:00Z --duration 200s --step 0.1s --pairs pairs.csv");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden topology: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
