// Daily weather tables as people keep them, through the Fire Weather Index System: columns found by name
// whatever their case, one station or several, each day from the row before of the same station.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/delimited.h"
#include "wildfire/fwi.h"

namespace skywarden::wildfire {

struct FwiTableOptions {
  MoistureCodes start = kSpringStart;
  DayLength day_length = DayLength::kByLatitude;
  bool from_start_each_day = false;  // every row is a first day
  // After a day without an input, codes made of it stay missing to the end, as in the reference; or the next
  // day goes on from the last code known.
  bool carry_gaps = false;
  std::size_t first_row = 1, last_row = std::numeric_limits<std::size_t>::max();  // data rows, inclusive
};

struct FwiTable {
  std::vector<std::size_t> rows;            // of the table, from 0
  std::vector<FireWeather> days;            // one a row
  std::vector<datum::RowProblem> problems;  // cells that are no such value; they count as missing
  std::vector<std::string> notes;           // what was assumed, and rows that do not follow the day before
  std::size_t incomplete = 0;               // rows with something missing
};

// kNotFound when temperature, humidity, wind or rain has no column; the message names what was looked for.
[[nodiscard]] Result<FwiTable> fire_weather_table(const datum::Table& table, const FwiTableOptions& options);

// The indices' names in their order, and a day's values in that order.
inline constexpr std::size_t kFwiColumns = 7;
[[nodiscard]] const std::array<const char*, kFwiColumns>& fwi_columns();  // FFMC, DMC, DC, ISI, BUI, FWI, DSR
[[nodiscard]] std::array<std::optional<double>, kFwiColumns> in_columns(const FireWeather& day);

}  // namespace skywarden::wildfire
