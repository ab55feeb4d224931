#include "orbit/stations.h"

#include <initializer_list>

#include "base/text.h"

namespace skywarden::orbit {
namespace {

constexpr double kAltitudeMinM = -1000.0;
constexpr double kAltitudeMaxM = 20'000.0;

std::size_t column_of(const datum::Table& table, std::initializer_list<std::string_view> names) {
  for (const auto& name : names)
    if (const std::size_t column = table.column(name); column != datum::Table::npos) return column;
  return datum::Table::npos;
}

// The header that a file without one lacks; empty when it has its own (or nothing recognisable).
std::string missing_header(std::string_view bytes) {
  const auto first = datum::parse_delimited(bytes.substr(0, bytes.find('\n')), {.detect_delimiter = true});
  if (!first) return {};
  const auto is_number = [&](std::size_t i) { return parse_number(trim(first->header[i])).has_value(); };
  const std::size_t count = first->header.size();
  const char d = first->delimiter;
  if (count == 5 && is_number(2) && is_number(3) && is_number(4))
    return fmt::format("id{0}name{0}lat_deg{0}lon_deg{0}alt_m\n", d);
  if (count == 4 && is_number(1) && is_number(2) && is_number(3))
    return fmt::format("name{0}lat_deg{0}lon_deg{0}alt_m\n", d);
  return {};
}

struct Columns {
  std::size_t name, lat, lon, alt;
};

void take_row(const datum::Table& table, std::size_t i, const Columns& at, std::size_t row_number,
              StationFile& out) {
  const auto& row = table.rows[i];
  const auto in_range = [&](std::size_t column, double low, double high, const char* expected) {
    const auto value = parse_number(trim(row[column]));
    if (value && *value >= low && *value <= high) return value;
    out.problems.push_back({row_number, table.header[column],
                            fmt::format("expected {}, found '{}'", expected, printable(row[column]))});
    return std::optional<double>();
  };
  const auto lat = in_range(at.lat, -90.0, 90.0, "a latitude of −90…90");
  if (!lat) return;
  const auto lon = in_range(at.lon, -180.0, 360.0, "a longitude of −180…360");
  if (!lon) return;
  std::optional<double> alt = 0.0;
  if (at.alt != datum::Table::npos && !trim(row[at.alt]).empty())
    alt = in_range(at.alt, kAltitudeMinM, kAltitudeMaxM, "an altitude of −1000…20000 m");
  if (!alt) return;
  const std::string_view name = trim(row[at.name]);
  if (name.empty()) {
    out.problems.push_back({row_number, table.header[at.name], "expected a name, found nothing"});
    return;
  }
  const bool clean = is_valid_utf8(name) && name.find_first_of("\r\n") == std::string_view::npos;
  out.stations.push_back(
      {clean ? std::string(name) : printable(name), {{*lat, wrap_longitude(*lon)}, Metres(*alt)}});
}

}  // namespace

Result<StationFile> read_stations(std::string_view bytes, std::string_view file_name) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::string header = missing_header(bytes);
  const std::size_t added_rows = header.empty() ? 0 : 1;
  const auto table = datum::parse_delimited(header + std::string(bytes), {.detect_delimiter = true});
  if (!table) return fail(table.error().code, "{}: {}", file_name, table.error().message);
  const Columns at{column_of(*table, {"name", "station"}), column_of(*table, {"lat_deg", "lat", "latitude"}),
                   column_of(*table, {"lon_deg", "lon", "longitude"}),
                   column_of(*table, {"alt_m", "alt", "altitude_m", "elevation_m"})};
  if (at.name == datum::Table::npos || at.lat == datum::Table::npos || at.lon == datum::Table::npos)
    return fail(Errc::kMalformed, "{}:1: expected the columns name,lat_deg,lon_deg,alt_m", file_name);
  StationFile out;
  out.problems = table->problems;
  for (auto& problem : out.problems) problem.row -= added_rows;
  for (std::size_t i = 0; i < table->rows.size(); ++i)
    take_row(*table, i, at, table->row_numbers[i] - added_rows, out);
  return out;
}

}  // namespace skywarden::orbit
