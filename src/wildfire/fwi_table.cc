#include "wildfire/fwi_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>
#include <map>
#include <string_view>

#include "base/text.h"
#include "base/time.h"

namespace skywarden::wildfire {
namespace {

using datum::Table;

struct Range {
  double min, max;
};
// Wide enough for any weather; the equations have no value below zero humidity, wind or rain.
constexpr Range kTemperature{-100.0, 100.0}, kHumidity{0.0, 200.0}, kWind{0.0, 1000.0}, kRain{0.0, 10'000.0};
constexpr double kDefaultLatitude = 55.0;  // the reference's own, as is July
constexpr int kDefaultMonth = 7;
constexpr std::size_t kNotesMax = 20;

bool is_missing(std::string_view text) {
  const std::string mark = lower_ascii(trim(text));
  return mark.empty() || mark == "na" || mark == "nan" || mark == "null" || mark == "-999" || mark == "-9999";
}

std::size_t find_column(const Table& table, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const std::size_t column = table.column(name); column != Table::npos) return column;
  return Table::npos;
}

struct Columns {
  std::size_t temperature, humidity, wind, rain, latitude, year, month, day, date, station;
};

Result<Columns> find_columns(const Table& table) {
  Columns c{};
  c.temperature = find_column(table, {"temp", "temperature", "temp_c", "temperature_c", "tmp"});
  c.humidity = find_column(table, {"rh", "humidity", "relative_humidity", "humidity_pct"});
  c.wind = find_column(table, {"ws", "wind", "wind_speed", "wind_kmh", "windspeed"});
  c.rain = find_column(table, {"prec", "rain", "precipitation", "precip", "rain_mm", "pr"});
  c.latitude = find_column(table, {"lat", "latitude", "lat_deg"});
  c.year = find_column(table, {"yr", "year"});
  c.month = find_column(table, {"mon", "month"});
  c.day = find_column(table, {"day", "dd"});
  c.date = find_column(table, {"date", "time", "datetime"});
  c.station = find_column(table, {"id", "station", "stream"});
  const auto need = [](std::size_t column, const char* what) -> Result<void> {
    if (column == Table::npos) return fail(Errc::kNotFound, "expected a column for {}, found none", what);
    return {};
  };
  for (const auto& [column, what] :
       {std::pair(c.temperature, "temperature, such as TEMP"),
        std::pair(c.humidity, "relative humidity, such as RH"),
        std::pair(c.wind, "wind speed in km/h, such as WS"), std::pair(c.rain, "rain in mm, such as PREC")})
    if (auto found = need(column, what); !found) return tl::unexpected(found.error());
  return c;
}

class Reader {
 public:
  Reader(const Table& table, const Columns& columns, std::vector<datum::RowProblem>& problems)
      : table_(table), columns_(columns), problems_(problems) {}

  [[nodiscard]] std::optional<double> number(std::size_t row, std::size_t column, Range range) {
    const std::string& text = table_.rows[row][column];
    if (is_missing(text)) return std::nullopt;
    const std::optional<double> value = parse_number(trim(text));
    if (value && *value >= range.min && *value <= range.max) return value;
    problem(row, column,
            value ? fmt::format("expected {}…{}, found {}", range.min, range.max, printable(text))
                  : fmt::format("expected a number, found '{}'", printable(text)));
    return std::nullopt;
  }

  [[nodiscard]] NoonWeather weather(std::size_t row) {
    return {number(row, columns_.temperature, kTemperature), number(row, columns_.humidity, kHumidity),
            number(row, columns_.wind, kWind), number(row, columns_.rain, kRain)};
  }

  // The row's date as far as it says; a month alone is enough for the season.
  struct Date {
    std::optional<int> year, month, day;
  };
  [[nodiscard]] Date date(std::size_t row) {
    if (columns_.date != Table::npos && columns_.month == Table::npos) {
      const auto time = parse_utc(trim(table_.rows[row][columns_.date]));
      if (!time) {
        problem(row, columns_.date, "expected a date such as 2017-10-09");
        return {};
      }
      const CivilTime civil = to_civil(*time);
      return {civil.year, civil.month, civil.day};
    }
    Date date;
    if (columns_.month != Table::npos) date.month = month(row);
    // Day and year serve only to see gaps: a name of a weekday there is no problem.
    if (columns_.year != Table::npos) date.year = whole(row, columns_.year, 1, 9999);
    if (columns_.day != Table::npos) date.day = whole(row, columns_.day, 1, 31);
    return date;
  }

 private:
  [[nodiscard]] std::optional<int> whole(std::size_t row, std::size_t column, int min, int max) const {
    const auto value = parse_number(trim(table_.rows[row][column]));
    if (!value || *value < min || *value > max || *value != static_cast<int>(*value)) return std::nullopt;
    return static_cast<int>(*value);
  }

  [[nodiscard]] std::optional<int> month(std::size_t row) {
    const std::string text = lower_ascii(trim(table_.rows[row][columns_.month]));
    if (is_missing(text)) return std::nullopt;
    if (const auto value = whole(row, columns_.month, 1, 12)) return value;
    constexpr std::string_view kNames = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (text.size() >= 3)
      if (const std::size_t at = kNames.find(text.substr(0, 3)); at != std::string_view::npos && at % 3 == 0)
        return static_cast<int>(at / 3) + 1;
    problem(row, columns_.month, fmt::format("expected a month, found '{}'", printable(text)));
    return std::nullopt;
  }

  void problem(std::size_t row, std::size_t column, std::string expected) {
    problems_.push_back({table_.row_numbers[row], table_.header[column], std::move(expected)});
  }

  const Table& table_;
  const Columns& columns_;
  std::vector<datum::RowProblem>& problems_;
};

void note(std::vector<std::string>& notes, std::string text) {
  if (notes.size() < kNotesMax) notes.push_back(std::move(text));
}

// What the next row of a station begins from.
struct Station {
  MoistureCodes codes;
  std::optional<std::int64_t> last_day;  // since 1970
};

void check_follows(Station& station, const Reader::Date& date, std::size_t row_number,
                   std::vector<std::string>& notes) {
  if (!date.year || !date.month || !date.day) return;
  const std::int64_t day = days_from_civil(*date.year, *date.month, *date.day);
  if (station.last_day && day != *station.last_day + 1)
    note(notes,
         fmt::format("row {}: {:04}-{:02}-{:02} is {} days after the row before; codes pass from row to row",
                     row_number, *date.year, *date.month, *date.day, day - *station.last_day));
  station.last_day = day;
}

MoistureCodes carried(const MoistureCodes& day, const MoistureCodes& before) {
  const auto either = [](const auto& a, const auto& b) { return a ? a : b; };
  return {either(day.ffmc, before.ffmc), either(day.dmc, before.dmc), either(day.dc, before.dc)};
}

}  // namespace

const std::array<const char*, kFwiColumns>& fwi_columns() {
  static constexpr std::array<const char*, kFwiColumns> kNames{"FFMC", "DMC", "DC", "ISI",
                                                               "BUI",  "FWI", "DSR"};
  return kNames;
}

std::array<std::optional<double>, kFwiColumns> in_columns(const FireWeather& day) {
  return {day.codes.ffmc, day.codes.dmc, day.codes.dc, day.isi, day.bui, day.fwi, day.dsr};
}

Result<FwiTable> fire_weather_table(const Table& table, const FwiTableOptions& options) {
  const auto columns = find_columns(table);
  if (!columns) return tl::unexpected(columns.error());
  FwiTable out;
  const bool with_month = columns->month != Table::npos || columns->date != Table::npos;
  if (columns->latitude == Table::npos && options.day_length == DayLength::kByLatitude)
    note(out.notes, fmt::format("no column for latitude: taken as {}", kDefaultLatitude));
  if (!with_month) note(out.notes, "no column for month: taken as July");
  Reader reader(table, *columns, out.problems);
  std::map<std::string, Station> stations;
  const std::size_t end = std::min(options.last_row, table.rows.size());
  for (std::size_t row = std::max<std::size_t>(options.first_row, 1) - 1; row < end; ++row) {
    const std::string name = columns->station == Table::npos ? "" : table.rows[row][columns->station];
    Station& station = stations.try_emplace(name, Station{options.start, {}}).first->second;
    const NoonWeather noon = reader.weather(row);
    const Reader::Date date = reader.date(row);
    check_follows(station, date, table.row_numbers[row], out.notes);
    std::optional<double> latitude = kDefaultLatitude;
    if (columns->latitude != Table::npos) latitude = reader.number(row, columns->latitude, {-90.0, 90.0});
    if (options.day_length == DayLength::kStandard) latitude = latitude.value_or(kDefaultLatitude);
    const std::optional<int> month = with_month ? date.month : std::optional<int>(kDefaultMonth);
    FireWeather day = fire_weather(
        station.codes, noon,
        {latitude.value_or(kDefaultLatitude), month.value_or(kDefaultMonth), options.day_length});
    if (!latitude || !month) {  // the day's length is not known: no DMC, no DC, nothing made of them
      day.codes.dmc = day.codes.dc = std::nullopt;
      day.bui = day.fwi = day.dsr = std::nullopt;
    }
    const auto values = in_columns(day);
    if (!std::all_of(values.begin(), values.end(), [](const auto& v) { return v.has_value(); }))
      ++out.incomplete;
    if (!options.from_start_each_day)
      station.codes = options.carry_gaps ? carried(day.codes, station.codes) : day.codes;
    out.rows.push_back(row);
    out.days.push_back(day);
  }
  return out;
}

}  // namespace skywarden::wildfire
