// A file a piece at a time, so that one larger than memory can be looked at. Gzip is unpacked on the way.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skywarden::formats {

struct BlockOptions {
  std::size_t block_bytes = 4 << 20;  // about; a block ends with a line
  bool quotes =
      true;  // do not end inside double quotes (CSV). A quote without its end gives up after four blocks
};

// Calls `visit` with each block in order; an error of visit ends the reading and is returned. kInputOutput
// and kMalformed as read_file; kLimitReached for a line longer than four blocks. Returns the bytes read.
[[nodiscard]] Result<std::size_t> for_each_block(const std::string& path, const BlockOptions& options,
                                                 const std::function<Result<bool>(std::string_view)>& visit);

}  // namespace skywarden::formats
