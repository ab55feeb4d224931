// Delimited text (RFC 4180 and what publishers really ship): quotes, CRLF or LF, a byte-order mark, a header
// row. Rows that do not fit are reported and left out; the good rows still count.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::datum {

struct RowProblem {     // "file:row:column: expected …" as one line
  std::size_t row = 0;  // 1 is the header
  std::string column;   // empty when the row as a whole is meant
  std::string expected;
};

[[nodiscard]] std::string to_line(std::string_view file, const RowProblem& problem);

struct DelimitedOptions {
  char delimiter = ',';
  bool detect_delimiter = false;  // among , ; tab and | by the header row
  std::size_t rows_max = 20'000'000;
  std::size_t columns_max = 4096;
  std::size_t field_bytes_max = 1 << 20;
};

struct Table {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;  // each as long as the header
  std::vector<std::size_t> row_numbers;        // of the file, for messages; 2 is the first after the header
  std::vector<RowProblem> problems;            // rows left out
  char delimiter = ',';

  // The column whose name equals, ignoring ASCII case and surrounding space; npos when absent.
  static constexpr std::size_t npos = static_cast<std::size_t>(-1);
  [[nodiscard]] std::size_t column(std::string_view name) const;
};

// kMalformed when there is no header at all (empty, binary or UTF-16 input); kLimitReached past a limit.
[[nodiscard]] Result<Table> parse_delimited(std::string_view bytes, const DelimitedOptions& options = {});

// One row, quoted where needed, ending in LF.
void append_row(std::string& out, const std::vector<std::string>& cells, char delimiter = ',');

}  // namespace skywarden::datum
