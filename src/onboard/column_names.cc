#include "onboard/column_names.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/text.h"

namespace skywarden::onboard {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;  // as written, as schemas write it

// Looked up in lower case.
constexpr std::array<Pair, 38> kUnits{{
    {"c", "degC"},    {"degc", "degC"},   {"°c", "degC"},     {"celsius", "degC"}, {"f", "degF"},
    {"degf", "degF"}, {"°f", "degF"},     {"k", "K"},         {"kelvin", "K"},     {"%", "%"},
    {"pct", "%"},     {"percent", "%"},   {"ppm", "ppm"},     {"ppb", "ppb"},      {"hpa", "hPa"},
    {"mbar", "hPa"},  {"mb", "hPa"},      {"pa", "Pa"},       {"kpa", "kPa"},      {"m/s", "m/s"},
    {"ms-1", "m/s"},  {"mps", "m/s"},     {"km/h", "km/h"},   {"kmh", "km/h"},     {"kph", "km/h"},
    {"mph", "mph"},   {"kn", "kn"},       {"knots", "kn"},    {"mm", "mm"},        {"km", "km"},
    {"m", "m"},       {"ug/m3", "ug/m3"}, {"µg/m3", "ug/m3"}, {"mw", "MW"},        {"w/m2", "W/m2"},
    {"deg", "deg"},   {"degrees", "deg"}, {"lux", "lx"},
}};
// A last part of one letter is more often part of a name ("wind_m"?) than a unit.
constexpr std::size_t kSuffixBytesMin = 2;

using Names = std::span<const std::string_view>;
constexpr std::array<std::string_view, 2> kLatitudes{"lat", "latitude"};
constexpr std::array<std::string_view, 4> kLongitudes{"lon", "long", "lng", "longitude"};
constexpr std::array<std::string_view, 10> kDirections{"wind_dir", "wdir",     "winddir", "wind_direction",
                                                       "wd",       "heading",  "azimuth", "bearing",
                                                       "aspect",   "direction"};
constexpr std::array<std::string_view, 14> kStreams{
    "station",   "station_id", "site",   "sensor", "sensor_id", "stream", "device",
    "device_id", "name",       "origin", "node",   "location",  "region", "id"};
constexpr std::array<std::string_view, 10> kCodes{"class", "classes", "category", "status", "flag",
                                                  "code",  "type",    "alarm",    "label",  "quality"};
constexpr std::array<std::string_view, 1> kYears{"year"};
constexpr std::array<std::string_view, 2> kMonths{"month", "mon"};
constexpr std::array<std::string_view, 2> kDays{"day", "dom"};
constexpr std::array<std::string_view, 2> kHours{"hour", "hr"};
constexpr std::array<std::string_view, 2> kMinutes{"minute", "min"};
constexpr std::array<std::string_view, 8> kUnixTimes{"t",     "time",     "timestamp", "ts",
                                                     "epoch", "unixtime", "unix_time", "unix"};
constexpr std::array<std::string_view, 2> kDates{"date", "acq_date"};
constexpr std::array<std::string_view, 3> kClocks{"time", "acq_time", "hhmm"};

const std::array<std::pair<Names, ColumnRole>, 13>& roles() {
  static const std::array<std::pair<Names, ColumnRole>, 13> kRoles{{
      {kLatitudes, ColumnRole::kLatitude},
      {kLongitudes, ColumnRole::kLongitude},
      {kDirections, ColumnRole::kDirection},
      {kStreams, ColumnRole::kStream},
      {kCodes, ColumnRole::kCode},
      {kYears, ColumnRole::kYear},
      {kMonths, ColumnRole::kMonth},
      {kDays, ColumnRole::kDay},
      {kHours, ColumnRole::kHour},
      {kMinutes, ColumnRole::kMinute},
      {kUnixTimes, ColumnRole::kUnixTime},
      {kDates, ColumnRole::kDate},
      {kClocks, ColumnRole::kClock},
  }};
  return kRoles;
}

std::string known_unit(std::string_view text) {
  const std::string lower = lower_ascii(trim(text));
  const auto* at =
      std::find_if(kUnits.begin(), kUnits.end(), [&](const Pair& pair) { return pair.first == lower; });
  return at == kUnits.end() ? std::string{} : std::string(at->second);
}

constexpr std::array<std::string_view, 16> kWinds16{"N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE",
                                                    "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"};
constexpr std::array<std::string_view, 8> kWinds8{"N", "NE", "E", "SE", "S", "SW", "W", "NW"};
constexpr std::array<std::string_view, 12> kMonthNames{"jan", "feb", "mar", "apr", "may", "jun",
                                                       "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

bool all_among(const std::vector<std::string>& levels, Names known) {
  return std::all_of(levels.begin(), levels.end(), [&](const std::string& level) {
    return std::any_of(known.begin(), known.end(),
                       [&](std::string_view each) { return lower_ascii(each) == lower_ascii(level); });
  });
}

}  // namespace

std::string unit_in_name(std::string_view column) {
  constexpr std::array<std::pair<char, char>, 2> kBrackets{{{'[', ']'}, {'(', ')'}}};
  for (const auto& [open, close] : kBrackets) {
    const std::size_t begin = column.find(open);
    const std::size_t end = column.rfind(close);
    if (begin == std::string_view::npos || end == std::string_view::npos || end <= begin + 1) continue;
    const std::string_view inside = trim(column.substr(begin + 1, end - begin - 1));
    if (inside.empty() || inside.size() > 16 || !is_valid_utf8(inside)) continue;
    const std::string unit = known_unit(inside);
    return unit.empty() ? std::string(inside) : unit;
  }
  const std::size_t cut = column.rfind('_');
  if (cut == std::string_view::npos || column.size() - cut - 1 < kSuffixBytesMin) return {};
  return known_unit(column.substr(cut + 1));
}

ColumnRole role_of_name(std::string_view column) {
  std::string lower = lower_ascii(trim(column));
  lower.resize(std::min(lower.size(), lower.find_first_of("[(")));
  lower = trim(lower);
  for (const auto& [names, role] : roles())
    if (std::find(names.begin(), names.end(), lower) != names.end()) return role;
  // "Fire Alarm", "sky_status": the last word of a longer name still says that it is a code.
  const std::size_t cut = lower.find_last_of(" _");
  if (cut == std::string::npos) return ColumnRole::kNone;
  const std::string_view last = std::string_view(lower).substr(cut + 1);
  return std::find(kCodes.begin(), kCodes.end(), last) != kCodes.end() ? ColumnRole::kCode
                                                                       : ColumnRole::kNone;
}

std::optional<std::vector<std::string>> circular_levels(const std::vector<std::string>& levels) {
  if (levels.size() < 3) return std::nullopt;  // "N" and "S" may be anything
  const std::array<Names, 4> orders{kWinds8, kWinds16, kMonthNames, kWeekdays};
  for (const Names& known : orders) {
    if (!all_among(levels, known)) continue;
    std::vector<std::string> out;
    for (const std::string_view each : known) {
      const auto seen = std::find_if(levels.begin(), levels.end(), [&](const std::string& level) {
        return lower_ascii(level) == lower_ascii(each);
      });
      out.emplace_back(seen == levels.end() ? std::string(each) : *seen);
    }
    return out;
  }
  return std::nullopt;
}

}  // namespace skywarden::onboard
