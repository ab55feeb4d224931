#include "datum/schema.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "datum/toml_reader.h"

namespace skywarden::datum {
namespace {

constexpr std::size_t kFieldsMax = 512;
constexpr std::size_t kBandsMax = 16;
constexpr int kImageSideMax = 256;  // pixels

// Bands, their scales and the size of an image: all of them or none.
void read_image(TomlReader& in, FieldSpec& field) {
  int rows = 0, columns = 0;
  in.strings("bands", field.bands);
  in.numbers("band_scales", field.band_scales);
  in.integer("rows", rows);
  in.integer("columns", columns);
  if (field.bands.empty() && field.band_scales.empty() && rows == 0 && columns == 0) return;
  if (field.kind != FieldKind::kImage) in.wrong("bands", "a field of kind image");
  if (field.bands.empty() || field.bands.size() > kBandsMax) in.wrong("bands", "1…16 names of bands");
  if (field.band_scales.size() != field.bands.size()) in.wrong("band_scales", "a number for each of bands");
  for (const double scale : field.band_scales)
    if (!(scale > 0.0)) in.wrong("band_scales", "numbers above 0");
  if (rows < 1 || rows > kImageSideMax) in.wrong("rows", "1…256 pixels");
  if (columns < 1 || columns > kImageSideMax) in.wrong("columns", "1…256 pixels");
  field.rows = static_cast<std::uint32_t>(std::clamp(rows, 0, kImageSideMax));
  field.columns = static_cast<std::uint32_t>(std::clamp(columns, 0, kImageSideMax));
}

Result<FieldSpec> read_field(const toml::table& table, const std::string& where) {
  FieldSpec field;
  TomlReader in(table, where);
  in.only({"name", "aliases", "kind", "unit", "min", "max", "rate_max_per_hour", "stuck_hours", "resolution",
           "tolerance_abs", "tolerance_rel", "levels", "circular", "criticality", "bands", "band_scales",
           "rows", "columns"});
  in.string("name", field.name, true);
  in.strings("aliases", field.aliases);
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
  read_image(in, field);
  if (field.min && field.max && *field.min > *field.max) in.wrong("min", "to be at most max");
  if (field.circular && field.kind == FieldKind::kNumber && !(field.min && field.max))
    in.wrong("circular", "min and max, between which the number wraps");
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
  const auto parsed = parse_toml(toml_text, file);
  if (!parsed) return tl::unexpected(parsed.error());
  const toml::table& root = *parsed;
  Schema schema;
  TomlReader top(root, file);
  top.only({"name", "source", "time", "stream", "missing_marks", "field"});
  top.string("name", schema.name, true);
  top.strings("missing_marks", schema.missing_marks);

  if (const toml::table* time = root["time"].as_table()) {
    TomlReader in(*time, file + ": [time]");
    in.only({"columns", "format", "utc_offset_min", "repeats"});
    in.choice<TimeFormat>("format", schema.time_format,
                          {{"iso", TimeFormat::kIso},
                           {"ymdh", TimeFormat::kYmdh},
                           {"firms", TimeFormat::kFirms},
                           {"unix", TimeFormat::kUnix},
                           {"none", TimeFormat::kNone}});
    in.strings("columns", schema.time_columns, schema.time_format != TimeFormat::kNone);
    in.integer("utc_offset_min", schema.utc_offset_min);
    in.boolean("repeats", schema.time_repeats);
    if (schema.utc_offset_min < -14 * 60 || schema.utc_offset_min > 14 * 60)
      in.wrong("utc_offset_min", "minutes within ±840");
    const std::size_t columns = schema.time_columns.size();
    const bool right = schema.time_format == TimeFormat::kYmdh    ? columns == 3 || columns == 4
                       : schema.time_format == TimeFormat::kFirms ? columns == 2
                       : schema.time_format == TimeFormat::kNone  ? columns == 0
                                                                  : columns == 1;
    if (!right)
      in.wrong("columns", "as many columns as the format has (iso, unix 1; firms 2; ymdh 3 or 4; none 0)");
    if (schema.time_format == TimeFormat::kNone) schema.time_repeats = true;
    if (!in.error().empty()) return fail(Errc::kMalformed, "{}", in.error());
  } else {
    top.wrong("time", "a table [time] naming the time columns");
  }
  if (const toml::table* stream = root["stream"].as_table()) {
    TomlReader in(*stream, file + ": [stream]");
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
