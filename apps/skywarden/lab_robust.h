// Robust statistics held against reference values, one verdict a value. Two kinds of reference table:
//
// - `dataset,statistic,value` with the samples as `dataset,…,x` and perhaps whole weights `w`;
// - `dataset,method,param,value` with the numbers as DATASET.csv; the column that no parameter names is what
//   is explained.
//
// A value passes when it differs by at most 1e-6, from references above 1 by at most 1e-6 of them. The names
// of statistics and methods are listed in docs/formats.md; others are no case.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab_cases.h"

namespace skywarden::app {

inline constexpr double kRobustTolerance = 1e-6;
inline constexpr double kRobustSizeMax = 1e100;             // of a number in the samples
inline constexpr std::size_t kRobustSampleMax = 1'000'000;  // values of one dataset
inline constexpr std::size_t kRobustRowsMax = 5'000;        // of a regression
inline constexpr std::size_t kRobustColumnsMax = 20;        // of a regression

// The text of a file that stands beside the reference.
using Beside = std::function<Result<std::string>(const std::string& name)>;

// `name` is the reference's own, without its folder. Fails when the table is of neither kind or what it
// speaks of cannot be read.
[[nodiscard]] Result<std::vector<LabCase>> check_robust(std::string_view text, const std::string& name,
                                                        const Beside& beside);

}  // namespace skywarden::app
