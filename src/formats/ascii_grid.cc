#include "formats/ascii_grid.h"

#include <cmath>
#include <map>
#include <string>

#include "base/text.h"

namespace skywarden::formats {
namespace {

std::string_view next_word(std::string_view& text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) {
    text = {};
    return {};
  }
  text.remove_prefix(first);
  const std::string_view word = text.substr(0, text.find_first_of(kSpace));
  text.remove_prefix(word.size());
  return word;
}

Result<std::size_t> dimension(const std::map<std::string, double>& header, const char* key) {
  const auto found = header.find(key);
  if (found == header.end()) return fail(Errc::kMalformed, "grid: expected '{}' in the header", key);
  const double value = found->second;
  if (value < 1.0 || value > 1e6 || value != std::floor(value))
    return fail(Errc::kOutOfRange, "grid: expected '{}' in 1…1,000,000, found {}", key, value);
  return static_cast<std::size_t>(value);
}

}  // namespace

bool looks_like_ascii_grid(std::string_view text) {
  return lower_ascii(next_word(text)) == "ncols";
}

Result<Grid> parse_ascii_grid(std::string_view text) {
  std::map<std::string, double> header;
  for (;;) {
    std::string_view ahead = text;
    const std::string key = lower_ascii(next_word(ahead));
    if (key.empty() || parse_number(key)) break;
    const std::string_view word = next_word(ahead);
    const auto value = parse_number(word);
    if (!value || header.size() > 10)
      return fail(Errc::kMalformed, "grid: expected a number after '{}', found '{}'", printable(key),
                  printable(word));
    header[key] = *value;
    text = ahead;
  }
  const auto cols = dimension(header, "ncols");
  if (!cols) return tl::unexpected(cols.error());
  const auto rows = dimension(header, "nrows");
  if (!rows) return tl::unexpected(rows.error());
  if (*cols > kGridCellsMax / *rows)
    return fail(Errc::kLimitReached, "grid: expected at most {} cells", kGridCellsMax);
  if (!header.contains("cellsize") || !(header["cellsize"] > 0.0))
    return fail(Errc::kMalformed, "grid: expected a 'cellsize' above 0");

  Grid grid;
  grid.cols = *cols;
  grid.rows = *rows;
  grid.cell = header["cellsize"];
  const auto corner = [&](const char* of_corner, const char* of_centre) {
    return header.contains(of_corner) ? header[of_corner] : header[of_centre] - grid.cell / 2.0;
  };
  grid.west = corner("xllcorner", "xllcenter");
  grid.south = corner("yllcorner", "yllcenter");
  const double no_data = header.contains("nodata_value") ? header["nodata_value"] : -9999.0;
  grid.values.reserve(grid.cols * grid.rows);
  while (grid.values.size() < grid.cols * grid.rows) {
    const std::string_view word = next_word(text);
    const std::size_t row = grid.values.size() / grid.cols + 1;
    if (word.empty())
      return fail(Errc::kMalformed, "grid: row {}: expected {} values a row, the file ends", row, grid.cols);
    const auto value = parse_number(word);
    if (!value)
      return fail(Errc::kMalformed, "grid: row {}: expected a number, found '{}'", row, printable(word));
    if (*value == no_data)
      grid.values.emplace_back(std::nullopt);
    else
      grid.values.emplace_back(static_cast<float>(*value));
  }
  if (!next_word(text).empty())
    return fail(Errc::kMalformed, "grid: expected {} values, found more", grid.values.size());
  return grid;
}

}  // namespace skywarden::formats
