// The value at a rank among many rows that are each in order, without writing the rows out: D. B. Johnson and
// T. Mizoguchi, "Selecting the Kth element in X + Y and X1 + X2 + … + Xm", SIAM Journal on Computing 7 (1978)
// 147-153. Differences, sums and other kernels of all pairs of n numbers are such rows, so that their medians
// cost n log² n time and n memory instead of n².
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/contract.h"
#include "statistics/weighted.h"

namespace skywarden::statistics {

namespace detail {

struct OpenRow {  // what of a row may still be the answer
  std::size_t begin = 0, end = 0;
  std::size_t less = 0, not_greater = 0;  // where the pivot stands in it
};

// The first place in begin…end whose value is not less than (beyond: greater than) the pivot.
template <typename At>
[[nodiscard]] std::size_t place(const OpenRow& row, std::size_t i, double pivot, bool beyond, const At& at) {
  std::size_t low = row.begin, high = row.end;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    const double value = at(i, middle);
    if (beyond ? value <= pivot : value < pivot)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

// A value with at least a quarter of the open entries on either side.
template <typename At>
[[nodiscard]] double pivot_of(const std::vector<OpenRow>& rows, const At& at) {
  std::vector<Weighted<double>> middles;
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i].begin < rows[i].end)
      middles.push_back(
          {at(i, rows[i].begin + (rows[i].end - rows[i].begin) / 2), rows[i].end - rows[i].begin});
  return lower_weighted_median(std::move(middles));
}

}  // namespace detail

// `length(i)` is the length of row i, `at(i, j)` its entry j, not descending in j (no NaN), and
// `weight(i, begin, end)` how much the entries begin…end − 1 of row i count together. The answer is the
// value that covers rank `rank` (from 0) when every entry is repeated as often as it counts; the rank lies
// below the weight of all.
template <typename Length, typename At, typename Weight>
[[nodiscard]] double value_at_rank(std::size_t row_count, std::uint64_t rank, const Length& length,
                                   const At& at, const Weight& weight) {
  std::vector<detail::OpenRow> rows(row_count);
  for (std::size_t i = 0; i < row_count; ++i) rows[i].end = length(i);
  for (;;) {
    const double pivot = detail::pivot_of(rows, at);
    std::uint64_t less = 0, equal = 0;
    for (std::size_t i = 0; i < row_count; ++i) {
      detail::OpenRow& row = rows[i];
      row.less = detail::place(row, i, pivot, false, at);
      row.not_greater = detail::place(row, i, pivot, true, at);
      less += weight(i, row.begin, row.less);
      equal += weight(i, row.less, row.not_greater);
    }
    if (rank >= less && rank - less < equal) return pivot;
    if (rank < less) {
      for (detail::OpenRow& row : rows) row.end = row.less;
    } else {
      rank -= less + equal;
      for (detail::OpenRow& row : rows) row.begin = row.not_greater;
    }
  }
}

}  // namespace skywarden::statistics
