// What comes out of a file of orbital elements, and the one function that reads any of them: two- and
// three-line elements (TLE), CCSDS Orbit Mean-elements Messages (OMM, CCSDS 502.0-B-3) as CSV, JSON or XML
// with CelesTrak's keys. The format is recognised by content, never by name. OMM in key-value notation is
// refused with a clear line.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

struct ElementFile {
  std::vector<ElementSet> sets;             // in the order of the file
  std::vector<datum::RowProblem> problems;  // sets left out
  std::vector<datum::RowProblem> warnings;  // sets kept although something is odd, such as a checksum
};

struct ElementFileOptions {
  // A wrong checksum is a warning: published test cases and hand-made sets carry wrong ones. True leaves such
  // sets out.
  bool checksum_strict = false;
  std::size_t sets_max = 1'000'000;
};

// kMalformed when the bytes are no known format at all, kUnsupported for OMM in key-value notation,
// kLimitReached past `sets_max`. Messages name the file.
[[nodiscard]] Result<ElementFile> read_elements(std::string_view bytes, std::string_view file_name,
                                                const ElementFileOptions& options = {});

}  // namespace skywarden::orbit
