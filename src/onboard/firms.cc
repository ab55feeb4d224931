#include "onboard/firms.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "onboard/decode.h"

namespace skywarden::onboard {
namespace {

using datum::Hotspot;
using datum::RowProblem;
using datum::Table;

// Ranges wide enough for folded and saturated pixels, narrow enough to notice a column that slipped.
constexpr double kBrightnessMinK = 150, kBrightnessMaxK = 600;
constexpr double kPixelMinKm = 0.1, kPixelMaxKm = 10;
constexpr double kPowerMaxMw = 100'000;

struct Columns {
  std::size_t latitude, longitude, brightness, scan, track, date, clock, satellite, confidence;
  std::size_t instrument, background, power, daynight;  // npos when absent
  bool viirs_names = false;
};

std::size_t first_of(const Table& table, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const std::size_t at = table.column(name); at != Table::npos) return at;
  return Table::npos;
}

Result<Columns> find_columns(const Table& table) {
  Columns c{};
  const auto require = [&](std::size_t& at, std::initializer_list<std::string_view> names) {
    at = first_of(table, names);
    return at != Table::npos;
  };
  const auto absent = [](std::string_view name) {
    return fail(Errc::kNotFound, "expected a FIRMS column '{}'", name);
  };
  if (!require(c.latitude, {"latitude"})) return absent("latitude");
  if (!require(c.longitude, {"longitude"})) return absent("longitude");
  if (!require(c.brightness, {"brightness", "bright_ti4"})) return absent("brightness or bright_ti4");
  if (!require(c.scan, {"scan"})) return absent("scan");
  if (!require(c.track, {"track"})) return absent("track");
  if (!require(c.date, {"acq_date"})) return absent("acq_date");
  if (!require(c.clock, {"acq_time"})) return absent("acq_time");
  if (!require(c.satellite, {"satellite"})) return absent("satellite");
  if (!require(c.confidence, {"confidence"})) return absent("confidence");
  c.instrument = table.column("instrument");
  c.background = first_of(table, {"bright_t31", "bright_ti5"});
  c.power = table.column("frp");
  c.daynight = table.column("daynight");
  c.viirs_names = table.column("bright_ti4") != Table::npos;
  return c;
}

datum::Schema firms_clock_schema() {
  datum::Schema schema;
  schema.time_format = datum::TimeFormat::kFirms;
  schema.time_columns = {"acq_date", "acq_time"};
  return schema;
}

bool is_absent(std::string_view cell) {
  static constexpr std::array<std::string_view, 9> kMarks{"",     "NA",   "NaN",   "nan",    "null",
                                                          "NULL", "-999", "-9999", "-9999.0"};
  return std::find(kMarks.begin(), kMarks.end(), cell) != kMarks.end();
}

// Reads the cells of one row and remembers the first that was wrong.
class RowReader {
 public:
  RowReader(const Table& table, std::size_t index)
      : header_(table.header), row_(table.rows[index]), number_(table.row_numbers[index]) {}

  double number(std::size_t column, double min, double max) {
    const std::string_view text = cell(column);
    const auto value = parse_number(text);
    if (value && *value >= min && *value <= max) return *value;
    wrong(column, fmt::format("expected {} {}, found '{}'", printable(trim(header_[column])),
                              range_text(min, max), printable(text)));
    return min;
  }
  std::optional<double> optional_number(std::size_t column, double min, double max) {
    if (column == Table::npos || is_absent(cell(column))) return std::nullopt;
    return number(column, min, max);
  }
  // Percent, or a word of VIIRS.
  Probability confidence(std::size_t column) {
    const std::string_view text = cell(column);
    if (const auto percent = parse_number(text); percent && *percent >= 0 && *percent <= 100)
      return Probability(*percent / 100.0);
    const std::string word = lower_ascii(text);
    if (word == "l" || word == "low") return Probability(0.3);
    if (word == "n" || word == "nominal") return Probability(0.7);
    if (word == "h" || word == "high") return Probability(0.95);
    wrong(column, fmt::format("expected confidence 0…100 or l, n, h, found '{}'", printable(text)));
    return Probability(0.0);
  }
  std::string name(std::size_t column) {
    const std::string_view text = cell(column);
    constexpr std::size_t kNameBytesMax = 32;
    if (is_absent(text) || text.size() > kNameBytesMax || printable(text) != text)
      wrong(column, fmt::format("expected a name, found '{}'", printable(text)));
    return std::string(text);
  }
  Instant time(const datum::Schema& schema, const Columns& columns) {
    const std::array<std::string_view, 2> cells{cell(columns.date), cell(columns.clock)};
    const auto t = decode_time(schema, cells);
    if (!t && !problem_) problem_ = RowProblem{number_, time_label(schema), t.error().message};
    return t.value_or(Instant{});
  }
  [[nodiscard]] std::string_view cell(std::size_t column) const { return trim(row_[column]); }
  [[nodiscard]] const std::optional<RowProblem>& problem() const { return problem_; }

 private:
  void wrong(std::size_t column, std::string expected) {
    if (!problem_) problem_ = RowProblem{number_, std::string(trim(header_[column])), std::move(expected)};
  }

  const std::vector<std::string>& header_;
  const std::vector<std::string>& row_;
  std::size_t number_;
  std::optional<RowProblem> problem_;
};

std::string instrument_of(std::string_view satellite, bool viirs_names, double scan_km) {
  const std::string name = satellite_name(satellite);
  if (name == "Terra" || name == "Aqua") return "MODIS";
  // An unknown satellite: a pixel narrower than MODIS ever has can only be VIIRS.
  constexpr double kModisPixelMinKm = 0.95;
  const bool viirs =
      viirs_names || name == "Suomi NPP" || name.starts_with("NOAA-") || scan_km < kModisPixelMinKm;
  return viirs ? "VIIRS" : "MODIS";
}

// For files without the column daynight: the sun's mean hour at the place.
bool is_day(Instant t, double lon_deg) {
  const CivilTime utc = to_civil(t);
  const double hour = utc.hour + utc.minute / 60.0 + lon_deg / 15.0;
  const double local = hour < 0 ? hour + 24 : hour >= 24 ? hour - 24 : hour;
  return local >= 6 && local < 18;
}

Hotspot read_row(RowReader& in, const Columns& columns, const datum::Schema& clock) {
  Hotspot spot;
  spot.centre.lat_deg = in.number(columns.latitude, -90, 90);
  spot.centre.lon_deg = in.number(columns.longitude, -180, 180);
  spot.time = in.time(clock, columns);
  spot.brightness = Kelvin(in.number(columns.brightness, kBrightnessMinK, kBrightnessMaxK));
  const double scan_km = in.number(columns.scan, kPixelMinKm, kPixelMaxKm);
  spot.scan = kilometres(scan_km);
  spot.track = kilometres(in.number(columns.track, kPixelMinKm, kPixelMaxKm));
  spot.confidence = in.confidence(columns.confidence);
  if (const auto k = in.optional_number(columns.background, kBrightnessMinK, kBrightnessMaxK))
    spot.background = Kelvin(*k);
  if (const auto mw = in.optional_number(columns.power, 0, kPowerMaxMw))
    spot.radiative_power = megawatts(*mw);
  spot.satellite = in.name(columns.satellite);
  const bool named = columns.instrument != Table::npos && !is_absent(in.cell(columns.instrument));
  spot.instrument =
      named ? in.name(columns.instrument) : instrument_of(spot.satellite, columns.viirs_names, scan_km);
  const std::string_view day = columns.daynight == Table::npos ? "" : in.cell(columns.daynight);
  spot.daytime =
      day == "D" || day == "d" || (day != "N" && day != "n" && is_day(spot.time, spot.centre.lon_deg));
  return spot;
}

}  // namespace

bool looks_like_firms(std::span<const std::string> header) {
  const auto has = [&](std::string_view name) {
    return std::any_of(header.begin(), header.end(),
                       [&](const std::string& column) { return lower_ascii(trim(column)) == name; });
  };
  return has("latitude") && has("longitude") && has("acq_date") && has("acq_time") &&
         (has("brightness") || has("bright_ti4"));
}

Result<FirmsFile> read_firms(std::string_view bytes) {
  auto table = datum::parse_delimited(bytes, {.detect_delimiter = true});
  if (!table) return tl::unexpected(table.error());
  const auto columns = find_columns(*table);
  if (!columns) return tl::unexpected(columns.error());
  const datum::Schema clock = firms_clock_schema();
  FirmsFile file;
  file.problems = std::move(table->problems);
  std::unordered_set<ObservationId> seen;  // looked up only
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    RowReader in(*table, i);
    Hotspot spot = read_row(in, *columns, clock);
    if (in.problem()) {
      file.problems.push_back(*in.problem());
      continue;
    }
    spot.id = observation_id(spot);
    if (seen.insert(spot.id).second)
      file.hotspots.push_back(std::move(spot));
    else
      ++file.duplicates;
  }
  std::stable_sort(file.hotspots.begin(), file.hotspots.end(),
                   [](const Hotspot& a, const Hotspot& b) { return a.time < b.time; });
  std::stable_sort(file.problems.begin(), file.problems.end(),
                   [](const RowProblem& a, const RowProblem& b) { return a.row < b.row; });
  return file;
}

std::string satellite_name(std::string_view published) {
  const std::string name = lower_ascii(trim(published));
  if (name == "t" || name == "terra") return "Terra";
  if (name == "a" || name == "aqua") return "Aqua";
  if (name == "n" || name == "npp" || name == "snpp" || name == "suomi npp" || name == "suomi-npp")
    return "Suomi NPP";
  if (name == "n20" || name == "1" || name == "j1" || name == "noaa-20" || name == "noaa20") return "NOAA-20";
  if (name == "n21" || name == "2" || name == "j2" || name == "noaa-21" || name == "noaa21") return "NOAA-21";
  return std::string(trim(published));
}

}  // namespace skywarden::onboard
