// skywarden revisit: when satellites' sensors see places on the ground, how often, and where they look.
#include "orbit/revisit.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <tuple>

#include "base/text.h"
#include "command_line/command_line.h"
#include "commands.h"
#include "formats/read_file.h"
#include "orbit/reanchor.h"
#include "orbit/sun.h"
#include "orbit/swath.h"
#include "orbit_files.h"
#include "shell/thread_executor.h"
#include "space_pictures.h"
#include "statistics/quantile.h"
#include "swath_map.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kCellsMax = 1'000'000;
constexpr std::size_t kCellsAtOnce = 2048;  // whose accesses are held in memory
constexpr double kSamplesMax = 10e6;        // of all satellites together
constexpr std::size_t kProblemLinesMax = 20;

struct Arguments {
  std::string elements, only, sensor, cells, start, out = "-", accesses, geojson, svg;
  std::optional<double> half_angle_deg, swath_km;
  std::vector<double> off_nadir_deg, box_deg;
  double roll_deg = 0.0, elevation_min_deg = 0.0, step_deg = 1.0, hours = 24.0, piece_s = 300.0;
  unsigned threads = shell::ThreadExecutor::processor_count();
  bool yaw_steered = false, strict = false, json = false;
};

struct Cell {
  std::string name;
  orbit::Place place;
};

struct Watcher {  // a satellite with its sensor
  orbit::ElementSet elements;
  orbit::SwathSensor sensor;
};

// ---- cells

// Places from CSV: lat_deg,lon_deg with a header (name and altitude optional), or two bare columns.
Result<std::vector<Cell>> read_cells(const std::string& path, bool& complete) {
  auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  std::string text = std::move(*bytes);
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  const auto first =
      datum::parse_delimited(std::string_view(text).substr(0, text.find('\n')), {.detect_delimiter = true});
  if (!first) return fail(first.error().code, "{}: {}", path, first.error().message);
  const bool bare = first->header.size() == 2 && parse_number(trim(first->header[0])) &&
                    parse_number(trim(first->header[1]));
  if (bare) {
    const std::string header = fmt::format("lat_deg{}lon_deg\n", first->delimiter);
    text.insert(0, header);
  }
  const auto table = datum::parse_delimited(text, {.detect_delimiter = true, .rows_max = kCellsMax});
  if (!table) return fail(table.error().code, "{}: {}", path, table.error().message);
  const auto column_of = [&](std::initializer_list<std::string_view> names) {
    for (const auto& name : names)
      if (const std::size_t column = table->column(name); column != datum::Table::npos) return column;
    return datum::Table::npos;
  };
  const std::size_t lat = column_of({"lat_deg", "lat", "latitude"});
  const std::size_t lon = column_of({"lon_deg", "lon", "longitude"});
  const std::size_t name = column_of({"cell", "name", "id"});
  const std::size_t alt = column_of({"alt_m", "alt", "altitude_m"});
  if (lat == datum::Table::npos || lon == datum::Table::npos)
    return fail(Errc::kMalformed, "{}:1: expected the columns lat_deg,lon_deg (name and alt_m optional)",
                path);
  std::vector<datum::RowProblem> problems = table->problems;
  std::vector<Cell> cells;
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    const auto& row = table->rows[i];
    const auto in_range = [&](std::size_t column, double low, double high) {
      const auto value = parse_number(trim(row[column]));
      if (value && *value >= low && *value <= high) return value;
      problems.push_back({table->row_numbers[i], table->header[column],
                          fmt::format("expected {}…{}, found '{}'", low, high, printable(row[column]))});
      return std::optional<double>();
    };
    const auto at_lat = in_range(lat, -90.0, 90.0);
    if (!at_lat) continue;
    const auto at_lon = in_range(lon, -180.0, 360.0);
    if (!at_lon) continue;
    std::optional<double> height = 0.0;
    if (alt != datum::Table::npos && !trim(row[alt]).empty()) height = in_range(alt, -1000.0, 9000.0);
    if (!height) continue;
    std::string label = name == datum::Table::npos ? "" : printable(trim(row[name]));
    if (label.empty()) label = fmt::format("{}", i + 1);
    cells.push_back({std::move(label), {{*at_lat, wrap_longitude(*at_lon)}, Metres(*height)}});
  }
  if (bare)
    for (auto& problem : problems) --problem.row;
  print_problems(path, problems);
  complete = complete && problems.empty();
  if (cells.empty()) return fail(Errc::kMalformed, "{}: expected at least one good place", path);
  return cells;
}

// The middles of a grid's cells; a box whose west is east of its east spans the antimeridian.
Result<std::vector<Cell>> grid_cells(const std::vector<double>& box, double step) {
  const double west = box[0];
  const double south = box[1];
  const double north = box[3];
  if (!(std::abs(west) <= 180.0 && std::abs(box[2]) <= 180.0 && south >= -90.0 && south < north &&
        north <= 90.0 && west != box[2]))
    return fail(Errc::kOutOfRange, "--box: expected WEST SOUTH EAST NORTH in degrees, south below north");
  const double east = box[2] > west ? box[2] : box[2] + 360.0;
  if (!(step > 0.0 && step <= 90.0))
    return fail(Errc::kOutOfRange, "--step: expected more than 0 and up to 90 degrees, found {}", step);
  const double columns = std::ceil((east - west) / step - 1e-9);
  const double rows = std::ceil((north - south) / step - 1e-9);
  if (columns * rows > static_cast<double>(kCellsMax))
    return fail(Errc::kLimitReached, "--step: expected at most {} cells, found {:.0f}", kCellsMax,
                columns * rows);
  std::vector<Cell> cells;
  for (double row = 0.0; row < rows; row += 1.0)
    for (double column = 0.0; column < columns; column += 1.0) {
      const double lat = 0.5 * (south + row * step + std::min(south + (row + 1.0) * step, north));
      const double lon = 0.5 * (west + column * step + std::min(west + (column + 1.0) * step, east));
      cells.push_back({fmt::format("{}", cells.size() + 1), {{lat, wrap_longitude(lon)}, Metres(0.0)}});
    }
  return cells;
}

// ---- sensors

Result<std::optional<orbit::SwathSensor>> sensor_of(const Arguments& a, const orbit::ElementSet& set) {
  orbit::SwathSensor sensor;
  sensor.elevation_min = Degrees(a.elevation_min_deg);
  sensor.yaw_steered = a.yaw_steered;
  const auto of_width = [&](double km) -> Result<Degrees> {
    if (const auto angle = orbit::half_angle_of_swath(kilometres(km), set)) return *angle;
    return fail(Errc::kOutOfRange, "{}: a swath of {} km reaches past the horizon", orbit::label(set), km);
  };
  Result<Degrees> half(Degrees(0.0));
  if (!a.off_nadir_deg.empty()) {
    sensor.off_nadir_min = Degrees(a.off_nadir_deg[0] - a.roll_deg);
    sensor.off_nadir_max = Degrees(a.off_nadir_deg[1] + a.roll_deg);
  } else {
    if (a.half_angle_deg) {
      half = Degrees(*a.half_angle_deg);
    } else if (a.swath_km) {
      half = of_width(*a.swath_km);
    } else {
      const orbit::KnownSensor* known =
          a.sensor.empty() ? orbit::sensor_carried_by(set.norad) : orbit::find_sensor(a.sensor);
      if (known == nullptr) return std::optional<orbit::SwathSensor>();
      half = known->half_angle_deg > 0.0 ? Result<Degrees>(Degrees(known->half_angle_deg))
                                         : of_width(known->swath_km);
      sensor.yaw_steered = sensor.yaw_steered || known->yaw_steered;
    }
    if (!half) return tl::unexpected(half.error());
    sensor.off_nadir_min = -(*half + Degrees(a.roll_deg));
    sensor.off_nadir_max = *half + Degrees(a.roll_deg);
  }
  if (auto good = orbit::check(sensor); !good) return tl::unexpected(good.error());
  return std::optional(sensor);
}

std::string names_of_sensors() {
  std::string names;
  for (const orbit::KnownSensor& sensor : orbit::known_sensors())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", sensor.name);
  return names;
}

bool is_wanted(const orbit::ElementSet& set, const std::set<std::string>& only) {
  return only.empty() || only.contains(fmt::format("{}", set.norad)) || only.contains(set.name);
}

Result<std::vector<Watcher>> watchers_of(const Arguments& a, const std::vector<orbit::ElementSet>& sets,
                                         bool& complete) {
  if (!a.sensor.empty() && orbit::find_sensor(a.sensor) == nullptr)
    return fail(Errc::kNotFound, "--sensor: expected {}, found '{}'", names_of_sensors(),
                printable(a.sensor));
  std::set<std::string> only;
  for (std::size_t from = 0; from < a.only.size();) {
    const std::size_t to = std::min(a.only.find(',', from), a.only.size());
    only.insert(std::string(trim(std::string_view(a.only).substr(from, to - from))));
    from = to + 1;
  }
  std::vector<Watcher> watchers;
  std::vector<std::string> unknown;
  for (const orbit::ElementSet& set : sets) {
    if (!is_wanted(set, only)) continue;
    const auto sensor = sensor_of(a, set);
    if (!sensor) return tl::unexpected(sensor.error());
    if (*sensor)
      watchers.push_back({set, **sensor});
    else
      unknown.push_back(orbit::label(set));
  }
  for (std::size_t i = 0; i < std::min(unknown.size(), kProblemLinesMax); ++i)
    fmt::print(stderr, "{}: no sensor of this satellite is known and none was given; left out\n", unknown[i]);
  if (unknown.size() > kProblemLinesMax)
    fmt::print(stderr, "{} more satellites without a known sensor\n", unknown.size() - kProblemLinesMax);
  complete = complete && unknown.empty();
  if (watchers.empty())
    return fail(Errc::kNotFound, "expected at least one satellite with a sensor; see --sensor and --only");
  return watchers;
}

// ---- the search

struct Look {
  std::size_t watcher = 0;
  orbit::Access access;
};

// What is said of all cells together.
struct Totals {
  std::size_t cells = 0, seen = 0, accesses = 0;
  std::vector<std::size_t> by_watcher;
  std::vector<double> unseen_h, gap_mean_h;
};

double hours_of(Duration d) {
  return to_seconds(d) / 3600.0;
}

class Report {
 public:
  Report(const Arguments& arguments, const std::vector<Watcher>& watchers, const Interval& interval)
      : arguments_(arguments),
        watchers_(watchers),
        interval_(interval),
        table_(arguments.out),
        accesses_(arguments.accesses) {
    totals_.by_watcher.resize(watchers.size());
  }

  Result<bool> open() {
    if (auto opened = table_.open(); !opened) return opened;
    if (!arguments_.json)
      table_.buffer() +=
          "cell,lat_deg,lon_deg,accesses,first_utc,last_utc,mean_gap_h,max_gap_h,unseen_max_h\n";
    else
      table_.buffer() += "{\"cells\":[";
    if (arguments_.accesses.empty()) return true;
    if (auto opened = accesses_.open(); !opened) return opened;
    accesses_.buffer() +=
        "cell,satellite,norad,at_utc,off_nadir_deg,elevation_deg,range_km,sun_elevation_deg\n";
    return true;
  }

  void take(const Cell& cell, const std::vector<Look>& looks) {
    std::vector<Instant> times;
    for (const Look& look : looks) {
      times.push_back(look.access.at);
      ++totals_.by_watcher[look.watcher];
    }
    const orbit::Revisit revisit = orbit::revisit_of(times, interval_.start, interval_.end);
    totals_.accesses += times.size();
    if (!times.empty()) ++totals_.seen;
    totals_.unseen_h.push_back(hours_of(revisit.unseen_max));
    if (revisit.gap_mean) totals_.gap_mean_h.push_back(hours_of(*revisit.gap_mean));
    if (arguments_.json)
      append_json(cell, revisit);
    else
      append_row(cell, revisit);
    ++totals_.cells;
    if (!arguments_.svg.empty()) seen_.push_back({cell.place.point, hours_of(revisit.unseen_max)});
    table_.flush_if_long();
    if (!arguments_.accesses.empty()) append_accesses(cell, looks);
  }

  Result<bool> close() {
    if (arguments_.json) table_.buffer() += fmt::format("\n],\"summary\":{}}}\n", summary().dump());
    if (auto closed = table_.close(); !closed) return closed;
    if (!arguments_.accesses.empty()) return accesses_.close();
    return true;
  }

  [[nodiscard]] Result<bool> draw() const {
    if (seen_.empty()) return true;
    const std::string title = fmt::format("Longest time unseen, {} satellites, {} to {}", watchers_.size(),
                                          format_utc(interval_.start), format_utc(interval_.end));
    return write_picture(revisit_picture(title, seen_, arguments_.step_deg), arguments_.svg);
  }

  void print_totals() const {
    if (totals_.gap_mean_h.empty())
      return fmt::print(stderr, "{} of {} cells seen, {} accesses\n", totals_.seen, totals_.cells,
                        totals_.accesses);
    fmt::print(
        stderr,
        "{} of {} cells seen, {} accesses; mean gap {:.2f} h at the median cell; longest unseen {:.2f} h "
        "at the median cell, {:.2f} h at the worst\n",
        totals_.seen, totals_.cells, totals_.accesses, statistics::quantile(totals_.gap_mean_h, 0.5),
        statistics::quantile(totals_.unseen_h, 0.5), statistics::quantile(totals_.unseen_h, 1.0));
  }

 private:
  void append_row(const Cell& cell, const orbit::Revisit& revisit) {
    const auto time = [](const std::optional<Instant>& t) { return t ? format_utc(*t, 3) : std::string(); };
    const auto gap = [](const std::optional<Duration>& d) {
      return d ? fmt::format("{:.4f}", hours_of(*d)) : std::string();
    };
    datum::append_row(table_.buffer(),
                      {cell.name, fmt::format("{:.6f}", cell.place.point.lat_deg),
                       fmt::format("{:.6f}", cell.place.point.lon_deg), fmt::format("{}", revisit.accesses),
                       time(revisit.first), time(revisit.last), gap(revisit.gap_mean), gap(revisit.gap_max),
                       fmt::format("{:.4f}", hours_of(revisit.unseen_max))});
  }

  void append_json(const Cell& cell, const orbit::Revisit& revisit) {
    Json row{{"cell", cell.name},
             {"lat_deg", cell.place.point.lat_deg},
             {"lon_deg", cell.place.point.lon_deg},
             {"accesses", revisit.accesses}};
    if (revisit.first) row["first_utc"] = format_utc(*revisit.first, 3);
    if (revisit.last) row["last_utc"] = format_utc(*revisit.last, 3);
    if (revisit.gap_mean) row["mean_gap_h"] = hours_of(*revisit.gap_mean);
    if (revisit.gap_max) row["max_gap_h"] = hours_of(*revisit.gap_max);
    row["unseen_max_h"] = hours_of(revisit.unseen_max);
    table_.buffer() +=
        (totals_.cells == 0 ? "\n" : ",\n") + row.dump(-1, ' ', false, Json::error_handler_t::replace);
  }

  void append_accesses(const Cell& cell, const std::vector<Look>& looks) {
    const orbit::Horizon horizon(cell.place);
    for (const Look& look : looks) {
      const orbit::ElementSet& satellite = watchers_[look.watcher].elements;
      datum::append_row(
          accesses_.buffer(),
          {cell.name, orbit::label(satellite), fmt::format("{}", satellite.norad),
           format_utc(look.access.at, 6), fmt::format("{:.6f}", look.access.off_nadir.value()),
           fmt::format("{:.6f}", look.access.elevation.value()), fmt::format("{:.6f}", look.access.range_km),
           fmt::format("{:.3f}", orbit::sun_elevation(horizon, look.access.at).value())});
    }
    accesses_.flush_if_long();
  }

  [[nodiscard]] Json summary() const {
    Json satellites = Json::array();
    for (std::size_t i = 0; i < watchers_.size(); ++i) {
      const Watcher& w = watchers_[i];
      satellites.push_back(Json{{"satellite", orbit::label(w.elements)},
                                {"norad", w.elements.norad},
                                {"off_nadir_min_deg", w.sensor.off_nadir_min.value()},
                                {"off_nadir_max_deg", w.sensor.off_nadir_max.value()},
                                {"yaw_steered", w.sensor.yaw_steered},
                                {"accesses", totals_.by_watcher[i]}});
    }
    Json out{{"start", format_utc(interval_.start)},
             {"end", format_utc(interval_.end)},
             {"cells", totals_.cells},
             {"seen", totals_.seen},
             {"accesses", totals_.accesses}};
    const auto quantiles = [](const std::vector<double>& values) {
      return Json{{"p50", statistics::quantile(values, 0.5)},
                  {"p95", statistics::quantile(values, 0.95)},
                  {"max", statistics::quantile(values, 1.0)}};
    };
    if (!totals_.gap_mean_h.empty()) out["mean_gap_h"] = quantiles(totals_.gap_mean_h);
    if (!totals_.unseen_h.empty()) out["unseen_max_h"] = quantiles(totals_.unseen_h);
    out["satellites"] = std::move(satellites);
    return out;
  }

  const Arguments& arguments_;
  const std::vector<Watcher>& watchers_;
  Interval interval_;
  TableWriter table_, accesses_;
  Totals totals_;
  std::vector<SeenCell> seen_;  // to draw
};

Result<std::vector<orbit::AccessSearch>> searches_of(const std::vector<Watcher>& watchers,
                                                     const Interval& interval) {
  double samples = 0.0;
  for (const Watcher& w : watchers)
    samples += (interval.end - interval.start) / orbit::pass_sampling_step(w.elements);
  if (samples > kSamplesMax)
    return fail(Errc::kLimitReached,
                "expected at most {:.0f} samples of orbits; take fewer --hours or satellites", kSamplesMax);
  std::vector<orbit::AccessSearch> searches;
  for (const Watcher& w : watchers) {
    searches.emplace_back(orbit::Sgp4(w.elements), w.sensor, interval.start, interval.end);
    if (const auto& failure = searches.back().failure())
      fmt::print(stderr, "warning: {} ({}): sees nothing from {} on as its theory fails: {}\n",
                 orbit::label(w.elements), w.elements.norad, format_utc(failure->at),
                 to_string(failure->error));
    else if (interval.start - w.elements.epoch > orbit::kElementAgeMax ||
             w.elements.epoch - interval.end > orbit::kElementAgeMax)
      fmt::print(stderr,
                 "warning: {} ({}): elements more than 30 days from the interval; expect large errors\n",
                 orbit::label(w.elements), w.elements.norad);
  }
  return searches;
}

void search_cells(const std::vector<Cell>& cells, const std::vector<orbit::AccessSearch>& searches,
                  unsigned threads, Report& report) {
  shell::ThreadExecutor executor(threads);
  const bool progress = isatty(STDERR_FILENO) != 0 && cells.size() > kCellsAtOnce;
  std::vector<std::vector<Look>> looks;
  for (std::size_t first = 0; first < cells.size(); first += kCellsAtOnce) {
    const std::size_t count = std::min(kCellsAtOnce, cells.size() - first);
    looks.assign(count, {});
    executor.run(count, [&](std::size_t i) {
      const orbit::Horizon place(cells[first + i].place);
      std::vector<orbit::Access> found;
      for (std::size_t w = 0; w < searches.size(); ++w) {
        found.clear();
        searches[w].find(place, i, found);
        for (const orbit::Access& access : found) looks[i].push_back({w, access});
      }
      std::sort(looks[i].begin(), looks[i].end(), [](const Look& a, const Look& b) {
        return std::tie(a.access.at, a.watcher) < std::tie(b.access.at, b.watcher);
      });
    });
    for (std::size_t i = 0; i < count; ++i) report.take(cells[first + i], looks[i]);
    if (progress) fmt::print(stderr, "\r{} of {} cells", first + count, cells.size());
  }
  if (progress) fmt::print(stderr, "\n");
}

Result<std::vector<Cell>> cells_of(const Arguments& a, bool& complete) {
  if (a.cells.empty() == a.box_deg.empty()) return fail(Errc::kMalformed, "expected either --cells or --box");
  return a.box_deg.empty() ? read_cells(a.cells, complete) : grid_cells(a.box_deg, a.step_deg);
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  const auto interval = interval_of(arguments.start, arguments.hours);
  if (!interval) return tl::unexpected(interval.error());
  if (!(arguments.roll_deg >= 0.0 && arguments.roll_deg < 90.0))
    return fail(Errc::kOutOfRange, "--roll: expected 0 up to 90 degrees, found {}", arguments.roll_deg);
  if (!arguments.accesses.empty() && arguments.accesses == arguments.out)
    return fail(Errc::kConflict, "--accesses: expected another file than --out");
  if (!arguments.svg.empty() && arguments.box_deg.empty())
    return fail(Errc::kMalformed, "--svg: expected the cells of a --box");
  bool complete = true;
  const auto cells = cells_of(arguments, complete);
  if (!cells) return tl::unexpected(cells.error());
  const auto elements = load_elements(arguments.elements, arguments.strict);
  if (!elements) return tl::unexpected(elements.error());
  const auto watchers = watchers_of(arguments, elements->sets, complete);
  if (!watchers) return tl::unexpected(watchers.error());

  const auto searches = searches_of(*watchers, *interval);
  if (!searches) return tl::unexpected(searches.error());
  Report report(arguments, *watchers, *interval);
  if (auto opened = report.open(); !opened) return opened;
  search_cells(*cells, *searches, arguments.threads, report);
  if (auto closed = report.close(); !closed) return closed;
  report.print_totals();
  if (auto drawn = report.draw(); !drawn) return drawn;
  if (!arguments.geojson.empty()) {
    std::vector<MappedSwath> swaths;
    for (const Watcher& w : *watchers) swaths.push_back({w.elements, w.sensor});
    if (auto written = write_swath_map(swaths, *interval, arguments.piece_s, arguments.geojson); !written)
      return written;
  }
  return complete && elements->complete;
}

std::string footer() {
  std::string text =
      "The sensor's line lies across the flight; a cell is seen in the moment the line passes over its "
      "middle\n"
      "and the line reaches it. Without --sensor, --half-angle, --swath-km or --off-nadir each satellite has "
      "the\n"
      "sensor it is known to carry. Known sensors (see docs/formats.md for their sources):\n";
  for (const orbit::KnownSensor& sensor : orbit::known_sensors())
    text += fmt::format("  {:<9} {:<8} {}\n", sensor.name,
                        sensor.half_angle_deg > 0.0 ? fmt::format("±{}°", sensor.half_angle_deg)
                                                    : fmt::format("{} km", sensor.swath_km),
                        sensor.carried_by);
  return text +
         "Columns: cell,lat_deg,lon_deg,accesses,first_utc,last_utc,mean_gap_h,max_gap_h,unseen_max_h; the "
         "last\n"
         "counts from the interval's start and to its end. No clouds, no terrain.\n\n"
         "Example:\n  skywarden revisit --elements scenarios/fire_satellites.omm.csv --only "
         "37849,43013,54234 \\\n"
         "    --box -125 32 -114 42 --step 0.5 --start 2026-05-08T00:00:00Z --hours 48 --out revisit.csv \\\n"
         "    --accesses accesses.csv --geojson swaths.geojson";
}

}  // namespace

void add_revisit(command_line::Command app, int* exit_code) {
  auto a = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("revisit", "When sensors see places on the ground, and how often");
  command.add_option("--elements", a->elements, "TLE or OMM (.gz too)").required();
  command.add_option("--only", a->only, "these satellites of the file: numbers or names, with commas");
  const auto sensors = command.add_option_group("sensor", "at most one");
  sensors.add_option("--sensor", a->sensor, "a known sensor, on every satellite");
  sensors.add_option("--half-angle", a->half_angle_deg, "to either side, degrees off nadir");
  sensors.add_option("--swath-km", a->swath_km, "width on the ground, from the orbit's mean height");
  sensors.add_option("--off-nadir", a->off_nadir_deg, "from and to, degrees, positive to the right")
      .expected(2);
  sensors.require_option(0, 1);
  command.add_option("--roll", a->roll_deg, "how far the satellite may roll to either side, degrees")
      .capture_default_str();
  command
      .add_option("--min-elevation", a->elevation_min_deg, "of the satellite as seen from the cell, degrees")
      .capture_default_str();
  command.add_flag("--yaw-steered", a->yaw_steered, "the line lies across the track over the ground");
  command.add_option("--cells", a->cells, "CSV lat_deg,lon_deg (name, alt_m optional; .gz too)");
  command.add_option("--box", a->box_deg, "WEST SOUTH EAST NORTH, degrees: a grid of cells").expected(4);
  command.add_option("--step", a->step_deg, "of the grid, degrees").capture_default_str();
  command.add_option("--start", a->start, "UTC, such as 2026-05-08T00:00:00Z").required();
  command.add_option("--hours", a->hours, "length of the interval").capture_default_str();
  command.add_option("--out", a->out, "CSV, a row a cell; - is standard output").capture_default_str();
  command.add_flag("--json", a->json, "cells and a summary as one JSON object instead");
  command.add_option("--accesses", a->accesses, "CSV, a row an access");
  command.add_option("--geojson", a->geojson, "ground tracks and swaths to draw");
  command.add_option("--svg", a->svg, "a map of how long the cells of --box are not seen");
  command.add_option("--piece", a->piece_s, "seconds of flight in each piece of a swath, 10…600")
      .capture_default_str();
  command.add_option("--threads", a->threads, "cores to use; the result is the same with any")
      .check(command_line::range(1U, shell::kThreadsMax))
      .capture_default_str();
  command.add_flag("--strict", a->strict, "leave out sets with a wrong checksum (default: warn)");
  command.footer(footer());
  command.callback([a, exit_code] {
    const auto whole = run(*a);
    if (!whole) fmt::print(stderr, "skywarden revisit: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
