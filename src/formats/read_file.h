// Files to bytes, for the programs under apps/: the one place where a .gz is unpacked.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skywarden::formats {

inline constexpr std::size_t kFileBytesMax = std::size_t{2} << 30;  // after unpacking

// The whole file, unpacked when it begins with gzip's magic bytes, whatever its name. kInputOutput when it
// cannot be read, kMalformed for a damaged gzip stream, kLimitReached when it unpacks to more than
// `bytes_max`.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t bytes_max = kFileBytesMax);

// Writes through a temporary file in the same folder and renames it, so that no reader sees half a file.
[[nodiscard]] Result<std::size_t> write_file(const std::string& path, std::string_view bytes);

}  // namespace skywarden::formats
