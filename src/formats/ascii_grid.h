// ESRI ASCII grids: a header of ncols, nrows, xllcorner (or xllcenter), yllcorner, cellsize, NODATA_value,
// then the values row by row from the north-west.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::formats {

struct Grid {
  std::size_t cols = 0, rows = 0;
  double west = 0.0, south = 0.0, cell = 0.0;  // of the lower left corner, in the grid's own coordinates
  std::vector<std::optional<float>>
      values;  // rows × cols from the north-west; nothing where there is no data
  [[nodiscard]] double east() const { return west + cell * static_cast<double>(cols); }
  [[nodiscard]] double north() const { return south + cell * static_cast<double>(rows); }
};

inline constexpr std::size_t kGridCellsMax = 64'000'000;

// Whether the text begins as an ESRI ASCII grid does.
[[nodiscard]] bool looks_like_ascii_grid(std::string_view text);
[[nodiscard]] Result<Grid> parse_ascii_grid(std::string_view text);

}  // namespace skywarden::formats
