// skywarden complete --stream: rows come in line by line, and each is answered at once as a line of JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <istream>
#include <memory>
#include <optional>

#include "base/result.h"
#include "datum/schema.h"
#include "onboard/complete_features.h"

namespace skywarden::app {

inline constexpr std::size_t kLineBytesMax = std::size_t{1} << 20;

// The first line names the columns. A row that cannot be read costs itself and a line on stderr. Null for the
// baseline alone. `deadline`: for each row, from when its line is there. True when all rows were sound.
[[nodiscard]] Result<bool> complete_lines(std::istream& in, std::FILE* out, const datum::Schema& schema,
                                          std::unique_ptr<onboard::NumberReviewer> reviewer,
                                          std::optional<std::chrono::microseconds> deadline);

}  // namespace skywarden::app
