#include "onboard/decode.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::onboard {
namespace {

using datum::Field;
using datum::FieldKind;
using datum::FieldSpec;
using datum::Missing;
using datum::MissingReason;
using datum::Observed;
using datum::Schema;
using datum::Table;

bool is_missing_mark(const Schema& schema, std::string_view text) {
  return std::find(schema.missing_marks.begin(), schema.missing_marks.end(), text) !=
         schema.missing_marks.end();
}

// "-999.00" where the mark is "-999".
bool is_missing_number(const Schema& schema, std::string_view text, double value) {
  return std::any_of(schema.missing_marks.begin(), schema.missing_marks.end(), [&](const std::string& mark) {
    return !mark.empty() && mark[0] == text[0] && parse_number(mark) == value;
  });
}

Field decode_number(const FieldSpec& spec, const Schema& schema, std::string_view text) {
  const auto value = parse_number(text);
  if (!value) return Missing{MissingReason::kMalformed};
  if (is_missing_number(schema, text, *value)) return Missing{MissingReason::kNotReported};
  if ((spec.min && *value < *spec.min) || (spec.max && *value > *spec.max))
    return Missing{MissingReason::kOutOfRange};
  return Observed{*value};
}

Field decode_category(const FieldSpec& spec, std::string_view text) {
  const auto level = [&](auto same) -> std::optional<datum::Category> {
    const auto at = std::find_if(spec.levels.begin(), spec.levels.end(), same);
    if (at == spec.levels.end()) return std::nullopt;
    return datum::Category{static_cast<std::uint16_t>(at - spec.levels.begin())};
  };
  auto found = level([&](const std::string& name) { return name == text; });
  if (!found) {
    const std::string lower = lower_ascii(text);
    found = level([&](const std::string& name) { return lower_ascii(name) == lower; });
  }
  if (!found) return Missing{MissingReason::kMalformed};
  return Observed{*found};
}

// A whole number, also as data frames write it: "3.0".
std::optional<int> whole_number(std::string_view text) {
  const auto value = parse_number(trim(text));
  if (!value || std::abs(*value) > 1e6 || *value != std::floor(*value)) return std::nullopt;
  return static_cast<int>(*value);
}

bool has_zone(std::string_view iso) {
  return iso.size() > 10 && iso.find_first_of("Z+-", 10) != std::string_view::npos;
}

std::string zone_text(int offset_min) {
  const int minutes = std::abs(offset_min);
  return fmt::format("{}{:02}:{:02}", offset_min < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

Result<Instant> local_time(const datum::Schema& schema, const CivilTime& c) {
  if (schema.utc_offset_min == 0) return from_civil(c);
  if (auto checked = from_civil(c); !checked) return checked;
  return parse_utc(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", c.year, c.month, c.day, c.hour,
                               c.minute, c.second, zone_text(schema.utc_offset_min)));
}

Result<Instant> decode_iso(const Schema& schema, std::string_view text) {
  if (schema.utc_offset_min == 0 || has_zone(text)) return parse_utc(text);
  // A bare date is the midnight of the schema's zone.
  const std::string_view clock = text.size() == 10 ? "T00:00" : "";
  auto t = parse_utc(fmt::format("{}{}{}", text, clock, zone_text(schema.utc_offset_min)));
  return t ? t : parse_utc(text);  // the message should show what the file says
}

Result<Instant> decode_ymdh(const Schema& schema, std::span<const std::string_view> cells) {
  std::array<int, 4> parts{};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto part = whole_number(cells[i]);
    if (!part)
      return fail(Errc::kMalformed, "expected a whole number for the {}, found '{}'", schema.time_columns[i],
                  printable(cells[i]));
    parts[i] = *part;
  }
  return local_time(schema, {parts[0], parts[1], parts[2], parts[3]});
}

struct Date {
  int year = 0, month = 0, day = 0;
};

// 2022-02-26, 2022/02/26, 2/26/2022.
std::optional<Date> firms_date(std::string_view text) {
  std::array<int, 3> parts{};
  std::array<std::size_t, 3> lengths{};
  const char* at = text.data();
  const char* const end = at + text.size();
  const std::size_t separator = text.find_first_of("-/");
  if (separator == std::string_view::npos) return std::nullopt;
  for (std::size_t i = 0; i < 3; ++i) {
    if (i > 0) {
      if (at == end || *at != text[separator]) return std::nullopt;
      ++at;
    }
    const auto [next, error] = std::from_chars(at, end, parts[i]);
    if (error != std::errc() || parts[i] < 0) return std::nullopt;
    lengths[i] = static_cast<std::size_t>(next - at);
    at = next;
  }
  if (at != end) return std::nullopt;
  if (lengths[0] == 4) return Date{parts[0], parts[1], parts[2]};
  if (lengths[2] == 4 && text[separator] == '/') return Date{parts[2], parts[0], parts[1]};
  return std::nullopt;
}

struct ClockTime {
  int hour = 0, minute = 0;
};

// hhmm without its leading zeros, or hh:mm.
std::optional<ClockTime> firms_clock(std::string_view text) {
  const std::size_t colon = text.find(':');
  const auto digits = [](std::string_view part) -> std::optional<int> {
    if (part.empty() || part.size() > 4) return std::nullopt;
    int value = 0;
    for (const char c : part) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    return value;
  };
  std::optional<int> hour, minute;
  if (colon == std::string_view::npos) {
    const auto both = digits(text);
    if (!both) return std::nullopt;
    hour = *both / 100;
    minute = *both % 100;
  } else {
    hour = digits(text.substr(0, colon));
    minute = digits(text.substr(colon + 1));
  }
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return ClockTime{*hour, *minute};
}

Result<Instant> decode_firms(const Schema& schema, std::string_view date_text, std::string_view clock_text) {
  const auto date = firms_date(date_text);
  if (!date)
    return fail(Errc::kMalformed, "expected a date like 2022-02-26 or 2/26/2022 (month first), found '{}'",
                printable(date_text));
  std::string_view digits = clock_text;
  std::string_view zone;
  if (const std::size_t at = clock_text.find_first_of("Z+-"); at != std::string_view::npos) {
    digits = trim(clock_text.substr(0, at));
    zone = clock_text.substr(at);
  }
  const auto clock = firms_clock(digits);
  if (!clock) return fail(Errc::kMalformed, "expected a time as hhmm, found '{}'", printable(clock_text));
  const CivilTime civil{date->year, date->month, date->day, clock->hour, clock->minute};
  if (zone.empty()) return local_time(schema, civil);
  if (auto checked = from_civil(civil); !checked) return checked;
  return parse_utc(fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}{}", date->year, date->month, date->day,
                               clock->hour, clock->minute, zone));
}

Result<Instant> decode_unix(std::string_view text) {
  const auto seconds = parse_number(text);
  constexpr double kLimit = 8e9;  // milliseconds by mistake lie outside
  if (!seconds || std::abs(*seconds) > kLimit)
    return fail(Errc::kMalformed, "expected seconds since 1970, found '{}'", printable(text));
  const double whole = std::floor(*seconds);
  const auto total = static_cast<std::int64_t>(whole);
  const std::int64_t day = total >= 0 ? total / 86'400 : -((-total + 86'399) / 86'400);
  const auto of_day = static_cast<int>(total - day * 86'400);
  CivilTime c;
  civil_from_days(day, c.year, c.month, c.day);
  c.hour = of_day / 3600;
  c.minute = of_day / 60 % 60;
  c.second = of_day % 60;
  c.nanosecond = static_cast<int>(std::min<long>(std::lround((*seconds - whole) * 1e9), 999'999'999));
  return from_civil(c);
}

}  // namespace

Field decode_field(const FieldSpec& spec, const Schema& schema, std::string_view text) {
  text = trim(text);
  if (is_missing_mark(schema, text)) return Missing{MissingReason::kNotReported};
  switch (spec.kind) {
    case FieldKind::kNumber:
      return text.empty() ? Field(Missing{}) : decode_number(spec, schema, text);
    case FieldKind::kCategory:
      return text.empty() ? Field(Missing{}) : decode_category(spec, text);
    case FieldKind::kText:
    case FieldKind::kImage:
      break;
  }
  if (!is_valid_utf8(text)) return Missing{MissingReason::kMalformed};
  return Observed{std::string(text)};
}

Result<Instant> decode_time(const Schema& schema, std::span<const std::string_view> cells) {
  EXPECTS(cells.size() == schema.time_columns.size());
  switch (schema.time_format) {
    case datum::TimeFormat::kIso:
      return decode_iso(schema, trim(cells[0]));
    case datum::TimeFormat::kYmdh:
      return decode_ymdh(schema, cells);
    case datum::TimeFormat::kFirms:
      return decode_firms(schema, trim(cells[0]), trim(cells[1]));
    case datum::TimeFormat::kNone:
      return Instant{};
    case datum::TimeFormat::kUnix:
      break;
  }
  return decode_unix(trim(cells[0]));
}

std::string time_label(const Schema& schema) {
  std::string label;
  for (const std::string& column : schema.time_columns) label += (label.empty() ? "" : "+") + column;
  return label.empty() ? "time" : label;
}

std::string expectation(const FieldSpec& spec, std::string_view found) {
  switch (spec.kind) {
    case FieldKind::kNumber:
      if (spec.min && spec.max)
        return fmt::format("expected {} {}, found '{}'", printable(spec.name),
                           range_text(*spec.min, *spec.max), printable(found));
      return fmt::format("expected a number, found '{}'", printable(found));
    case FieldKind::kCategory: {
      constexpr std::size_t kShown = 8;
      std::string names;
      for (std::size_t i = 0; i < std::min(spec.levels.size(), kShown); ++i)
        names += (i > 0 ? ", " : "") + printable(spec.levels[i]);
      if (spec.levels.size() > kShown) names += ", …";
      return fmt::format("expected one of {}, found '{}'", names, printable(found));
    }
    case FieldKind::kText:
    case FieldKind::kImage:
      break;
  }
  return fmt::format("expected UTF-8 text, found '{}'", printable(found));
}

std::string range_text(double min, double max) {
  const auto number = [](double value) {
    return (value < 0 ? "−" : "") + fmt::format("{}", std::abs(value));
  };
  return number(min) + "…" + number(max);
}

Result<RowLayout> lay_out(const Schema& schema, const Table& table) {
  RowLayout layout;
  const auto find_all = [&](const std::vector<std::string>& names,
                            std::vector<std::size_t>& out) -> Result<bool> {
    for (const std::string& name : names) {
      out.push_back(table.column(name));
      if (out.back() == Table::npos) {
        std::string found;
        for (const std::string& column : table.header) found += (found.empty() ? "" : ",") + column;
        return fail(Errc::kNotFound, "expected a column '{}', found {}", printable(name), printable(found));
      }
    }
    return true;
  };
  if (auto found = find_all(schema.time_columns, layout.time); !found) return tl::unexpected(found.error());
  if (auto found = find_all(schema.stream_columns, layout.stream); !found)
    return tl::unexpected(found.error());
  bool any = false;
  for (const FieldSpec& field : schema.fields) {
    std::size_t column = table.column(field.name);
    for (std::size_t i = 0; column == Table::npos && i < field.aliases.size(); ++i)
      column = table.column(field.aliases[i]);
    layout.fields.push_back(column);
    any = any || layout.fields.back() != Table::npos;
  }
  if (!any) return fail(Errc::kNotFound, "expected at least one of the fields of schema '{}'", schema.name);
  return layout;
}

Result<Instant> decode_row_time(const Schema& schema, const RowLayout& layout,
                                std::span<const std::string> row) {
  std::array<std::string_view, 4> cells;  // no format has more
  EXPECTS(layout.time.size() <= cells.size());
  for (std::size_t i = 0; i < layout.time.size(); ++i) cells[i] = row[layout.time[i]];
  return decode_time(schema, std::span(cells).first(layout.time.size()));
}

Result<std::string> stream_name(const Schema& schema, const RowLayout& layout,
                                std::span<const std::string> row, std::string_view otherwise) {
  if (layout.stream.empty()) return std::string(otherwise);
  std::string name;
  for (const std::size_t column : layout.stream) {
    const std::string_view part = trim(row[column]);
    if (is_missing_mark(schema, part) || !is_valid_utf8(part))
      return fail(Errc::kMalformed, "expected the name of a stream, found '{}'", printable(part));
    if (!name.empty()) name += '/';
    name += part;
  }
  return name;
}

}  // namespace skywarden::onboard
