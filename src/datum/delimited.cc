#include "datum/delimited.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace skywarden::datum {
namespace {

enum class RowEnd { kFine, kBadQuote, kTooWide };

// Cuts one row off the front of `text`. A quoted cell may hold delimiters, doubled quotes and line breaks.
RowEnd next_row(std::string_view& text, char delimiter, const DelimitedOptions& options,
                std::vector<std::string>& cells) {
  cells.clear();
  std::size_t i = 0;
  RowEnd end = RowEnd::kFine;
  for (;;) {
    std::string cell;
    if (i < text.size() && text[i] == '"') {
      ++i;
      for (;;) {
        const std::size_t quote = text.find('"', i);
        if (quote == std::string_view::npos || quote - i > options.field_bytes_max) {
          // An opening quote without its end would swallow the file: give up on this line only.
          const std::size_t line = std::min(text.find('\n', i), text.size());
          text.remove_prefix(std::min(line + 1, text.size()));
          return RowEnd::kBadQuote;
        }
        cell.append(text, i, quote - i);
        i = quote + 1;
        if (i >= text.size() || text[i] != '"') break;
        cell += '"';
        ++i;
      }
    }
    const std::size_t stop = std::min(text.find_first_of(std::string{delimiter, '\n'}, i), text.size());
    cell.append(text, i, stop - i);
    if (cell.size() > options.field_bytes_max) end = RowEnd::kTooWide;
    const bool last = stop == text.size() || text[stop] == '\n';
    if (last && cell.ends_with('\r')) cell.pop_back();
    if (cells.size() >= options.columns_max)
      end = RowEnd::kTooWide;
    else
      cells.push_back(std::move(cell));
    i = stop + 1;
    if (last) {
      text.remove_prefix(std::min(i, text.size()));
      return end;
    }
  }
}

char detect_delimiter(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  constexpr std::array<char, 4> kCandidates{',', ';', '\t', '|'};
  return *std::max_element(kCandidates.begin(), kCandidates.end(), [&](char a, char b) {
    return std::count(line.begin(), line.end(), a) < std::count(line.begin(), line.end(), b);
  });
}

}  // namespace

std::string to_line(std::string_view file, const RowProblem& problem) {
  if (problem.column.empty()) return fmt::format("{}:{}: {}", file, problem.row, problem.expected);
  return fmt::format("{}:{}:{}: {}", file, problem.row, printable(problem.column), problem.expected);
}

std::size_t Table::column(std::string_view name) const {
  const std::string wanted = lower_ascii(trim(name));
  for (std::size_t i = 0; i < header.size(); ++i)
    if (lower_ascii(trim(header[i])) == wanted) return i;
  return npos;
}

Result<Table> parse_delimited(std::string_view bytes, const DelimitedOptions& options) {
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    return fail(Errc::kUnsupported, "expected UTF-8 text, found UTF-16; save the file as UTF-8");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  if (bytes.substr(0, 4096).find('\0') != std::string_view::npos)
    return fail(Errc::kMalformed, "expected text, found binary data");
  Table table;
  table.delimiter = options.detect_delimiter ? detect_delimiter(bytes) : options.delimiter;
  std::size_t number = 0;
  while (!bytes.empty() && table.header.empty()) {
    ++number;
    std::vector<std::string> cells;
    if (next_row(bytes, table.delimiter, options, cells) != RowEnd::kFine)
      return fail(Errc::kMalformed, "row {}: expected a header row", number);
    if (cells.size() == 1 && trim(cells[0]).empty()) continue;
    table.header = std::move(cells);
  }
  if (table.header.empty()) return fail(Errc::kMalformed, "expected a header row, found nothing");
  std::vector<std::string> cells;
  while (!bytes.empty()) {
    ++number;
    const RowEnd end = next_row(bytes, table.delimiter, options, cells);
    if (end == RowEnd::kFine && cells.size() == 1 && trim(cells[0]).empty() && table.header.size() > 1)
      continue;
    if (end == RowEnd::kBadQuote) {
      table.problems.push_back({number, "", "expected a closing quote"});
    } else if (end == RowEnd::kTooWide) {
      table.problems.push_back({number, "", "expected a row within the limits of width"});
    } else if (cells.size() != table.header.size()) {
      table.problems.push_back(
          {number, "", fmt::format("expected {} columns, found {}", table.header.size(), cells.size())});
    } else {
      if (table.rows.size() >= options.rows_max)
        return fail(Errc::kLimitReached, "row {}: expected at most {} rows", number, options.rows_max);
      table.rows.push_back(std::move(cells));
      table.row_numbers.push_back(number);
      cells = {};
    }
  }
  return table;
}

void append_row(std::string& out, const std::vector<std::string>& cells, char delimiter) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += delimiter;
    const std::string& cell = cells[i];
    if (cell.find_first_of(std::string{delimiter, '"', '\n', '\r'}) == std::string::npos) {
      out += cell;
      continue;
    }
    out += '"';
    for (const char c : cell) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  out += '\n';
}

}  // namespace skywarden::datum
