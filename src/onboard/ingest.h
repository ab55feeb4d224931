// Files of many sensors to one kind of record: CSV and JSON Lines by schema, rows put into order, rows that
// stand twice joined, several sources merged in time. A row whose time or stream cannot be read is left out
// and reported; a cell that cannot be read is Missing{kMalformed} and reported; a reading outside its range
// is Missing{kOutOfRange} and not reported here, because the file is sound and the sensor is not (see
// clean.h).
//
// Two records of one stream at one time are one record. What the later one adds to gaps of the first is taken
// over; where both say the same the later is a duplicate; where they contradict each other the first is kept,
// because by then it may have been acted upon, and the later is reported. With a schema whose time repeats
// (pixels of one image), only records equal in every field are duplicates.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::onboard {

struct IngestOptions {
  std::string stream = "default";  // the stream's name when the schema names no column
  bool sort = true;                // by time; false keeps the order of arrival, which clean.h wants
  std::size_t records_max = 20'000'000;
  std::size_t line_bytes_max = 1 << 20;  // of one JSON line
  std::size_t depth_max = 16;            // of one JSON line
};

struct Ingested {
  std::vector<datum::Record> records;       // by time, equal times in the order of the file
  std::vector<datum::RowProblem> problems;  // by row
  std::size_t duplicates = 0;               // rows that added nothing
  std::size_t joined = 0;                   // rows that filled gaps of an earlier row
  std::size_t late = 0;                     // rows that stood after a later time of their stream
  std::size_t rows_skipped = 0;             // rows of which no record was made, duplicates aside
};

// The delimiter is found from the header row. A schema's column that the file lacks is reported once, at row
// 1, and is kNotReported everywhere. Fails when there is no header, or no column of time, of stream or of any
// field.
[[nodiscard]] Result<Ingested> ingest_csv(std::string_view bytes, const datum::Schema& schema,
                                          const IngestOptions& options = {});

// One object a line, keys as the schema's columns; numbers, strings, true, false and null as values. Absent
// keys and null are kNotReported. Fails when the bytes are not text or hold no line at all.
[[nodiscard]] Result<Ingested> ingest_jsonl(std::string_view bytes, const datum::Schema& schema,
                                            const IngestOptions& options = {});

// One such line, as it arrives over a link. Problems of single cells are appended to `problems` under row
// `row`.
[[nodiscard]] Result<datum::Record> decode_json_line(std::string_view line, const datum::Schema& schema,
                                                     const IngestOptions& options, std::size_t row,
                                                     std::vector<datum::RowProblem>& problems);

// The same of a line that has been parsed; whoever parsed it has bounded its size and depth.
[[nodiscard]] Result<datum::Record> decode_json_object(const nlohmann::json& object,
                                                       const datum::Schema& schema,
                                                       const IngestOptions& options, std::size_t row,
                                                       std::vector<datum::RowProblem>& problems);

// One such line without a schema: its keys in their order and the text that a cell of a table would hold.
struct JsonCell {
  std::string key;
  std::string text;     // of lists and objects their JSON
  bool nested = false;  // a list or an object
};
[[nodiscard]] Result<std::vector<JsonCell>> json_line_cells(std::string_view line,
                                                            const IngestOptions& options);

inline constexpr std::size_t kJsonColumnsMax = 4096;  // different keys of a file

// Whether the bytes begin as JSON Lines and not as a delimited table.
[[nodiscard]] bool looks_like_json_lines(std::string_view bytes);
// All lines as a table whose columns are the keys in the order in which they came; an absent key is an empty
// cell. Lines that cannot be read are problems of the table. kMalformed when no line could.
[[nodiscard]] Result<datum::Table> json_lines_table(std::string_view bytes,
                                                    const IngestOptions& options = {});

struct Source {
  const datum::Schema* schema = nullptr;  // records of sources with the same schema are joined as said above
  std::vector<datum::Record> records;     // in any order
};

struct Merged {
  std::vector<datum::Record> records;      // by time; equal times in the order of the sources
  std::vector<std::uint32_t> sources;      // of each record, the index of the source it came from
  std::size_t duplicates = 0, joined = 0;  // as in Ingested
  std::size_t conflicts = 0;               // contradictions, the earlier source kept
};

// kLimitReached past `records_max` in all.
[[nodiscard]] Result<Merged> merge(std::vector<Source> sources, std::size_t records_max = 20'000'000);

}  // namespace skywarden::onboard
