// skywarden passes: when satellites stand above ground stations' elevation masks.
#include "orbit/passes.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "commands.h"
#include "formats/read_file.h"
#include "orbit/reanchor.h"
#include "orbit/stations.h"
#include "orbit_files.h"

namespace skywarden::app {
namespace {

constexpr double kHoursMax = 24.0 * 366.0;
constexpr std::size_t kFailureLinesMax = 20;

struct Arguments {
  std::string elements, stations, start, out = "-";
  double hours = 24.0, mask_deg = 10.0, ut1_utc_s = 0.0;
  bool strict = false;
};

struct Interval {
  Instant start{}, end{};
};

Result<Interval> interval_of(const Arguments& arguments) {
  const auto start = parse_utc(arguments.start);
  if (!start) return fail(start.error().code, "--start: {}", start.error().message);
  if (!(arguments.hours > 0.0 && arguments.hours <= kHoursMax))
    return fail(Errc::kOutOfRange, "--hours: expected more than 0 and up to {}, found {}", kHoursMax,
                arguments.hours);
  if (!(arguments.mask_deg > -90.0 && arguments.mask_deg < 90.0))
    return fail(Errc::kOutOfRange, "--mask: expected more than −90 and less than 90 degrees, found {}",
                arguments.mask_deg);
  if (!(arguments.ut1_utc_s >= -1.0 && arguments.ut1_utc_s <= 1.0))
    return fail(Errc::kOutOfRange, "--ut1-utc: expected −1…1 s, found {}", arguments.ut1_utc_s);
  return Interval{*start, *start + from_seconds(arguments.hours * 3600.0)};
}

void append_pass(std::string& text, const orbit::ElementSet& satellite, const std::string& station,
                 const orbit::Pass& pass) {
  datum::append_row(
      text,
      {orbit::label(satellite), fmt::format("{}", satellite.norad), station, format_utc(pass.aos, 6),
       format_utc(pass.tca, 6), format_utc(pass.los, 6), fmt::format("{:.6f}", pass.elevation_max.value()),
       fmt::format("{:.6f}", pass.range_km_at_tca), fmt::format("{:.9f}", pass.range_rate_kms_at_aos)});
}

// Orbits grow stale; say so once rather than not at all.
void warn_of_old_elements(const std::vector<orbit::ElementSet>& sets, const Interval& interval) {
  std::size_t old = 0;
  for (const orbit::ElementSet& set : sets)
    if (interval.start - set.epoch > orbit::kElementAgeMax ||
        set.epoch - interval.end > orbit::kElementAgeMax)
      ++old;
  if (old > 0)
    fmt::print(
        stderr,
        "warning: {} of {} element sets are more than 30 days from the interval; expect large errors\n", old,
        sets.size());
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  const auto interval = interval_of(arguments);
  if (!interval) return tl::unexpected(interval.error());
  const auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  const auto bytes = formats::read_file(arguments.stations);
  if (!bytes) return tl::unexpected(bytes.error());
  const auto stations = orbit::read_stations(*bytes, arguments.stations);
  if (!stations) return tl::unexpected(stations.error());
  print_problems(arguments.stations, stations->problems);
  if (stations->stations.empty())
    return fail(Errc::kMalformed, "{}: expected at least one good station", arguments.stations);
  warn_of_old_elements(elements->sets, *interval);

  std::vector<orbit::Horizon> horizons;
  for (const orbit::Station& station : stations->stations) horizons.emplace_back(station.place);
  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  writer.buffer() +=
      "satellite,norad,station,aos_utc,tca_utc,los_utc,max_el_deg,range_km_at_tca,range_rate_kms_at_aos\n";
  std::size_t failures = 0;
  for (const orbit::ElementSet& set : elements->sets) {
    const auto list = orbit::find_passes(
        orbit::Sgp4(set), horizons, interval->start, interval->end,
        {.elevation_min = Degrees(arguments.mask_deg), .ut1_minus_utc = from_seconds(arguments.ut1_utc_s)});
    for (const orbit::Pass& pass : list.passes)
      append_pass(writer.buffer(), set, stations->stations[pass.station].name, pass);
    writer.flush_if_long();
    if (list.failure && ++failures <= kFailureLinesMax)
      fmt::print(stderr, "warning: {} ({}): no passes from {} on while its theory fails: {}\n",
                 orbit::label(set), set.norad, format_utc(list.failure->at), to_string(list.failure->error));
  }
  if (failures > kFailureLinesMax)
    fmt::print(stderr, "warning: {} more satellites whose theory fails\n", failures - kFailureLinesMax);
  if (auto closed = writer.close(); !closed) return closed;
  return elements->complete && stations->problems.empty();
}

}  // namespace

void add_passes(CLI::App& app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("passes", "Passes of satellites over ground stations");
  command->add_option("--elements", arguments->elements, "TLE, OMM CSV or OMM JSON (.gz too)")->required();
  command->add_option("--stations", arguments->stations, "CSV name,lat_deg,lon_deg,alt_m (.gz too)")
      ->required();
  command->add_option("--start", arguments->start, "UTC, such as 2026-05-08T00:00:00Z")->required();
  command->add_option("--hours", arguments->hours, "length of the interval")->capture_default_str();
  command->add_option("--mask", arguments->mask_deg, "least elevation, degrees")->capture_default_str();
  command->add_option("--ut1-utc", arguments->ut1_utc_s, "UT1 − UTC in seconds (IERS Bulletin A)")
      ->capture_default_str();
  command->add_option("--out", arguments->out, "CSV; - is standard output")->capture_default_str();
  command->add_flag("--strict", arguments->strict, "leave out sets with a wrong checksum (default: warn)");
  command->footer(
      "Columns: satellite,norad,station,aos_utc,tca_utc,los_utc,max_el_deg,range_km_at_tca,\n"
      "range_rate_kms_at_aos. TCA is the moment of greatest elevation. WGS 84, no refraction;\n"
      "passes under way are cut at the interval's ends. Range rate is positive when receding.\n\n"
      "Example:\n  skywarden passes --elements fire.tle --stations ksat.csv --start 2026-05-08T00:00:00Z \\\n"
      "    --hours 24 --mask 5 --out passes.csv");
  command->callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden passes: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
