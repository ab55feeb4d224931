// Any bytes as a daily weather table: read, computed and printed without a surprise.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wildfire/fwi_table.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace skywarden;
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto table = datum::parse_delimited(text, {.detect_delimiter = true});
  if (!table) return 0;
  wildfire::FwiTableOptions options;
  options.carry_gaps = (data[0] & 1) != 0;
  options.from_start_each_day = (data[0] & 2) != 0;
  if ((data[0] & 4) != 0) options.day_length = wildfire::DayLength::kStandard;
  const auto result = wildfire::fire_weather_table(*table, options);
  if (!result) return 0;
  for (const auto& day : result->days)
    for (const auto& value : wildfire::in_columns(day)) {
      if (value && !(std::isfinite(*value) && *value >= 0.0)) std::abort();
      (void)wildfire::printed(value);
    }
  return 0;
}
