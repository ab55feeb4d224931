// From text to typed values, by schema: a cell becomes a field, some columns a time, others the name of the
// stream. What a cell cannot say becomes Missing with its reason, never NaN and never a special number. This
// is the lowest step of ingest, apart from it because other readers of tables need the same three answers.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "datum/delimited.h"
#include "datum/field.h"
#include "datum/record.h"
#include "datum/schema.h"

namespace skywarden::onboard {

// Observed, or Missing: kNotReported for one of the schema's missing marks (a mark that is a number stands
// for the number however it is written: "-999", "-999.00"), kOutOfRange for a number outside min…max,
// kMalformed for anything else that is no value of this kind. Space around the text does not count; levels
// are recognised whatever their case.
[[nodiscard]] datum::Field decode_field(const datum::FieldSpec& spec, const datum::Schema& schema,
                                        std::string_view text);

// The time that the cells of schema.time_columns say, in their order. A zone written with the time wins over
// the schema's utc_offset_min.
//   kIso    2017-10-09T10:15:00Z and what parse_utc takes
//   kYmdh   2013, 3, 1, 0 (whole numbers, also as 3.0); without an hour it is midnight
//   kFirms  2022-02-26, 2022/02/26 or month/day/year 2/26/2022; hhmm that may have lost leading zeros (5, 56,
//           0056, 1015) or hh:mm; a zone may follow the hhmm
//   kUnix   seconds since 1970, decimals allowed
//   kNone   no cell; always the epoch
[[nodiscard]] Result<Instant> decode_time(const datum::Schema& schema,
                                          std::span<const std::string_view> cells);

// The time columns as one name for messages: "acq_date+acq_time".
[[nodiscard]] std::string time_label(const datum::Schema& schema);

// "expected a number, found 'x'", for a line about a cell that decode_field called malformed.
[[nodiscard]] std::string expectation(const datum::FieldSpec& spec, std::string_view found);

// "−90…90", the minus sign as people write it.
[[nodiscard]] std::string range_text(double min, double max);

// Which column of a table is what. Names are compared ignoring case; a field is also found by its aliases.
struct RowLayout {
  std::vector<std::size_t> time;    // as schema.time_columns
  std::vector<std::size_t> stream;  // as schema.stream_columns
  std::vector<std::size_t> fields;  // as schema.fields; Table::npos where the table has no such column
};

// kNotFound when a column of time or stream, or every field, is absent; the message names it and what was
// found.
[[nodiscard]] Result<RowLayout> lay_out(const datum::Schema& schema, const datum::Table& table);

// The time of one row of a table laid out so.
[[nodiscard]] Result<Instant> decode_row_time(const datum::Schema& schema, const RowLayout& layout,
                                              std::span<const std::string> row);

// The stream's columns joined by '/', or `otherwise` (such as the file's stem) when the schema names none.
// kMalformed when a part is empty, a missing mark or not UTF-8.
[[nodiscard]] Result<std::string> stream_name(const datum::Schema& schema, const RowLayout& layout,
                                              std::span<const std::string> row, std::string_view otherwise);

}  // namespace skywarden::onboard
