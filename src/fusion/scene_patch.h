// A scene patch: a few pixels of a multi-band image around a place, small enough to be a field of a record.
// In a cell it is "swp1:" and base64 (RFC 4648 §4) of little-endian 16-bit counts, band by band, rows from
// north to south, columns from west to east. Count 0 is no data; a value is its count times the band's scale
// in the schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"

namespace skywarden::fusion {

inline constexpr std::string_view kPatchMark = "swp1:";

struct ScenePatch {
  std::uint32_t bands = 0, rows = 0, columns = 0;
  std::vector<std::uint16_t> counts;  // [band][row][column]; 0: no data

  [[nodiscard]] std::size_t at(std::size_t band, std::size_t row, std::size_t column) const {
    return (band * rows + row) * columns + column;
  }
  [[nodiscard]] std::size_t pixels_known() const;  // counts that are not 0, of all bands
  friend bool operator==(const ScenePatch&, const ScenePatch&) = default;
};

// kMalformed with one line saying what was expected: not the mark, not base64, not the size that the field
// states; kUnsupported when the field states no bands.
[[nodiscard]] Result<ScenePatch> decode_patch(const datum::FieldSpec& spec, std::string_view cell);
[[nodiscard]] std::string encode_patch(const ScenePatch& patch);

}  // namespace skywarden::fusion
