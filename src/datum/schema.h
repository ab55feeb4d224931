// A schema describes a kind of record: a new sensor needs a schema, no code. It is a TOML file;
// docs/formats.md lists every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::datum {

enum class FieldKind : std::uint8_t { kNumber, kCategory, kText, kImage };
enum class Criticality : std::uint8_t { kLow, kNormal, kHigh };

struct FieldSpec {
  std::string name;                  // the column's name, exactly as in the file
  std::vector<std::string> aliases;  // other names of the same column, tried when `name` is absent
  FieldKind kind = FieldKind::kNumber;
  std::string unit;                         // as people write it: "degC", "ug/m3"
  std::optional<double> min, max;           // inclusive; values outside are implausible
  std::optional<double> rate_max_per_hour;  // largest plausible change in an hour
  std::optional<double> stuck_hours;        // an unchanged value for longer than this is a stuck sensor
  std::optional<double> resolution;         // the grid the sensor prints on: 0.1, 1
  double tolerance_abs = 0.0;  // an estimate within max(abs, rel·|value|) is right for operations
  double tolerance_rel = 0.0;
  std::vector<std::string> levels;  // categories, in their natural order
  bool circular = false;            // levels wrap round, such as wind sectors; a number wraps from max to min
  Criticality criticality = Criticality::kNormal;
  // Of an image: what its bands are, in their order, what a count of each is worth (reflectance, K), and how
  // many pixels it has. All of them or none; none means a reference that nobody here can look into.
  std::vector<std::string> bands;
  std::vector<double> band_scales;  // as bands
  std::uint32_t rows = 0, columns = 0;
};

enum class TimeFormat : std::uint8_t {
  kIso,    // one column, ISO 8601
  kYmdh,   // year, month, day, hour columns (or the first three only)
  kFirms,  // acq_date (2022-02-26, 2/26/2022) and acq_time (hhmm, leading zeros may be lost)
  kUnix,   // one column, seconds since 1970
  kNone,   // no column: rows that are no course of time. All stand at the epoch, in the file's order
};

struct Schema {
  std::string name;
  std::vector<std::string> time_columns;
  TimeFormat time_format = TimeFormat::kIso;
  int utc_offset_min = 0;     // of times without a zone of their own
  bool time_repeats = false;  // several records of a stream may share a time, as the pixels of an image do
  std::vector<std::string>
      stream_columns;  // joined by '/' they name the stream; empty: the file is the stream
  std::vector<std::string> missing_marks = {"", "NA", "NaN", "nan", "null", "-999", "-9999"};
  std::vector<FieldSpec> fields;  // other columns travel along untouched

  [[nodiscard]] std::optional<std::size_t> field_index(std::string_view field_name) const;
};

// Reads a schema file's text. Every error names the key and what was expected. At most 512 fields, 4096
// levels, images of at most 16 bands and 256 × 256 pixels.
[[nodiscard]] Result<Schema> parse_schema(std::string_view toml_text, std::string_view file_name);

}  // namespace skywarden::datum
