// Time inside the program is continuous: an Instant counts nanoseconds that never repeat and never jump. UTC,
// with its leap seconds, exists only where bytes enter and leave: parse_utc and format_utc. The wall clock is
// a different type, so it cannot slip into a decision.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skywarden {

using Duration = std::chrono::nanoseconds;

// Nanoseconds since 1970-01-01T00:00:00 UTC on a scale without leap seconds removed: TAI − 10 s before 1972,
// so that instants from 1972 on differ from POSIX time by the leap seconds inserted since (0…27 s). Range
// 1678…2262.
struct MissionClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MissionClock, duration>;
  static constexpr bool is_steady = true;
};
using Instant = MissionClock::time_point;

struct CivilTime {  // UTC, proleptic Gregorian
  int year = 1970, month = 1, day = 1, hour = 0, minute = 0;
  int second = 0;      // 0…60; 60 only in a leap second
  int nanosecond = 0;  // 0…999,999,999
  friend constexpr auto operator<=>(const CivilTime&, const CivilTime&) = default;
};

[[nodiscard]] Result<Instant> from_civil(const CivilTime& utc);  // kOutOfRange names the field
[[nodiscard]] CivilTime to_civil(Instant t);

// ISO 8601: 2017-10-09T10:15[:00[.nine digits]][Z|±hh:mm|±hhmm]; a space may stand for T, a bare date is
// midnight. No zone means UTC.
[[nodiscard]] Result<Instant> parse_utc(std::string_view text);
// 2017-10-09T10:15:00Z, with as many decimals as asked (0…9), truncated.
[[nodiscard]] std::string format_utc(Instant t, int decimals = 0);

// Julian date (UTC) split in two so that nanoseconds survive: whole days at .5, then the fraction of that
// day. As SGP4 expects, a UTC day always counts 86,400 s; the leap second itself reads as the next midnight.
struct JulianDate {
  double day = 0.0;       // … .5
  double fraction = 0.0;  // 0…1
};
[[nodiscard]] JulianDate julian_date_utc(Instant t);
[[nodiscard]] Instant from_julian_date_utc(JulianDate jd);

// Days since 1970-01-01 of a civil date, and back (Howard Hinnant's algorithms).
[[nodiscard]] std::int64_t days_from_civil(int year, int month, int day);
void civil_from_days(std::int64_t days, int& year, int& month, int& day);

[[nodiscard]] constexpr double to_seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}
[[nodiscard]] constexpr Duration from_seconds(double s) {
  return Duration(static_cast<std::int64_t>(s * 1e9 + (s < 0 ? -0.5 : 0.5)));
}

}  // namespace skywarden
