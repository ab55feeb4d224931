// The regressions of lab_robust.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "datum/delimited.h"
#include "lab_robust.h"

namespace skywarden::app {

// The verdict on one value; without one found the case is none, for the reason `unknown`.
[[nodiscard]] LabCase compared(std::size_t line, const std::string& what, const std::string& value,
                               const std::optional<double>& found, const char* unknown);

// A table with the columns dataset, method, param, value. What cannot be read beside it is told in each case.
[[nodiscard]] std::vector<LabCase> check_regressions(const datum::Table& table, const Beside& beside);

}  // namespace skywarden::app
