// Does what goes missing depend on what was observed? A test of "missing completely at random" (Rubin,
// Biometrika 63, 1976) for series. Like Little's test (JASA 83, 1988) it compares the means of the observed
// columns between rows where a value is missing and rows where it is not. Little's distribution needs
// independent normal rows, and readings follow one another; here the distribution under independence comes
// from the data: the marks of what is missing are moved round in time against the rest, which keeps how
// losses and readings hang together in themselves (random shifts: H. W. Lotwick and B. W. Silverman, "Methods
// for analysing spatial processes of several types of points", JRSS B 44 (1982) 406-413, there in the plane).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace skywarden::statistics {

struct RandomShiftOptions {
  std::size_t shifts = 199;
  std::size_t marked_max = 4000;  // marked rows that are looked at; more are thinned evenly
};

// Rows stand by time; `rows_a_step` of them (streams side by side) share one. Values are of any unit: columns
// are standardised. `known` says which to believe.
struct MarkedRows {
  std::size_t width = 0;
  std::size_t rows_a_step = 1;
  std::span<const float> values;         // rows × width
  std::span<const std::uint8_t> known;   // rows × width
  std::span<const std::uint8_t> marked;  // rows: 1 where the value in question is missing
};

struct RandomShift {
  double p = 1.0;             // that marks which know nothing of the columns differ as much, 1/(shifts + 1)…1
  std::size_t strongest = 0;  // the column that differs most, by its standard error
  std::vector<double> effects;  // of columns: mean where marked minus mean elsewhere, in deviations
};

// Nothing when fewer than 20 rows are marked or unmarked, or there are fewer than 20 steps.
[[nodiscard]] std::optional<RandomShift> random_shift_test(const MarkedRows& rows,
                                                           const RandomShiftOptions& options = {});

}  // namespace skywarden::statistics
