// The members of a tar archive (POSIX ustar, IEEE 1003.1-2017 pax, and GNU's long names), already unpacked
// from .gz by read_file.h. Only regular files are told of; folders, links and devices are passed over.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace skywarden::formats {

inline constexpr std::size_t kTarMembersMax = 100'000;

struct TarMember {
  std::string name;        // as stored, with its folders; never to be used as a path without care
  std::string_view bytes;  // into the archive
};

[[nodiscard]] bool is_tar(std::string_view bytes);  // by the magic of the first header

// kMalformed, naming the offset: a header whose checksum or size is wrong, or a member that is cut off.
[[nodiscard]] Result<std::vector<TarMember>> read_tar(std::string_view bytes);

}  // namespace skywarden::formats
