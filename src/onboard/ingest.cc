#include "onboard/ingest.h"

#include <algorithm>
#include <bit>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "base/contract.h"
#include "base/hash.h"
#include "base/text.h"
#include "onboard/decode.h"

namespace skywarden::onboard {
namespace {

using datum::Category;
using datum::Field;
using datum::FieldSpec;
using datum::Missing;
using datum::MissingReason;
using datum::Record;
using datum::RowProblem;
using datum::Schema;
using datum::Table;
using datum::Value;

bool is_missing(const Field& field) {
  return std::holds_alternative<Missing>(field);
}

bool is_malformed(const Field& field) {
  const auto* missing = std::get_if<Missing>(&field);
  return missing != nullptr && missing->reason == MissingReason::kMalformed;
}

bool same_value(const Field& a, const Field& b) {
  const Value* left = datum::value_of(a);
  const Value* right = datum::value_of(b);
  if (left == nullptr || right == nullptr) return left == right;
  return *left == *right;
}

void add_to_hash(Fnv1a& hash, const Field& field) {
  const Value* value = datum::value_of(field);
  if (value == nullptr) return hash.add(std::uint64_t{0});
  if (const double* number = std::get_if<double>(value))
    hash.add(std::bit_cast<std::uint64_t>(*number == 0.0 ? 0.0 : *number));  // −0 equals 0
  else if (const Category* category = std::get_if<Category>(value))
    hash.add(std::uint64_t{category->level} + 1);
  else
    hash.add(std::string_view(std::get<std::string>(*value)));
}

// Keeps records in the order of arrival and joins those that are one.
class Collector {
 public:
  enum class Outcome { kNew, kDuplicate, kJoined, kConflict };
  struct Added {
    Outcome outcome = Outcome::kNew;
    std::size_t field = 0;  // with kConflict, the first field that differs
  };

  // `kind` tells schemas apart: records of different kinds are never one.
  Added add(const Schema& schema, std::uint32_t kind, Record&& record) {
    Fnv1a hash;
    hash.add(std::uint64_t{kind});
    hash.add(record.stream);
    hash.add(static_cast<std::uint64_t>(record.time.time_since_epoch().count()));
    if (schema.time_repeats)
      for (const Field& field : record.fields) add_to_hash(hash, field);
    const auto [begin, end] = by_key_.equal_range(hash.value());
    for (auto at = begin; at != end; ++at)
      if (kinds_[at->second] == kind && same_key(schema, records_[at->second], record))
        return join(at->second, std::move(record));
    by_key_.emplace(hash.value(), records_.size());
    records_.push_back(std::move(record));
    kinds_.push_back(kind);
    return {};
  }

  [[nodiscard]] std::size_t size() const { return records_.size(); }

  // The order that sorts by time and leaves equal times as they came.
  [[nodiscard]] std::vector<std::size_t> order_by_time() const {
    std::vector<std::size_t> order(records_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto earlier = [&](std::size_t a, std::size_t b) { return records_[a].time < records_[b].time; };
    std::stable_sort(order.begin(), order.end(), earlier);
    return order;
  }
  [[nodiscard]] std::vector<Record> take() { return std::move(records_); }

 private:
  static bool same_key(const Schema& schema, const Record& a, const Record& b) {
    if (a.time != b.time || a.stream != b.stream || a.fields.size() != b.fields.size()) return false;
    return !schema.time_repeats || std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), same_value);
  }

  Added join(std::size_t at, Record&& later) {
    Record& first = records_[at];
    bool fills = false;
    for (std::size_t i = 0; i < first.fields.size(); ++i) {
      if (is_missing(later.fields[i])) continue;
      if (is_missing(first.fields[i]))
        fills = true;
      else if (!same_value(first.fields[i], later.fields[i]))
        return {Outcome::kConflict, i};
    }
    if (!fills) return {Outcome::kDuplicate};
    for (std::size_t i = 0; i < first.fields.size(); ++i)
      if (is_missing(first.fields[i]) && !is_missing(later.fields[i]))
        first.fields[i] = std::move(later.fields[i]);
    return {Outcome::kJoined};
  }

  std::vector<Record> records_;
  std::vector<std::uint32_t> kinds_;                            // beside records_
  std::unordered_multimap<std::uint64_t, std::size_t> by_key_;  // looked up only, never iterated
};

// Turns rows into an Ingested, whatever format they came in.
class Intake {
 public:
  Intake(const Schema& schema, const IngestOptions& options) : schema_(schema), options_(options) {}

  std::vector<RowProblem>& problems() { return out_.problems; }

  void skip(std::size_t row, std::string column, std::string expected) {
    out_.problems.push_back({row, std::move(column), std::move(expected)});
    ++out_.rows_skipped;
  }

  Result<bool> add(Record&& record, std::size_t row) {
    if (collector_.size() >= options_.records_max)
      return fail(Errc::kLimitReached, "row {}: expected at most {} records", row, options_.records_max);
    const Instant time = record.time;
    const std::string stream = record.stream;
    const auto [latest, first_of_stream] = latest_.try_emplace(stream, time);
    if (!first_of_stream && time < latest->second) ++out_.late;
    latest->second = std::max(latest->second, time);
    const Collector::Added added = collector_.add(schema_, 0, std::move(record));
    switch (added.outcome) {
      case Collector::Outcome::kNew:
        break;
      case Collector::Outcome::kDuplicate:
        ++out_.duplicates;
        break;
      case Collector::Outcome::kJoined:
        ++out_.joined;
        break;
      case Collector::Outcome::kConflict:
        skip(row, schema_.fields[added.field].name,
             fmt::format("expected one value of stream '{}' at {}, found another; the first is kept",
                         printable(stream), format_utc(time)));
        break;
    }
    return true;
  }

  Ingested finish() {
    const std::vector<std::size_t> order =
        options_.sort ? collector_.order_by_time() : std::vector<std::size_t>{};
    std::vector<Record> records = collector_.take();
    if (options_.sort) {
      out_.records.reserve(records.size());
      for (const std::size_t at : order) out_.records.push_back(std::move(records[at]));
    } else {
      out_.records = std::move(records);
    }
    std::stable_sort(out_.problems.begin(), out_.problems.end(),
                     [](const RowProblem& a, const RowProblem& b) { return a.row < b.row; });
    return std::move(out_);
  }

 private:
  const Schema& schema_;
  const IngestOptions& options_;
  Collector collector_;
  std::unordered_map<std::string, Instant> latest_;  // of each stream; looked up only
  Ingested out_;
};

Result<bool> add_row(const Schema& schema, const IngestOptions& options, const RowLayout& layout,
                     const std::vector<std::string>& row, std::size_t number, Intake& intake) {
  const auto time = decode_row_time(schema, layout, row);
  if (!time) {
    intake.skip(number, time_label(schema), time.error().message);
    return true;
  }
  auto stream = stream_name(schema, layout, row, options.stream);
  if (!stream) {
    intake.skip(number, schema.stream_columns[0], stream.error().message);
    return true;
  }
  Record record{std::move(*stream), *time, {}};
  record.fields.reserve(schema.fields.size());
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const std::size_t column = layout.fields[i];
    const FieldSpec& spec = schema.fields[i];
    record.fields.push_back(column == Table::npos ? Field(Missing{})
                                                  : decode_field(spec, schema, row[column]));
    if (is_malformed(record.fields.back()))
      intake.problems().push_back({number, spec.name, expectation(spec, row[column]) + "; read as missing"});
  }
  return intake.add(std::move(record), number);
}

// Deepest nesting of brackets outside strings; the parser itself has no limit.
std::size_t json_depth(std::string_view line) {
  std::size_t depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

bool same_letters(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

const nlohmann::json* find_key(const nlohmann::json& object, const std::string& name) {
  if (const auto at = object.find(name); at != object.end()) return &*at;
  for (auto each = object.begin(); each != object.end(); ++each)
    if (same_letters(trim(each.key()), name)) return &*each;
  return nullptr;
}

// The text that a cell of a table would hold; nothing for lists and objects.
template <typename Json>
std::optional<std::string> cell_text(const Json* value) {
  if (value == nullptr || value->is_null()) return "";
  if (value->is_string()) return value->template get<std::string>();
  if (value->is_boolean()) return value->template get<bool>() ? "true" : "false";
  if (value->is_number_unsigned()) return fmt::format("{}", value->template get<std::uint64_t>());
  if (value->is_number_integer()) return fmt::format("{}", value->template get<std::int64_t>());
  if (value->is_number()) return value->dump();
  return std::nullopt;
}

Result<std::vector<std::string>> key_cells(const nlohmann::json& object,
                                           const std::vector<std::string>& names) {
  std::vector<std::string> cells;
  for (const std::string& name : names) {
    const nlohmann::json* value = find_key(object, name);
    if (value == nullptr) return fail(Errc::kNotFound, "expected a key '{}'", printable(name));
    auto text = cell_text(value);
    if (!text) return fail(Errc::kMalformed, "expected text or a number as '{}'", printable(name));
    cells.push_back(std::move(*text));
  }
  return cells;
}

Field decode_json_field(const FieldSpec& spec, const Schema& schema, const nlohmann::json& object,
                        std::size_t row, std::vector<RowProblem>& problems) {
  const nlohmann::json* value = find_key(object, spec.name);
  for (std::size_t i = 0; value == nullptr && i < spec.aliases.size(); ++i)
    value = find_key(object, spec.aliases[i]);
  if (value == nullptr || value->is_null()) return Missing{};
  const auto text = cell_text(value);
  if (!text) {
    problems.push_back(
        {row, spec.name, "expected text or a number, found a list or object; read as missing"});
    return Missing{MissingReason::kMalformed};
  }
  Field field = decode_field(spec, schema, *text);
  if (is_malformed(field))
    problems.push_back({row, spec.name, expectation(spec, *text) + "; read as missing"});
  return field;
}

template <typename Json>
Result<Json> parse_object(std::string_view line, const IngestOptions& options) {
  if (line.size() > options.line_bytes_max)
    return fail(Errc::kLimitReached, "expected a line of at most {} bytes", options.line_bytes_max);
  if (json_depth(line) > options.depth_max)
    return fail(Errc::kLimitReached, "expected JSON nested at most {} deep", options.depth_max);
  try {
    auto object = Json::parse(line);
    if (!object.is_object())
      return fail(Errc::kMalformed, "expected a JSON object, found '{}'", printable(line));
    return object;
  } catch (const nlohmann::json::exception&) {
    return fail(Errc::kMalformed, "expected a JSON object, found '{}'", printable(line));
  }
}

}  // namespace

Result<Ingested> ingest_csv(std::string_view bytes, const Schema& schema, const IngestOptions& options) {
  auto table = datum::parse_delimited(bytes, {.detect_delimiter = true, .rows_max = options.records_max});
  if (!table) return tl::unexpected(table.error());
  const auto layout = lay_out(schema, *table);
  if (!layout) return tl::unexpected(layout.error());
  Intake intake(schema, options);
  for (std::size_t i = 0; i < schema.fields.size(); ++i)
    if (layout->fields[i] == Table::npos)
      intake.problems().push_back(
          {1, schema.fields[i].name, "expected a column of this name; read as missing"});
  for (RowProblem& problem : table->problems)
    intake.skip(problem.row, std::move(problem.column), std::move(problem.expected));
  for (std::size_t i = 0; i < table->rows.size(); ++i) {
    auto added = add_row(schema, options, *layout, table->rows[i], table->row_numbers[i], intake);
    if (!added) return tl::unexpected(added.error());
    std::vector<std::string>().swap(table->rows[i]);  // large files: text and records need not both be held
  }
  return intake.finish();
}

Result<Record> decode_json_line(std::string_view line, const Schema& schema, const IngestOptions& options,
                                std::size_t row, std::vector<RowProblem>& problems) {
  const auto object = parse_object<nlohmann::json>(line, options);
  if (!object) return tl::unexpected(object.error());
  return decode_json_object(*object, schema, options, row, problems);
}

Result<Record> decode_json_object(const nlohmann::json& object, const Schema& schema,
                                  const IngestOptions& options, std::size_t row,
                                  std::vector<RowProblem>& problems) {
  if (!object.is_object())
    return fail(Errc::kMalformed, "expected a JSON object, found '{}'",
                printable(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  const auto time_cells = key_cells(object, schema.time_columns);
  if (!time_cells) return tl::unexpected(time_cells.error());
  const std::vector<std::string_view> time_views(time_cells->begin(), time_cells->end());
  const auto time = decode_time(schema, time_views);
  if (!time) return tl::unexpected(time.error());
  const auto stream_cells = key_cells(object, schema.stream_columns);
  if (!stream_cells) return tl::unexpected(stream_cells.error());
  RowLayout layout;
  layout.stream.resize(stream_cells->size());
  std::iota(layout.stream.begin(), layout.stream.end(), std::size_t{0});
  auto stream = stream_name(schema, layout, *stream_cells, options.stream);
  if (!stream) return tl::unexpected(stream.error());
  Record record{std::move(*stream), *time, {}};
  record.fields.reserve(schema.fields.size());
  for (const FieldSpec& spec : schema.fields)
    record.fields.push_back(decode_json_field(spec, schema, object, row, problems));
  return record;
}

Result<std::vector<JsonCell>> json_line_cells(std::string_view line, const IngestOptions& options) {
  const auto object = parse_object<nlohmann::ordered_json>(line, options);
  if (!object) return tl::unexpected(object.error());
  std::vector<JsonCell> cells;
  for (const auto& [key, value] : object->items()) {
    auto text = cell_text(&value);
    const bool nested = !text;
    cells.push_back({key, nested ? value.dump() : std::move(*text), nested});
  }
  return cells;
}

bool looks_like_json_lines(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  return trim(bytes.substr(0, 4096)).starts_with('{');
}

Result<Table> json_lines_table(std::string_view bytes, const IngestOptions& options) {
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  Table table;
  std::map<std::string, std::size_t, std::less<>> columns;
  for (std::size_t number = 1; !bytes.empty(); ++number) {
    const std::string_view line = trim(take_line(bytes));
    if (line.empty()) continue;
    auto cells = json_line_cells(line, options);
    if (!cells) {
      table.problems.push_back({number, "", std::move(cells.error().message)});
      continue;
    }
    if (table.rows.size() >= options.records_max)
      return fail(Errc::kLimitReached, "row {}: expected at most {} rows", number, options.records_max);
    std::vector<std::string>& row = table.rows.emplace_back(table.header.size());
    table.row_numbers.push_back(number);
    for (JsonCell& cell : *cells) {
      const auto [at, fresh] = columns.try_emplace(cell.key, table.header.size());
      if (fresh && columns.size() > kJsonColumnsMax)
        return fail(Errc::kLimitReached, "row {}: expected at most {} different keys", number,
                    kJsonColumnsMax);
      if (fresh) table.header.push_back(cell.key);
      if (row.size() < table.header.size()) row.resize(table.header.size());
      row[at->second] = std::move(cell.text);
    }
  }
  if (table.header.empty()) return fail(Errc::kMalformed, "expected one JSON object a line, found none");
  for (std::vector<std::string>& row : table.rows) row.resize(table.header.size());
  return table;
}

Result<Ingested> ingest_jsonl(std::string_view bytes, const Schema& schema, const IngestOptions& options) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return fail(Errc::kUnsupported, "expected UTF-8 text, found UTF-16; save the file as UTF-8");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.substr(0, 4096).find('\0') != std::string_view::npos)
    return fail(Errc::kMalformed, "expected text, found binary data");
  Intake intake(schema, options);
  bool any = false;
  for (std::size_t row = 1; !bytes.empty(); ++row) {
    const std::string_view line = trim(take_line(bytes));
    if (line.empty()) continue;
    any = true;
    auto record = decode_json_line(line, schema, options, row, intake.problems());
    if (!record) {
      intake.skip(row, "", std::move(record.error().message));
      continue;
    }
    if (auto added = intake.add(std::move(*record), row); !added) return tl::unexpected(added.error());
  }
  if (!any) return fail(Errc::kMalformed, "expected one JSON object a line, found nothing");
  return intake.finish();
}

Result<Merged> merge(std::vector<Source> sources, std::size_t records_max) {
  Merged merged;
  Collector collector;
  std::vector<std::uint32_t> origin;
  for (std::size_t s = 0; s < sources.size(); ++s) {
    EXPECTS(sources[s].schema != nullptr);
    const auto same_schema = [&](const Source& other) { return other.schema == sources[s].schema; };
    const auto kind = static_cast<std::uint32_t>(std::find_if(sources.begin(), sources.end(), same_schema) -
                                                 sources.begin());
    for (Record& record : sources[s].records) {
      if (collector.size() >= records_max)
        return fail(Errc::kLimitReached, "expected at most {} records in all sources", records_max);
      switch (collector.add(*sources[s].schema, kind, std::move(record)).outcome) {
        case Collector::Outcome::kNew:
          origin.push_back(static_cast<std::uint32_t>(s));
          break;
        case Collector::Outcome::kDuplicate:
          ++merged.duplicates;
          break;
        case Collector::Outcome::kJoined:
          ++merged.joined;
          break;
        case Collector::Outcome::kConflict:
          ++merged.conflicts;
          break;
      }
    }
  }
  const std::vector<std::size_t> order = collector.order_by_time();
  std::vector<Record> records = collector.take();
  for (const std::size_t at : order) {
    merged.records.push_back(std::move(records[at]));
    merged.sources.push_back(origin[at]);
  }
  return merged;
}

}  // namespace skywarden::onboard
