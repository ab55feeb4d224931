// Passes of a whole catalogue over ground stations: wall and CPU seconds, median of several runs.
#include "orbit/passes.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "orbit/element_file.h"
#include "orbit/stations.h"
#include "shell/thread_executor.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;

struct Arguments {
  std::string elements, stations;
  std::string start = "2026-05-10T12:00:00Z";
  double hours = 24.0;
  double mask_deg = 5.0;
  unsigned threads = shell::ThreadExecutor::processor_count();
  int runs = 5;
};

double wall_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

int fail_with(const std::string& message) {
  fmt::print(stderr, "bench-passes: {}\n", message);
  return 1;
}

int run(const Arguments& a) {
  const auto start = parse_utc(a.start);
  if (!start) return fail_with(start.error().message);
  const auto bytes = formats::read_file(a.elements);
  if (!bytes) return fail_with(bytes.error().message);
  const auto elements = orbit::read_elements(*bytes, a.elements);
  if (!elements) return fail_with(elements.error().message);
  const auto table = formats::read_file(a.stations);
  if (!table) return fail_with(table.error().message);
  const auto stations = orbit::read_stations(*table, a.stations);
  if (!stations) return fail_with(stations.error().message);
  std::vector<orbit::Horizon> horizons;
  for (const orbit::Station& station : stations->stations) horizons.emplace_back(station.place);

  const Instant end = *start + from_seconds(a.hours * 3600.0);
  shell::ThreadExecutor executor(a.threads);
  std::vector<std::size_t> counts(elements->sets.size());
  std::vector<double> wall;
  std::vector<double> cpu;
  for (int i = 0; i < a.runs; ++i) {
    const double wall_before = wall_seconds();
    const double cpu_before = cpu_seconds();
    executor.run(counts.size(), [&](std::size_t k) {
      counts[k] = orbit::find_passes(orbit::Sgp4(elements->sets[k]), horizons, *start, end,
                                     {.elevation_min = Degrees(a.mask_deg)})
                      .passes.size();
    });
    wall.push_back(wall_seconds() - wall_before);
    cpu.push_back(cpu_seconds() - cpu_before);
  }
  std::size_t passes = 0;
  for (const std::size_t count : counts) passes += count;
  fmt::print(
      "{{\"figure\": \"passes of a catalogue\", \"satellites\": {}, \"stations\": {}, \"hours\": {}, "
      "\"mask_deg\": {}, \"passes\": {}, \"threads\": {}, \"wall_s\": {:.3f}, \"wall_s_best\": {:.3f}, "
      "\"wall_s_worst\": {:.3f}, \"cpu_s\": {:.3f}, \"runs\": {}}}\n",
      counts.size(), horizons.size(), a.hours, a.mask_deg, passes, executor.threads(),
      statistics::median(wall), *std::min_element(wall.begin(), wall.end()),
      *std::max_element(wall.begin(), wall.end()), statistics::median(cpu), wall.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments a;
  skywarden::command_line::Program app{"Passes of a whole catalogue over ground stations"};
  app.add_option("--elements", a.elements, "TLE or OMM (.gz too)").required();
  app.add_option("--stations", a.stations, "CSV name,lat_deg,lon_deg,alt_m (.gz too)").required();
  app.add_option("--start", a.start).capture_default_str();
  app.add_option("--hours", a.hours).check(skywarden::command_line::positive_number()).capture_default_str();
  app.add_option("--mask", a.mask_deg)
      .check(skywarden::command_line::range(-89.0, 89.0))
      .capture_default_str();
  app.add_option("--threads", a.threads)
      .check(skywarden::command_line::range(1U, shell::kThreadsMax))
      .capture_default_str();
  app.add_option("--runs", a.runs).check(skywarden::command_line::range(1, 1000)).capture_default_str();
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  return run(a);
}
