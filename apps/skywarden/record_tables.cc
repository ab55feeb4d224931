#include "record_tables.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string_view>

#include "formats/read_file.h"
#include "onboard/ingest.h"

namespace skywarden::app {
namespace {

constexpr std::size_t kProblemLinesMax = 20;

// Prints the first problems of a file and counts the rest.
class Problems {
 public:
  explicit Problems(const std::string& file) : file_(file) {}
  void add(const datum::RowProblem& problem) {
    if (++count_ <= kProblemLinesMax) fmt::print(stderr, "{}\n", to_line(file_, problem));
  }
  std::size_t finish() const {
    if (count_ > kProblemLinesMax)
      fmt::print(stderr, "{}: {} more problems\n", file_, count_ - kProblemLinesMax);
    return count_;
  }

 private:
  const std::string& file_;
  std::size_t count_ = 0;
};

// Results are tables, whatever came in.
std::string own_name(const std::string& path) {
  std::string name = std::filesystem::path(path).filename().string();
  if (name.ends_with(".gz")) name.resize(name.size() - 3);
  for (const std::string_view ending : {".jsonl", ".ndjson", ".json"}) {
    if (!name.ends_with(ending)) continue;
    name.resize(name.size() - ending.size());
    return name + ".csv";
  }
  return name;
}

Result<datum::Table> read_table(const std::string& path) {
  const auto bytes = formats::read_file(path);
  if (!bytes) return tl::unexpected(bytes.error());
  auto table = onboard::looks_like_json_lines(*bytes)
                   ? onboard::json_lines_table(*bytes)
                   : datum::parse_delimited(*bytes, {.detect_delimiter = true});
  if (!table) return fail(table.error().code, "{}: {}", path, table.error().message);
  return table;
}

Result<RecordTable> read_one(const std::string& path, std::uint32_t source, const datum::Schema& schema,
                             onboard::PanelBuilder& builder) {
  const auto table = read_table(path);
  if (!table) return tl::unexpected(table.error());
  auto layout = onboard::lay_out(schema, *table);
  if (!layout) return fail(layout.error().code, "{}: {}", path, layout.error().message);
  RecordTable out;
  out.path = path;
  out.out_name = own_name(path);
  out.layout = *layout;
  Problems problems(path);
  for (const datum::RowProblem& problem : table->problems) problems.add(problem);
  for (std::size_t f = 0; f < schema.fields.size(); ++f) {
    if (out.layout.fields[f] == datum::Table::npos)
      problems.add(
          {1, schema.fields[f].name, "expected this column of the schema; it is taken as not reported"});
  }
  const std::string stem = std::filesystem::path(out.out_name).stem().string();
  std::vector<datum::Field> fields(schema.fields.size());
  out.records.assign(table->rows.size(), kNoRecordOfRow);
  for (std::size_t r = 0; r < table->rows.size(); ++r) {
    const std::vector<std::string>& row = table->rows[r];
    const std::size_t number = table->row_numbers[r];
    const auto time = onboard::decode_row_time(schema, out.layout, row);
    if (!time) {
      problems.add({number, onboard::time_label(schema), time.error().message});
      continue;
    }
    const auto stream = onboard::stream_name(schema, out.layout, row, stem);
    if (!stream) {
      problems.add({number, schema.stream_columns.front(), stream.error().message});
      continue;
    }
    for (std::size_t f = 0; f < fields.size(); ++f) {
      const std::size_t column = out.layout.fields[f];
      fields[f] = datum::Missing{};
      if (column == datum::Table::npos) continue;
      fields[f] = onboard::decode_field(schema.fields[f], schema, row[column]);
      const auto* missing = std::get_if<datum::Missing>(&fields[f]);
      if (missing != nullptr && missing->reason == datum::MissingReason::kMalformed)
        problems.add({number, schema.fields[f].name, onboard::expectation(schema.fields[f], row[column])});
    }
    const auto record = builder.add(source, *stream, *time, fields);
    if (!record) return fail(record.error().code, "{}:{}: {}", path, number, record.error().message);
    out.records[r] = *record;
    out.earliest = std::min(out.earliest, *time);
    out.latest = std::max(out.latest, *time);
  }
  out.problems = problems.finish();
  return out;
}

}  // namespace

bool RecordTables::sound() const {
  return std::all_of(tables.begin(), tables.end(), [](const RecordTable& t) { return t.problems == 0; });
}

Result<datum::Schema> read_schema(const std::string& path) {
  const auto bytes = formats::read_file(path, 1 << 20);
  if (!bytes) return tl::unexpected(bytes.error());
  return datum::parse_schema(*bytes, path);
}

Result<RecordTables> read_record_tables(const std::vector<std::string>& paths, const datum::Schema& schema,
                                        const onboard::PanelOptions& options, std::size_t helpers) {
  RecordTables out;
  onboard::PanelBuilder builder(schema.fields.size(), options);
  std::set<std::string> names;
  for (std::size_t i = helpers; i < paths.size(); ++i) {
    if (!names.insert(own_name(paths[i])).second)
      return fail(Errc::kConflict, "{}: another input has the same name; their results would collide",
                  paths[i]);
  }
  for (std::size_t i = 0; i < paths.size(); ++i) {
    auto table = read_one(paths[i], static_cast<std::uint32_t>(i), schema, builder);
    if (!table) return tl::unexpected(table.error());
    out.tables.push_back(std::move(*table));
  }
  auto panel = builder.build();
  if (!panel) return tl::unexpected(panel.error());
  out.panel = std::move(*panel);
  return out;
}

Result<std::size_t> write_record_table(
    const RecordTable& table, const std::string& folder, const std::vector<std::string>& added,
    const std::function<void(std::size_t row, std::vector<std::string>& cells)>& fill) {
  auto again = read_table(table.path);
  if (!again) return tl::unexpected(again.error());
  if (again->rows.size() != table.records.size())
    return fail(Errc::kConflict, "{}: the file changed while it was read", table.path);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const std::filesystem::path target = std::filesystem::path(folder) / table.out_name;
  if (std::filesystem::equivalent(target, table.path, error))
    return fail(Errc::kConflict, "{}: would be overwritten; choose another folder", table.path);
  std::string bytes;
  std::vector<std::string> cells = again->header;
  cells.insert(cells.end(), added.begin(), added.end());
  datum::append_row(bytes, cells, again->delimiter);
  for (std::size_t r = 0; r < again->rows.size(); ++r) {
    cells = std::move(again->rows[r]);
    fill(r, cells);
    datum::append_row(bytes, cells, again->delimiter);
  }
  return formats::write_file(target.string(), bytes);
}

}  // namespace skywarden::app
