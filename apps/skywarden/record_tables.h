// Tables of records, as `complete` and `anomaly` read and write them: several files are several streams of
// one system, each row keeps its place, and each file comes out under its own name with columns added.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "datum/delimited.h"
#include "datum/schema.h"
#include "onboard/decode.h"
#include "onboard/panel.h"

namespace skywarden::app {

inline constexpr std::size_t kNoRecordOfRow = static_cast<std::size_t>(-1);

struct RecordTable {
  std::string path;
  std::string out_name;  // the file's own name, without .gz; .jsonl becomes .csv
  onboard::RowLayout layout;
  std::vector<std::size_t> records;  // of rows: the record's number in the panel, or kNoRecordOfRow
  Instant earliest = Instant::max(), latest = Instant::min();  // times that its rows state
  std::size_t problems = 0;  // rows left out and cells that could not be read
};

struct RecordTables {
  std::vector<RecordTable> tables;
  onboard::Panel panel;
  [[nodiscard]] bool sound() const;  // no row was left out and every cell could be read
};

[[nodiscard]] Result<datum::Schema> read_schema(const std::string& path);

// Reads files into one panel; problems go to stderr, a line each, at most 20 a file and then a count.
// Delimited tables and JSON Lines, told apart by their first character. The first `helpers` files are only
// read, never written, so their names may repeat.
[[nodiscard]] Result<RecordTables> read_record_tables(const std::vector<std::string>& paths,
                                                      const datum::Schema& schema,
                                                      const onboard::PanelOptions& options,
                                                      std::size_t helpers = 0);

// Writes one file: its columns and those in `added`. `fill(row, cells)` may change the cells of a row (as
// many as the header) and appends the added ones. The file is read again, so that tables need not be kept.
[[nodiscard]] Result<std::size_t> write_record_table(
    const RecordTable& table, const std::string& folder, const std::vector<std::string>& added,
    const std::function<void(std::size_t row, std::vector<std::string>& cells)>& fill);

}  // namespace skywarden::app
