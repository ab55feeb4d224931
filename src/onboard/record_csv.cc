#include "onboard/record_csv.h"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "datum/delimited.h"

namespace skywarden::onboard {
namespace {

constexpr std::int64_t kMinutesPerDay = 24 * 60;

// As clocks show it that are so far ahead of UTC; seconds stay, so a leap second is one everywhere.
CivilTime local(Instant time, int utc_offset_min) {
  CivilTime civil = to_civil(time);
  const std::int64_t minutes = days_from_civil(civil.year, civil.month, civil.day) * kMinutesPerDay +
                               civil.hour * 60 + civil.minute + utc_offset_min;
  const std::int64_t days = (minutes >= 0 ? minutes : minutes - (kMinutesPerDay - 1)) / kMinutesPerDay;
  civil_from_days(days, civil.year, civil.month, civil.day);
  civil.hour = static_cast<int>((minutes - days * kMinutesPerDay) / 60);
  civil.minute = static_cast<int>((minutes - days * kMinutesPerDay) % 60);
  return civil;
}

std::string unix_seconds(Instant time) {
  const CivilTime c = to_civil(time);
  const std::int64_t seconds =
      ((days_from_civil(c.year, c.month, c.day) * 24 + c.hour) * 60 + c.minute) * 60 + c.second;
  if (c.nanosecond == 0) return fmt::format("{}", seconds);
  if (seconds >= 0) return fmt::format("{}.{:09}", seconds, c.nanosecond);
  return seconds == -1 ? fmt::format("-0.{:09}", 1'000'000'000 - c.nanosecond)
                       : fmt::format("{}.{:09}", seconds + 1, 1'000'000'000 - c.nanosecond);
}

// The last column takes what is left.
std::optional<std::vector<std::string>> stream_cells(std::string_view name, std::size_t columns) {
  std::vector<std::string> cells;
  for (std::size_t i = 0; i < columns; ++i) {
    const std::size_t slash = i + 1 < columns ? name.find('/') : name.size();
    if (slash == std::string_view::npos) return std::nullopt;
    cells.emplace_back(name.substr(0, slash));
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  return cells;
}

}  // namespace

std::vector<std::string> time_cells(const datum::Schema& schema, Instant time) {
  const CivilTime c = local(time, schema.utc_offset_min);
  switch (schema.time_format) {
    case datum::TimeFormat::kIso:
      return {format_utc(time, to_civil(time).nanosecond == 0 ? 0 : 9)};
    case datum::TimeFormat::kUnix:
      return {unix_seconds(time)};
    case datum::TimeFormat::kNone:
      return {};
    case datum::TimeFormat::kFirms:
      return {fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day),
              fmt::format("{:02}{:02}", c.hour, c.minute)};
    case datum::TimeFormat::kYmdh:
      break;
  }
  std::vector<std::string> cells{fmt::format("{}", c.year), fmt::format("{}", c.month),
                                 fmt::format("{}", c.day)};
  if (schema.time_columns.size() > 3) cells.push_back(fmt::format("{}", c.hour));
  return cells;
}

std::string field_cell(const datum::FieldSpec& spec, const datum::Field& field) {
  const datum::Value* value = datum::value_of(field);
  if (value == nullptr) return {};
  if (const auto* number = std::get_if<double>(value)) return fmt::format("{}", *number + 0.0);  // no "-0"
  if (const auto* category = std::get_if<datum::Category>(value)) return spec.levels.at(category->level);
  return std::get<std::string>(*value);
}

std::optional<std::string> records_to_csv(const datum::Schema& schema,
                                          std::span<const datum::Record> records) {
  std::vector<std::string> cells = schema.time_columns;
  cells.insert(cells.end(), schema.stream_columns.begin(), schema.stream_columns.end());
  for (const datum::FieldSpec& spec : schema.fields) cells.push_back(spec.name);
  std::string out;
  datum::append_row(out, cells);
  for (const datum::Record& record : records) {
    cells = time_cells(schema, record.time);
    const auto stream = stream_cells(record.stream, schema.stream_columns.size());
    if (!stream) return std::nullopt;
    cells.insert(cells.end(), stream->begin(), stream->end());
    for (std::size_t f = 0; f < schema.fields.size(); ++f)
      cells.push_back(field_cell(schema.fields[f], record.fields[f]));
    datum::append_row(out, cells);
  }
  return out;
}

std::optional<std::string> record_to_json(const datum::Schema& schema, const datum::Record& record) {
  const auto stream = stream_cells(record.stream, schema.stream_columns.size());
  if (!stream) return std::nullopt;
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  const std::vector<std::string> times = time_cells(schema, record.time);
  for (std::size_t i = 0; i < times.size(); ++i) out[schema.time_columns[i]] = times[i];
  for (std::size_t i = 0; i < stream->size(); ++i) out[schema.stream_columns[i]] = (*stream)[i];
  for (std::size_t f = 0; f < schema.fields.size(); ++f)
    if (datum::value_of(record.fields[f]) != nullptr)
      out[schema.fields[f].name] = field_cell(schema.fields[f], record.fields[f]);
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace skywarden::onboard
