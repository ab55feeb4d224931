// skywarden passes: when satellites stand above ground stations' elevation masks.
#include "orbit/passes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "command_line/command_line.h"
#include "commands.h"
#include "orbit/doppler.h"
#include "orbit/pass_uncertainty.h"
#include "orbit/reanchor.h"
#include "orbit_files.h"
#include "shell/thread_executor.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kFailureLinesMax = 20;
constexpr std::size_t kSatellitesAtOnce = 1024;  // whose rows are held in memory
constexpr double kCarrierMaxHz = 1e15;           // light

struct Arguments {
  std::string elements, stations, start, out = "-";
  double hours = 24.0, mask_deg = 10.0, ut1_utc_s = 0.0;
  std::optional<double> carrier_hz;
  unsigned threads = shell::ThreadExecutor::processor_count();
  bool uncertainty = false, strict = false;
};

// Everything but the files.
Result<Interval> checked(const Arguments& arguments) {
  auto interval = interval_of(arguments.start, arguments.hours);
  if (!interval) return interval;
  if (!(arguments.mask_deg > -90.0 && arguments.mask_deg < 90.0))
    return fail(Errc::kOutOfRange, "--mask: expected more than −90 and less than 90 degrees, found {}",
                arguments.mask_deg);
  if (!(arguments.ut1_utc_s >= -1.0 && arguments.ut1_utc_s <= 1.0))
    return fail(Errc::kOutOfRange, "--ut1-utc: expected −1…1 s, found {}", arguments.ut1_utc_s);
  if (arguments.carrier_hz && !(*arguments.carrier_hz > 0.0 && *arguments.carrier_hz <= kCarrierMaxHz))
    return fail(Errc::kOutOfRange, "--carrier-hz: expected more than 0 and up to {:.0e} Hz, found {}",
                kCarrierMaxHz, *arguments.carrier_hz);
  return interval;
}

// The columns that stand in every table, then those asked for.
struct Columns {
  std::optional<double> carrier_hz;
  bool uncertainty = false;

  [[nodiscard]] std::string header() const {
    std::string text =
        "satellite,norad,station,aos_utc,tca_utc,los_utc,max_el_deg,range_km_at_tca,range_rate_kms_at_aos";
    if (carrier_hz) text += ",doppler_hz_at_aos,doppler_hz_at_tca,doppler_hz_at_los";
    if (uncertainty) text += ",elements_age_d,aos_uncertainty_s,los_uncertainty_s,max_el_uncertainty_deg";
    return text + "\n";
  }
};

void append_pass(std::string& text, const orbit::Sgp4& satellite, const orbit::Station& station,
                 const orbit::Horizon& horizon, const orbit::Pass& pass, const Columns& columns,
                 const orbit::PassOptions& options) {
  const orbit::ElementSet& set = satellite.elements();
  std::vector<std::string> cells{orbit::label(set),
                                 fmt::format("{}", set.norad),
                                 station.name,
                                 format_utc(pass.aos, 6),
                                 format_utc(pass.tca, 6),
                                 format_utc(pass.los, 6),
                                 fmt::format("{:.6f}", pass.elevation_max.value()),
                                 fmt::format("{:.6f}", pass.range_km_at_tca),
                                 fmt::format("{:.9f}", pass.range_rate_kms_at_aos)};
  if (columns.carrier_hz)
    for (const double rate :
         {pass.range_rate_kms_at_aos, pass.range_rate_kms_at_tca, pass.range_rate_kms_at_los})
      cells.push_back(fmt::format("{:.3f}", orbit::doppler_shift_hz(*columns.carrier_hz, rate)));
  if (columns.uncertainty) {
    const auto uncertainty = orbit::pass_uncertainty(satellite, horizon, pass, options);
    constexpr double kDaySeconds = 86400.0;
    cells.push_back(fmt::format("{:.3f}", to_seconds(uncertainty.age) / kDaySeconds));
    // An edge at which the interval was cut has none.
    cells.push_back(pass.cut_at_start ? "" : fmt::format("{:.3f}", to_seconds(uncertainty.aos)));
    cells.push_back(pass.cut_at_end ? "" : fmt::format("{:.3f}", to_seconds(uncertainty.los)));
    cells.push_back(fmt::format("{:.4f}", uncertainty.elevation_max.value()));
  }
  datum::append_row(text, cells);
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

// The rows of one satellite.
struct Rows {
  std::string text;
  std::optional<orbit::PassList::Failure> failure;
};

void warn_of_failure(const orbit::ElementSet& set, const orbit::PassList::Failure& failure) {
  fmt::print(stderr, "warning: {} ({}): no passes from {} on while its theory fails: {}\n", orbit::label(set),
             set.norad, format_utc(failure.at), to_string(failure.error));
}

// Passes of many satellites at a time; rows are written in the satellites' order whichever is done first.
void write_passes(std::span<const orbit::ElementSet> sets, std::span<const orbit::Station> stations,
                  const Interval& interval, const orbit::PassOptions& options, const Columns& columns,
                  Executor& executor, TableWriter& writer) {
  std::vector<orbit::Horizon> horizons;
  for (const orbit::Station& station : stations) horizons.emplace_back(station.place);
  std::size_t failures = 0;
  std::vector<Rows> rows;
  for (std::size_t first = 0; first < sets.size(); first += kSatellitesAtOnce) {
    const auto some = sets.subspan(first, std::min(kSatellitesAtOnce, sets.size() - first));
    rows.assign(some.size(), {});
    executor.run(some.size(), [&](std::size_t i) {
      const orbit::Sgp4 satellite(some[i]);
      const auto list = orbit::find_passes(satellite, horizons, interval.start, interval.end, options);
      for (const orbit::Pass& pass : list.passes)
        append_pass(rows[i].text, satellite, stations[pass.station], horizons[pass.station], pass, columns,
                    options);
      rows[i].failure = list.failure;
    });
    for (std::size_t i = 0; i < some.size(); ++i) {
      writer.buffer() += rows[i].text;
      writer.flush_if_long();
      if (rows[i].failure && ++failures <= kFailureLinesMax) warn_of_failure(some[i], *rows[i].failure);
    }
  }
  if (failures > kFailureLinesMax)
    fmt::print(stderr, "warning: {} more satellites whose theory fails\n", failures - kFailureLinesMax);
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  const auto interval = checked(arguments);
  if (!interval) return tl::unexpected(interval.error());
  const auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  const auto stations = load_stations(arguments.stations);
  if (!stations) return tl::unexpected(stations.error());
  if (stations->stations.empty())
    return fail(Errc::kMalformed, "{}: expected at least one good station", arguments.stations);
  warn_of_old_elements(elements->sets, *interval);

  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  const Columns columns{arguments.carrier_hz, arguments.uncertainty};
  writer.buffer() += columns.header();
  shell::ThreadExecutor executor(arguments.threads);
  write_passes(
      elements->sets, stations->stations, *interval,
      {.elevation_min = Degrees(arguments.mask_deg), .ut1_minus_utc = from_seconds(arguments.ut1_utc_s)},
      columns, executor, writer);
  if (auto closed = writer.close(); !closed) return closed;
  return elements->complete && stations->problems.empty();
}

}  // namespace

void add_passes(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command = app.add_subcommand("passes", "Passes of satellites over ground stations");
  command.add_option("--elements", arguments->elements, "TLE or OMM (.gz too)").required();
  command.add_option("--stations", arguments->stations, "CSV name,lat_deg,lon_deg,alt_m (.gz too)")
      .required();
  command.add_option("--start", arguments->start, "UTC, such as 2026-05-08T00:00:00Z").required();
  command.add_option("--hours", arguments->hours, "length of the interval").capture_default_str();
  command.add_option("--mask", arguments->mask_deg, "least elevation, degrees").capture_default_str();
  command.add_option("--ut1-utc", arguments->ut1_utc_s, "UT1 − UTC in seconds (IERS Bulletin A)")
      .capture_default_str();
  command.add_option("--carrier-hz", arguments->carrier_hz,
                     "add the Doppler shift of a carrier, received minus sent");
  command.add_flag("--uncertainty", arguments->uncertainty,
                   "add what the elements' age makes uncertain, 95 in 100");
  command.add_option("--out", arguments->out, "CSV; - is standard output").capture_default_str();
  command.add_option("--threads", arguments->threads, "cores to use; the result is the same with any")
      .check(command_line::range(1U, shell::kThreadsMax))
      .capture_default_str();
  command.add_flag("--strict", arguments->strict, "leave out sets with a wrong checksum (default: warn)");
  command.footer(
      "Columns: satellite,norad,station,aos_utc,tca_utc,los_utc,max_el_deg,range_km_at_tca,\n"
      "range_rate_kms_at_aos. TCA is the moment of greatest elevation. WGS 84, no refraction;\n"
      "passes under way are cut at the interval's ends. Range rate is positive when receding.\n"
      "--carrier-hz adds doppler_hz_at_aos,doppler_hz_at_tca,doppler_hz_at_los: positive while approaching.\n"
      "--uncertainty adds elements_age_d,aos_uncertainty_s,los_uncertainty_s,max_el_uncertainty_deg: 95 in\n"
      "100, either way, from how far sets of this age and height were from later ones; far too little for\n"
      "satellites under daily thrust such as Starlink. A pass that peaks nearer to the mask than its\n"
      "uncertainty may not take place.\n\n"
      "Example:\n  skywarden passes --elements fire.tle --stations ksat.csv --start 2026-05-08T00:00:00Z \\\n"
      "    --hours 24 --mask 5 --out passes.csv");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden passes: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
