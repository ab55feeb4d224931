// Numbers, times and foreign text as the report writes them; the same helpers serve the page and its
// pictures, so a figure reads alike wherever it stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/units.h"
#include "incident.h"

namespace skywarden::app {

// Control bytes and bytes that are not UTF-8 become '?'.
[[nodiscard]] std::string plain_text(std::string_view text);
// Plain text, safe as HTML text and inside a quoted attribute.
[[nodiscard]] std::string escaped(std::string_view text);

[[nodiscard]] std::string three_digits(double value);        // "0.42", "12.4", "1,240"
[[nodiscard]] std::string counted(std::uint64_t count);      // "16,254"
[[nodiscard]] double rounded(double value, int decimals);    // as it is printed and written to JSON
[[nodiscard]] std::string percent_text(double probability);  // "96.8 %"; never 0 % or 100 %

// "12.4 ha (30.7 acres)", acres first for US units.
[[nodiscard]] Bilingual area_text(double hectares, bool us_units);
[[nodiscard]] Bilingual distance_text(Metres distance, bool us_units);
[[nodiscard]] Bilingual direction_text(Degrees bearing);   // one of eight
[[nodiscard]] Bilingual duration_text(Duration duration);  // "0.84 s", "12 min", "1 h 5 min"

inline constexpr double kAcresPerHectare = 2.471053815;

class LocalClock {
 public:
  explicit LocalClock(int utc_offset_min) : offset_min_(utc_offset_min) {}
  [[nodiscard]] std::string stamp(Instant t) const;  // "2017-10-08 21:50"
  [[nodiscard]] std::string zone() const;            // "UTC−7", "UTC+5:30", "UTC"
  [[nodiscard]] Duration offset() const { return std::chrono::minutes(offset_min_); }

 private:
  int offset_min_;
};
[[nodiscard]] std::string utc_stamp(Instant t);  // "2017-10-09 04:50"

}  // namespace skywarden::app
