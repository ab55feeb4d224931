#include "scenario_loader.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "formats/read_file.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;

}  // namespace

Result<sim::Scenario> load_scenario(const std::string& file) {
  const auto text = formats::read_file(file, kFileBytesMax);
  if (!text) return tl::unexpected(text.error());
  auto scenario = sim::parse_scenario(*text, file);
  if (!scenario || !scenario->flown) return scenario;
  const std::filesystem::path beside = std::filesystem::path(file).parent_path();
  auto elements = load_elements(beside / scenario->flown->elements_file, false);
  if (!elements) return tl::unexpected(elements.error());
  std::vector<orbit::Station> stations;
  if (!scenario->flown->stations_file.empty()) {
    auto read = load_stations(beside / scenario->flown->stations_file);
    if (!read) return tl::unexpected(read.error());
    stations = std::move(read->stations);
  }
  if (!scenario->flown->links_file.empty()) {
    network::LinkRules defaults;
    defaults.satellites.range_max = scenario->flown->satellite_range_max;
    defaults.ground.elevation_min = scenario->flown->elevation_min;
    const auto rules = load_link_rules(beside / scenario->flown->links_file, defaults);
    if (!rules) return tl::unexpected(rules.error());
    scenario->flown->links = *rules;
  }
  if (const auto flown = sim::fly(*scenario, std::move(elements->sets), std::move(stations)); !flown)
    return fail(flown.error().code, "{}: {}", file, flown.error().message);
  return scenario;
}

}  // namespace skywarden::app
