#include "onboard/cholesky.h"

#include <cmath>

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr double kPivotOfNothingNew = 1e30;  // large, so that its coefficient vanishes

}  // namespace

bool solve_cholesky(std::span<double> a, std::span<double> b, Dependent dependent, double pivot_min) {
  const std::size_t n = b.size();
  EXPECTS(a.size() >= n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      if (i != j) {
        a[i * n + j] = sum / a[j * n + j];
        continue;
      }
      if (sum <= pivot_min) {
        if (dependent == Dependent::kFails) return false;
        sum = kPivotOfNothingNew;
      }
      a[i * n + i] = std::sqrt(sum);
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) b[i] -= a[i * n + k] * b[k];
    b[i] /= a[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) b[i] -= a[k * n + i] * b[k];
    b[i] /= a[i * n + i];
  }
  return true;
}

}  // namespace skywarden::onboard
