// Two-line element sets (Kelso, CelesTrak: "NORAD Two-Line Element Set Format"), with or without a name line,
// catalogue numbers in Alpha-5 as well as digits, LF or CRLF, '#' comments. Columns past 69 are ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "orbit/element_file.h"

namespace skywarden::orbit {

// Sum of digits, a minus counting one, modulo ten, over the first 68 columns.
[[nodiscard]] int tle_checksum(std::string_view line);

// "25994", "    5", "A0000" (= 100000) … "Z9999" (= 339999). I and O are not used.
[[nodiscard]] std::optional<std::uint32_t> parse_catalogue_number(std::string_view text);

[[nodiscard]] Result<ElementFile> parse_tle(std::string_view bytes, const ElementFileOptions& options = {});

}  // namespace skywarden::orbit
