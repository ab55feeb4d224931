// Small, locale-free readings of text at the edges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skywarden {

// Foreign text made safe for one line of a message: control bytes and invalid UTF-8 become '?', cut at 60
// bytes.
[[nodiscard]] std::string printable(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);  // ASCII white space at both ends
// The first line without its end; `text` begins after it then.
[[nodiscard]] std::string_view take_line(std::string_view& text);
[[nodiscard]] std::string lower_ascii(std::string_view text);
// The whole text as a finite number ("1e3", "-4.5", ".5", "+2"); nothing for NaN, infinity, hex or trailing
// text.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
[[nodiscard]] bool is_valid_utf8(std::string_view text);

}  // namespace skywarden
