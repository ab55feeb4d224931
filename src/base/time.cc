#include "base/time.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"

namespace skywarden {
namespace {

constexpr std::int64_t kNanos = 1'000'000'000;
constexpr std::int64_t kDaySeconds = 86'400;

struct LeapDay {
  int year, month, day;  // the first day after the inserted second
};
// IERS Bulletin C: the 27 leap seconds of 1972–2016. None has been announced since.
constexpr std::array<LeapDay, 27> kLeapDays{
    {{1972, 7, 1}, {1973, 1, 1}, {1974, 1, 1}, {1975, 1, 1}, {1976, 1, 1}, {1977, 1, 1}, {1978, 1, 1},
     {1979, 1, 1}, {1980, 1, 1}, {1981, 7, 1}, {1982, 7, 1}, {1983, 7, 1}, {1985, 7, 1}, {1988, 1, 1},
     {1990, 1, 1}, {1991, 1, 1}, {1992, 7, 1}, {1993, 7, 1}, {1994, 7, 1}, {1996, 1, 1}, {1997, 7, 1},
     {1999, 1, 1}, {2006, 1, 1}, {2009, 1, 1}, {2012, 7, 1}, {2015, 7, 1}, {2017, 1, 1}}};

// Leap seconds inserted before the given day begins.
int leaps_before_day(std::int64_t day) {
  static const auto days = [] {
    std::array<std::int64_t, kLeapDays.size()> out{};
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = days_from_civil(kLeapDays[i].year, kLeapDays[i].month, kLeapDays[i].day);
    return out;
  }();
  return static_cast<int>(std::upper_bound(days.begin(), days.end(), day) - days.begin());
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - (a % b < 0 ? 1 : 0);
}

int month_length(int year, int month) {
  constexpr std::array<int, 12> kLengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kLengths[static_cast<std::size_t>(month - 1)];
}

struct UtcDay {
  std::int64_t day;         // since 1970-01-01
  std::int64_t nanosecond;  // of the day; ≥ 86,400 s only within a leap second
};

// A civil time brought to UTC from a zone ahead by the offset. Civil, because a subtraction of instants would
// carry a leap second inserted in between into the answer.
CivilTime shifted(CivilTime c, std::int64_t offset_seconds) {
  const std::int64_t minutes = days_from_civil(c.year, c.month, c.day) * 1440 + c.hour * 60 + c.minute -
                               offset_seconds / 60;  // offsets are whole minutes
  const std::int64_t of_day = minutes - floor_div(minutes, 1440) * 1440;
  civil_from_days(floor_div(minutes, 1440), c.year, c.month, c.day);
  c.hour = static_cast<int>(of_day / 60);
  c.minute = static_cast<int>(of_day % 60);
  return c;
}

UtcDay split(Instant t) {
  const std::int64_t total = t.time_since_epoch().count();
  std::int64_t day = floor_div(total, kDaySeconds * kNanos);
  // At most 27 s separate the guess from the answer, so one step back is enough.
  std::int64_t start = (day * kDaySeconds + leaps_before_day(day)) * kNanos;
  if (total < start) {
    --day;
    start = (day * kDaySeconds + leaps_before_day(day)) * kNanos;
  }
  return {day, total - start};
}

}  // namespace

std::int64_t days_from_civil(int year, int month, int day) {
  const std::int64_t y = year - (month <= 2 ? 1 : 0);
  const std::int64_t era = floor_div(y, 400);
  const std::int64_t yoe = y - era * 400;
  const std::int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const std::int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468;
}

void civil_from_days(std::int64_t days, int& year, int& month, int& day) {
  days += 719468;
  const std::int64_t era = floor_div(days, 146097);
  const std::int64_t doe = days - era * 146097;
  const std::int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const std::int64_t mp = (5 * doy + 2) / 153;
  day = static_cast<int>(doy - (153 * mp + 2) / 5 + 1);
  month = static_cast<int>(mp < 10 ? mp + 3 : mp - 9);
  year = static_cast<int>(yoe + era * 400 + (month <= 2 ? 1 : 0));
}

Result<Instant> from_civil(const CivilTime& c) {
  // Less than 292 years apart, so that the difference of any two times that were read is a Duration.
  if (c.year < 1850 || c.year > 2130) return fail(Errc::kOutOfRange, "year {} is outside 1850…2130", c.year);
  if (c.month < 1 || c.month > 12) return fail(Errc::kOutOfRange, "month {} is outside 1…12", c.month);
  if (c.day < 1 || c.day > month_length(c.year, c.month))
    return fail(Errc::kOutOfRange, "day {} does not exist in {}-{:02}", c.day, c.year, c.month);
  if (c.hour < 0 || c.hour > 23) return fail(Errc::kOutOfRange, "hour {} is outside 0…23", c.hour);
  if (c.minute < 0 || c.minute > 59) return fail(Errc::kOutOfRange, "minute {} is outside 0…59", c.minute);
  if (c.nanosecond < 0 || c.nanosecond >= kNanos)
    return fail(Errc::kOutOfRange, "nanosecond {} is outside 0…999999999", c.nanosecond);
  const std::int64_t day = days_from_civil(c.year, c.month, c.day);
  const bool leap_minute =
      c.hour == 23 && c.minute == 59 && leaps_before_day(day + 1) > leaps_before_day(day);
  if (c.second < 0 || c.second > (leap_minute ? 60 : 59))
    return fail(Errc::kOutOfRange, "second {} is outside 0…59", c.second);
  const std::int64_t seconds =
      day * kDaySeconds + leaps_before_day(day) + c.hour * 3600 + c.minute * 60 + c.second;
  return Instant(Duration(seconds * kNanos + c.nanosecond));
}

CivilTime to_civil(Instant t) {
  const UtcDay utc = split(t);
  CivilTime c;
  civil_from_days(utc.day, c.year, c.month, c.day);
  const std::int64_t of_day = std::min(utc.nanosecond / kNanos, kDaySeconds - 1);
  c.hour = static_cast<int>(of_day / 3600);
  c.minute = static_cast<int>(of_day / 60 % 60);
  c.second = static_cast<int>(utc.nanosecond / kNanos - c.hour * 3600 - c.minute * 60);
  c.nanosecond = static_cast<int>(utc.nanosecond % kNanos);
  return c;
}

Result<Instant> parse_utc(std::string_view text) {
  const std::string_view whole = text;
  const auto bad = [&] {
    return fail(Errc::kMalformed, "expected a time like 2017-10-09T10:15:00Z, found '{}'", printable(whole));
  };
  const auto digits = [&](std::size_t count, int& out) {
    if (text.size() < count) return false;
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (text[i] < '0' || text[i] > '9') return false;
      value = value * 10 + (text[i] - '0');
    }
    out = value;
    text.remove_prefix(count);
    return true;
  };
  const auto skip = [&](char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  };
  CivilTime c;
  if (!digits(4, c.year) || !skip('-') || !digits(2, c.month) || !skip('-') || !digits(2, c.day))
    return bad();
  std::int64_t offset_seconds = 0;
  if (!text.empty()) {
    if (!skip('T') && !skip(' ')) return bad();
    if (!digits(2, c.hour) || !skip(':') || !digits(2, c.minute)) return bad();
    if (skip(':')) {
      if (!digits(2, c.second)) return bad();
      if (skip('.')) {
        std::size_t count = 0;
        int value = 0;
        while (count < 9 && !text.empty() && text.front() >= '0' && text.front() <= '9') {
          value = value * 10 + (text.front() - '0');
          text.remove_prefix(1);
          ++count;
        }
        if (count == 0) return bad();
        for (std::size_t i = count; i < 9; ++i) value *= 10;
        c.nanosecond = value;
      }
    }
    if (!text.empty() && !skip('Z')) {
      const bool minus = text.front() == '-';
      if (!skip('+') && !skip('-')) return bad();
      int hours = 0;
      int minutes = 0;
      if (!digits(2, hours)) return bad();
      skip(':');
      if (!text.empty() && !digits(2, minutes)) return bad();
      if (hours > 14 || minutes > 59) return bad();
      offset_seconds = (hours * 3600 + minutes * 60) * (minus ? -1 : 1);
    }
    if (!text.empty()) return bad();
  }
  auto t = from_civil(c);
  if (!t) return fail(t.error().code, "time '{}': {}", printable(whole), t.error().message);
  return offset_seconds == 0 ? t : from_civil(shifted(c, offset_seconds));
}

std::string format_utc(Instant t, int decimals) {
  const CivilTime c = to_civil(t);
  std::string out =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute, c.second);
  if (decimals > 0)
    out += "." + fmt::format("{:09}", c.nanosecond).substr(0, static_cast<std::size_t>(decimals));
  return out + "Z";
}

JulianDate julian_date_utc(Instant t) {
  const UtcDay utc = split(t);
  const double fraction = static_cast<double>(utc.nanosecond) / (static_cast<double>(kDaySeconds) * kNanos);
  return {2440587.5 + static_cast<double>(utc.day), fraction};
}

Instant from_julian_date_utc(JulianDate jd) {
  const double days = std::floor(jd.day - 2440587.5 + jd.fraction);
  const double rest = (jd.day - 2440587.5 - days) + jd.fraction;
  const auto day = static_cast<std::int64_t>(days);
  const auto nanos = static_cast<std::int64_t>(std::llround(rest * static_cast<double>(kDaySeconds) * 1e9));
  return Instant(Duration((day * kDaySeconds + leaps_before_day(day)) * kNanos + nanos));
}

}  // namespace skywarden
