#include "completed_lines.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>

#include "datum/delimited.h"
#include "onboard/complete_stream.h"
#include "onboard/decode.h"

namespace skywarden::app {
namespace {

using nlohmann::ordered_json;

// False at the end of the input. A line that is too long is read to its end and left empty.
bool read_line(std::istream& in, std::string& line, bool& too_long) {
  line.clear();
  too_long = false;
  for (int c = in.get(); c != std::istream::traits_type::eof(); c = in.get()) {
    if (c == '\n') return true;
    if (line.size() < kLineBytesMax)
      line.push_back(static_cast<char>(c));
    else
      too_long = true;
  }
  return !line.empty();
}

Result<datum::Record> read_record(const datum::Schema& schema, const onboard::RowLayout& layout,
                                  std::span<const std::string> row) {
  datum::Record out;
  const auto time = onboard::decode_row_time(schema, layout, row);
  if (!time) return fail(time.error().code, "{}: {}", onboard::time_label(schema), time.error().message);
  const auto stream = onboard::stream_name(schema, layout, row, "stdin");
  if (!stream) return tl::unexpected(stream.error());
  out.time = *time;
  out.stream = *stream;
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    const std::size_t column = layout.fields[f];
    if (column == datum::Table::npos)
      out.fields.emplace_back(datum::Missing{});
    else
      out.fields.push_back(onboard::decode_field(schema.fields[f], schema, row[column]));
  }
  return out;
}

ordered_json json_of(const datum::FieldSpec& spec, const datum::Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* level = std::get_if<datum::Category>(&value)) return spec.levels[level->level];
  return std::get<std::string>(value);
}

ordered_json json_of(const datum::FieldSpec& spec, const datum::Field& field) {
  ordered_json out;
  if (const auto* missing = std::get_if<datum::Missing>(&field)) {
    out["state"] = fmt::format("missing:{}", datum::to_string(missing->reason));
    return out;
  }
  out["value"] = json_of(spec, *datum::value_of(field));
  const auto* estimated = std::get_if<datum::Estimated>(&field);
  out["state"] = estimated == nullptr ? "observed" : "estimated";
  if (estimated == nullptr) return out;
  if (estimated->interval) {
    out["low"] = estimated->interval->low;
    out["high"] = estimated->interval->high;
  } else {
    out["p"] = estimated->probability.value();
  }
  out["by"] = estimated->by;
  return out;
}

std::string line_of(const datum::Schema& schema, const onboard::CompletedRecord& completed) {
  ordered_json out;
  out["stream"] = completed.record.stream;
  out["time"] = format_utc(completed.record.time);
  out["method"] = onboard::to_string(completed.method);
  out["late"] = completed.late;
  for (std::size_t f = 0; f < schema.fields.size(); ++f)
    out["fields"][schema.fields[f].name] = json_of(schema.fields[f], completed.record.fields[f]);
  return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

Result<bool> complete_lines(std::istream& in, std::FILE* out, const datum::Schema& schema,
                            std::unique_ptr<onboard::NumberReviewer> reviewer,
                            std::optional<std::chrono::microseconds> deadline) {
  onboard::StreamOptions options;
  if (deadline)
    options.clock = [] {
      return std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch());
    };
  onboard::StreamCompleter completer(schema, std::move(reviewer), options);
  std::string header, line;
  bool too_long = false, sound = true;
  if (!read_line(in, header, too_long) || too_long)
    return fail(Errc::kMalformed, "stdin: expected a first line of columns, of at most {} bytes",
                kLineBytesMax);
  const auto columns = datum::parse_delimited(header, {.detect_delimiter = true});
  if (!columns) return fail(columns.error().code, "stdin: {}", columns.error().message);
  const auto layout = onboard::lay_out(schema, *columns);
  if (!layout) return fail(layout.error().code, "stdin: {}", layout.error().message);
  for (std::size_t number = 2; read_line(in, line, too_long); ++number) {
    const auto refuse = [&](const std::string& why) {
      fmt::print(stderr, "stdin:{}: {}\n", number, why);
      sound = false;
    };
    if (too_long) {
      refuse(fmt::format("expected at most {} bytes", kLineBytesMax));
      continue;
    }
    // A row is read with its header, so that it is held to the same rules as in a file.
    const auto table = datum::parse_delimited(header + "\n" + line, {.delimiter = columns->delimiter});
    if (!table || table->rows.empty()) {
      if (!table || !table->problems.empty())
        refuse(table ? table->problems.front().expected : table.error().message);
      continue;
    }
    const auto record = read_record(schema, *layout, table->rows.front());
    const auto completed = record ? completer.complete(*record, deadline.value_or(std::chrono::hours(1)))
                                  : tl::unexpected(record.error());
    if (!completed) {
      refuse(completed.error().message);
      continue;
    }
    fmt::print(out, "{}", line_of(schema, *completed));
    std::fflush(out);
  }
  return sound;
}

}  // namespace skywarden::app
