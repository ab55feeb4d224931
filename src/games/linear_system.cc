#include "games/linear_system.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::games {

std::optional<std::vector<Rational>> solve(Matrix a, std::vector<Rational> b) {
  const std::size_t n = b.size();
  EXPECTS(a.size() == n);
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    while (pivot < n && a[pivot][column].is_zero()) ++pivot;
    if (pivot == n) return std::nullopt;
    std::swap(a[pivot], a[column]);
    std::swap(b[pivot], b[column]);
    for (std::size_t row = column + 1; row < n; ++row) {
      if (a[row][column].is_zero()) continue;
      const Rational factor = a[row][column] / a[column][column];
      for (std::size_t k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t k = row + 1; k < n; ++k) b[row] -= a[row][k] * b[k];
    b[row] /= a[row][row];
  }
  return b;
}

Rational determinant(Matrix a) {
  Rational product = 1;
  for (std::size_t column = 0; column < a.size(); ++column) {
    std::size_t pivot = column;
    while (pivot < a.size() && a[pivot][column].is_zero()) ++pivot;
    if (pivot == a.size()) return 0;
    if (pivot != column) {
      std::swap(a[pivot], a[column]);
      product = -product;
    }
    product *= a[column][column];
    for (std::size_t row = column + 1; row < a.size(); ++row) {
      const Rational factor = a[row][column] / a[column][column];
      for (std::size_t k = column; k < a.size(); ++k) a[row][k] -= factor * a[column][k];
    }
  }
  return product;
}

}  // namespace skywarden::games
