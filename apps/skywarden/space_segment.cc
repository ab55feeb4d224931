#include "space_segment.h"

#include "command_line/command_line.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

// The options of the command line are what a file of rules does not say.
network::LinkRules rules_of(const SegmentArguments& arguments) {
  network::LinkRules rules;
  rules.satellites.range_max = kilometres(arguments.range_km);
  rules.satellites.rate = BitsPerSecond(arguments.isl_rate_mbps * 1e6);
  rules.ground.elevation_min = Degrees(arguments.mask_deg);
  rules.ground.rate = BitsPerSecond(arguments.ground_rate_mbps * 1e6);
  return rules;
}

Result<std::vector<network::ContactWindow>> windows_of(const SegmentArguments& arguments,
                                                       std::span<const network::OrbitingNode> orbiting,
                                                       std::span<const network::GroundNode> ground,
                                                       Instant start, Instant end) {
  if (!arguments.links.empty()) {
    const auto rules = load_link_rules(arguments.links, rules_of(arguments));
    if (!rules) return tl::unexpected(rules.error());
    return network::usable_contacts(orbiting, ground, start, end, *rules);
  }
  network::ContactOptions options;
  options.satellite_range_max = kilometres(arguments.range_km);
  options.elevation_min = Degrees(arguments.mask_deg);
  options.satellite_rate = BitsPerSecond(arguments.isl_rate_mbps * 1e6);
  options.ground_rate = BitsPerSecond(arguments.ground_rate_mbps * 1e6);
  return network::contact_windows(orbiting, ground, start, end, options);
}

}  // namespace

void add_segment_options(command_line::Command command, SegmentArguments& arguments) {
  command.add_option("--elements", arguments.elements, "TLE or OMM (.gz too)");
  command.add_option("--stations", arguments.stations, "CSV name,lat_deg,lon_deg,alt_m (.gz too)");
  command.add_option("--start", arguments.start, "UTC, such as 2026-05-08T00:00:00Z");
  command.add_option("--hours", arguments.hours, "length of the interval").capture_default_str();
  command.add_option("--mask", arguments.mask_deg, "least elevation at stations, degrees")
      .capture_default_str();
  command.add_option("--max-isl-km", arguments.range_km, "satellites talk at most this far")
      .capture_default_str();
  command.add_option("--isl-mbps", arguments.isl_rate_mbps, "rate between satellites").capture_default_str();
  command.add_option("--ground-mbps", arguments.ground_rate_mbps, "rate to the ground").capture_default_str();
  command.add_option("--links", arguments.links,
                     "TOML rules of links: terminals, acquisition, Sun, poles, budgets (docs/formats.md)");
  command.add_flag("--strict", arguments.strict, "leave out sets with a wrong checksum (default: warn)");
}

Result<SpaceSegment> load_segment(const SegmentArguments& arguments) {
  const auto interval = interval_of(arguments.start, arguments.hours);
  if (!interval) return tl::unexpected(interval.error());
  SpaceSegment segment;
  segment.start = interval->start;
  segment.end = interval->end;
  auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  segment.satellites = std::move(elements->sets);
  segment.whole = elements->complete;
  if (!arguments.stations.empty()) {
    auto file = load_stations(arguments.stations);
    if (!file) return tl::unexpected(file.error());
    segment.whole = segment.whole && file->problems.empty();
    segment.stations = std::move(file->stations);
  }
  std::vector<network::OrbitingNode> orbiting;
  for (std::size_t i = 0; i < segment.satellites.size(); ++i)
    orbiting.push_back({segment.satellite(i), segment.satellites[i]});
  std::vector<network::GroundNode> ground;
  for (std::size_t i = 0; i < segment.stations.size(); ++i)
    ground.push_back({segment.station(i), segment.stations[i].place});
  auto windows = windows_of(arguments, orbiting, ground, segment.start, segment.end);
  if (!windows) return tl::unexpected(windows.error());
  segment.windows = std::move(*windows);
  return segment;
}

}  // namespace skywarden::app
