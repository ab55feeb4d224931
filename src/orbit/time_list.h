// The moments at which states are wanted: a file with one UTC time a line, meant for every satellite, or rows
// `norad,time`, meant for one; with or without a header. The text of each time is kept as it was written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "datum/delimited.h"

namespace skywarden::orbit {

struct WantedTime {
  std::optional<std::uint32_t> norad;  // nothing: every satellite
  Instant time{};
  std::string text;
  std::size_t row = 0;  // of the file, from 1
};

struct TimeList {
  std::vector<WantedTime> times;            // in the order of the file
  std::vector<datum::RowProblem> problems;  // rows left out
};

inline constexpr std::size_t kWantedTimesMax = 50'000'000;

// kMalformed when no row holds a time; kLimitReached past the limit. Messages name the file.
[[nodiscard]] Result<TimeList> read_time_list(std::string_view bytes, std::string_view file_name);

}  // namespace skywarden::orbit
