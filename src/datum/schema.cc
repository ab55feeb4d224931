#include "datum/schema.h"

#include <toml++/toml.h>

#include <set>

#include "base/text.h"

namespace skywarden::datum {
namespace {

constexpr std::size_t kFieldsMax = 512;
constexpr std::size_t kLevelsMax = 4096;

// Reads keys of one table and remembers the first thing that was wrong.
class Reader {
 public:
  Reader(const toml::table& table, std::string where) : table_(table), where_(std::move(where)) {}

  void string(std::string_view key, std::string& out, bool required = false) {
    if (const auto* node = find(key, required)) {
      if (auto v = node->value<std::string>())
        out = *v;
      else
        wrong(key, "a string");
    }
  }
  template <typename T>
  void number(std::string_view key, T& out) {
    if (const auto* node = find(key, false)) {
      if (auto v = node->value<double>(); v && node->is_number())
        out = *v;
      else
        wrong(key, "a number");
    }
  }
  void integer(std::string_view key, int& out) {
    if (const auto* node = find(key, false)) {
      if (auto v = node->value<int>(); v && node->is_integer())
        out = *v;
      else
        wrong(key, "a whole number");
    }
  }
  void boolean(std::string_view key, bool& out) {
    if (const auto* node = find(key, false)) {
      if (auto v = node->value<bool>())
        out = *v;
      else
        wrong(key, "true or false");
    }
  }
  void strings(std::string_view key, std::vector<std::string>& out, bool required = false) {
    const auto* node = find(key, required);
    if (node == nullptr) return;
    const toml::array* array = node->as_array();
    if (array == nullptr) return wrong(key, "a list of strings");
    out.clear();
    for (const auto& item : *array) {
      if (auto v = item.value<std::string>())
        out.push_back(*v);
      else
        return wrong(key, "a list of strings");
    }
    if (out.size() > kLevelsMax) wrong(key, "at most 4096 entries");
  }
  template <typename Enum>
  void choice(std::string_view key, Enum& out,
              std::initializer_list<std::pair<std::string_view, Enum>> choices) {
    std::string text;
    string(key, text);
    if (text.empty()) return;
    std::string expected;
    for (const auto& [name, value] : choices) {
      if (name == text) {
        out = value;
        return;
      }
      expected += (expected.empty() ? "" : ", ") + std::string(name);
    }
    wrong(key, "one of " + expected);
  }
  void only(std::initializer_list<std::string_view> known) {
    for (const auto& [key, node] : table_) {
      const bool found = std::find(known.begin(), known.end(), key.str()) != known.end();
      if (!found) wrong(key.str(), "no such key");
    }
  }
  void wrong(std::string_view key, std::string_view expected) {
    if (error_.empty()) error_ = fmt::format("{}: key '{}': expected {}", where_, printable(key), expected);
  }
  [[nodiscard]] const std::string& error() const { return error_; }

 private:
  const toml::node* find(std::string_view key, bool required) {
    const toml::node* node = table_.get(key);
    if (node == nullptr && required) wrong(key, "to be present");
    return node;
  }

  const toml::table& table_;
  std::string where_;
  std::string error_;
};

Result<FieldSpec> read_field(const toml::table& table, const std::string& where) {
  FieldSpec field;
  Reader in(table, where);
  in.only({"name", "kind", "unit", "min", "max", "rate_max_per_hour", "stuck_hours", "resolution",
           "tolerance_abs", "tolerance_rel", "levels", "circular", "criticality"});
  in.string("name", field.name, true);
  in.choice<FieldKind>("kind", field.kind,
                       {{"number", FieldKind::kNumber},
                        {"category", FieldKind::kCategory},
                        {"text", FieldKind::kText},
                        {"image", FieldKind::kImage}});
  in.string("unit", field.unit);
  in.number("min", field.min);
  in.number("max", field.max);
  in.number("rate_max_per_hour", field.rate_max_per_hour);
  in.number("stuck_hours", field.stuck_hours);
  in.number("resolution", field.resolution);
  in.number("tolerance_abs", field.tolerance_abs);
  in.number("tolerance_rel", field.tolerance_rel);
  in.strings("levels", field.levels);
  in.boolean("circular", field.circular);
  in.choice<Criticality>(
      "criticality", field.criticality,
      {{"low", Criticality::kLow}, {"normal", Criticality::kNormal}, {"high", Criticality::kHigh}});
  if (field.min && field.max && *field.min > *field.max) in.wrong("min", "to be at most max");
  if (field.kind == FieldKind::kCategory && field.levels.empty())
    in.wrong("levels", "the levels of a category");
  if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  return field;
}

}  // namespace

std::optional<std::size_t> Schema::field_index(std::string_view field_name) const {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (fields[i].name == field_name) return i;
  return std::nullopt;
}

Result<Schema> parse_schema(std::string_view toml_text, std::string_view file_name) {
  const std::string file(file_name);
  if (!is_valid_utf8(toml_text)) return fail(Errc::kMalformed, "{}: expected UTF-8 text", file);
  toml::table root;
  try {
    root = toml::parse(toml_text, file);
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(Errc::kMalformed, "{}:{}:{}: {}", file, at.line, at.column, error.description());
  }
  Schema schema;
  Reader top(root, file);
  top.only({"name", "source", "time", "stream", "missing_marks", "field"});
  top.string("name", schema.name, true);
  top.strings("missing_marks", schema.missing_marks);

  if (const toml::table* time = root["time"].as_table()) {
    Reader in(*time, file + ": [time]");
    in.only({"columns", "format", "utc_offset_min", "repeats"});
    in.strings("columns", schema.time_columns, true);
    in.choice<TimeFormat>("format", schema.time_format,
                          {{"iso", TimeFormat::kIso},
                           {"ymdh", TimeFormat::kYmdh},
                           {"firms", TimeFormat::kFirms},
                           {"unix", TimeFormat::kUnix}});
    in.integer("utc_offset_min", schema.utc_offset_min);
    in.boolean("repeats", schema.time_repeats);
    if (schema.utc_offset_min < -14 * 60 || schema.utc_offset_min > 14 * 60)
      in.wrong("utc_offset_min", "minutes within ±840");
    const std::size_t columns = schema.time_columns.size();
    const bool right = schema.time_format == TimeFormat::kYmdh    ? columns == 3 || columns == 4
                       : schema.time_format == TimeFormat::kFirms ? columns == 2
                                                                  : columns == 1;
    if (!right) in.wrong("columns", "as many columns as the format has (iso, unix 1; firms 2; ymdh 3 or 4)");
    if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  } else {
    top.wrong("time", "a table [time] naming the time columns");
  }
  if (const toml::table* stream = root["stream"].as_table()) {
    Reader in(*stream, file + ": [stream]");
    in.only({"columns"});
    in.strings("columns", schema.stream_columns, true);
    if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  }
  const toml::array* fields = root["field"].as_array();
  if (fields == nullptr || fields->empty())
    top.wrong("field", "at least one [[field]]");
  else if (fields->size() > kFieldsMax)
    top.wrong("field", "at most 512 fields");
  if (!top.error().empty()) return fail(Errc::kMalformed, "{}", top.error());

  std::set<std::string> names;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const std::string where = fmt::format("{}: [[field]] {}", file, i + 1);
    const toml::table* table = (*fields)[i].as_table();
    if (table == nullptr) return fail(Errc::kMalformed, "{}: expected a table", where);
    auto field = read_field(*table, where);
    if (!field) return tl::unexpected(field.error());
    if (!names.insert(field->name).second)
      return fail(Errc::kConflict, "{}: field '{}' stands twice", where, printable(field->name));
    schema.fields.push_back(std::move(*field));
  }
  return schema;
}

}  // namespace skywarden::datum
