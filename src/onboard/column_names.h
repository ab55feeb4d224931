// What the name of a column gives away by the habits of those who publish tables: a unit in brackets or as a
// last part, a latitude, a direction, the year of a date. Hints for schema_inference.h; values decide.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skywarden::onboard {

// "Temperature[C]" degC, "Wind (m/s)" m/s, "pressure_hPa" hPa; empty when the name says none.
[[nodiscard]] std::string unit_in_name(std::string_view column);

enum class ColumnRole {
  kNone,
  kLatitude,
  kLongitude,
  kDirection,  // in degrees, wraps round
  kStream,     // a station, a sensor, a storm's name
  kCode,       // a class, a flag, a status: a category even where it is a number
  kYear,
  kMonth,
  kDay,
  kHour,
  kMinute,
  kUnixTime,
  kDate,  // beside a clock
  kClock,
};
[[nodiscard]] ColumnRole role_of_name(std::string_view column);

// The natural order of well-known words, when all of `levels` are among them: compass points (8 or 16),
// months, days of the week. They wrap round.
[[nodiscard]] std::optional<std::vector<std::string>> circular_levels(const std::vector<std::string>& levels);

}  // namespace skywarden::onboard
