#include "onboard/cholesky.h"

#include <array>
#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr double kPivotOfNothingNew = 1e30;  // large, so that its coefficient vanishes

constexpr std::size_t kAtOnce = 4;  // rows taken off together: fewer passes over what they are taken off

// to[i] −= by[0] · rows[0][i], then by[1] · rows[1][i], … Apart in memory, so that it runs several i at a
// time.
void subtract(double* __restrict to, const std::array<const double*, kAtOnce>& rows,
              const std::array<double, kAtOnce>& by, std::size_t count) {
  const double* __restrict r0 = rows[0];
  const double* __restrict r1 = rows[1];
  const double* __restrict r2 = rows[2];
  const double* __restrict r3 = rows[3];
  for (std::size_t i = 0; i < count; ++i)
    to[i] = (((to[i] - by[0] * r0[i]) - by[1] * r1[i]) - by[2] * r2[i]) - by[3] * r3[i];
}

void subtract(double* __restrict to, const double* __restrict row, double by, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) to[i] -= by * row[i];
}

// From row j of the factor's transpose, in the upper half, the terms of the rows above it.
void subtract_rows_above(double* a, std::size_t n, std::size_t j) {
  double* to = a + j * n + j;
  std::size_t k = 0;
  for (; k + kAtOnce <= j; k += kAtOnce) {
    std::array<const double*, kAtOnce> rows;
    std::array<double, kAtOnce> by;
    for (std::size_t r = 0; r < kAtOnce; ++r) {
      rows[r] = a + (k + r) * n + j;
      by[r] = *rows[r];
    }
    subtract(to, rows, by, n - j);
  }
  for (; k < j; ++k) subtract(to, a + k * n + j, a[k * n + j], n - j);
}

}  // namespace

bool solve_cholesky(std::span<double> a, std::span<double> b, Dependent dependent, double pivot_min) {
  const std::size_t n = b.size();
  EXPECTS(a.size() >= n * n);
  // Each number has its terms taken off in the order of the rows, whatever the width of a machine's vectors.
  for (std::size_t j = 0; j < n; ++j) {
    subtract_rows_above(a.data(), n, j);
    double* row = a.data() + j * n;
    if (row[j] <= pivot_min) {
      if (dependent == Dependent::kFails) return false;
      row[j] = kPivotOfNothingNew;
    }
    row[j] = std::sqrt(row[j]);
    for (std::size_t i = j + 1; i < n; ++i) row[i] /= row[j];
    b[j] /= row[j];
    subtract(b.data() + j + 1, row + j + 1, b[j], n - j - 1);
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

}  // namespace skywarden::onboard
