// A picture as PNG bytes (ISO/IEC 15948), enough to put a hillshade into a page: eight bits a channel, red,
// green, blue and alpha, no filter, no interlace. It does not read PNG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skywarden::app {

struct Picture {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> rgba;  // width × height × 4, from the top left
};

inline constexpr std::size_t kPictureSideMax = 4096;

[[nodiscard]] std::string png_bytes(const Picture& picture);  // sides 1…kPictureSideMax
[[nodiscard]] std::string base64(std::string_view bytes);     // RFC 4648 §4, padded

}  // namespace skywarden::app
