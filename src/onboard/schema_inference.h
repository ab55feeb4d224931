// A schema proposed for a table that nobody has described: which columns say when, which say whose, what kind
// of value each of the others holds, between which limits and on which grid, and which cells mean "missing".
// Each decision carries its reason. It is a proposal from one file: limits are the file's own with a margin,
// and what a field is worth (criticality, tolerance) only its user knows.
//
// One pass, bounded memory: sketches of columns and a sample of hashed rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "onboard/column_sketch.h"

namespace skywarden::onboard {

struct ProposedField {
  datum::FieldSpec spec;
  std::vector<std::string> reasons;  // a sentence each
};

struct ProposedSchema {
  datum::Schema schema;  // fields in `fields`, not here
  std::vector<ProposedField> fields;
  std::vector<std::string> time_reasons, stream_reasons, mark_reasons;
  std::vector<std::string> left_out;  // columns that are no field, and why
  std::vector<std::string> warnings;  // what the user should look at before relying on it
  std::size_t rows = 0;
};

class SchemaSketch {
 public:
  static constexpr std::size_t kColumnsMax = 4096;
  static constexpr std::size_t kSampleCells = 4'000'000;  // hashes of cells kept to find what names a stream
  static constexpr std::size_t kFieldsMax = 512;          // as parse_schema allows
  static constexpr std::size_t kLevelsMax = 64;           // more different words are text

  // The column's number. kLimitReached beyond kColumnsMax. Columns may be added between rows (JSON Lines);
  // the rows before have nothing there.
  [[nodiscard]] Result<std::size_t> add_column(std::string_view name);
  [[nodiscard]] std::size_t columns() const { return names_.size(); }

  // A row: a cell for each column so far; fewer mean that the rest is empty.
  void add_row(std::span<const std::string> cells);

  // kMalformed when there were no rows, kNotFound when no column could be a field.
  [[nodiscard]] Result<ProposedSchema> propose(std::string_view name) const;

 private:
  struct TimeCandidate {
    datum::Schema schema;  // only its time
    std::vector<std::size_t> columns;
    std::size_t right = 0, zoned = 0;
  };
  void find_time_candidates();
  [[nodiscard]] const TimeCandidate* choose_time() const;
  void choose_stream(ProposedSchema& out, const TimeCandidate* time, std::vector<std::size_t>& used) const;
  // Of the sampled rows, the share that has the same cells in these columns as a row before.
  [[nodiscard]] double repeats(std::span<const std::size_t> columns) const;
  void choose_marks(ProposedSchema& out, std::span<const std::size_t> used) const;

  std::vector<std::string> names_, lower_names_;
  std::vector<ColumnSketch> sketches_;
  std::vector<TimeCandidate> times_;
  std::size_t columns_at_start_ = 0;
  std::vector<std::vector<std::uint64_t>> sample_;  // rows of hashes
  std::size_t sample_cells_ = 0, rows_ = 0;
};

// The proposal as a schema file, each decision explained in a comment above it. parse_schema accepts it.
[[nodiscard]] std::string to_toml(const ProposedSchema& proposal, std::string_view file);

}  // namespace skywarden::onboard
