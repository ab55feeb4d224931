#include "games/evolutionary_stability.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::games {
namespace {

using Indices = std::vector<std::size_t>;

Indices members(std::size_t bits) {
  Indices found;
  for (std::size_t i = 0; bits >> i != 0; ++i)
    if ((bits >> i & 1U) != 0) found.push_back(i);
  return found;
}

Matrix restricted(const Matrix& m, const Indices& to) {
  Matrix part;
  for (const std::size_t i : to) {
    part.emplace_back();
    for (const std::size_t j : to) part.back().push_back(m[i][j]);
  }
  return part;
}

Result<void> validate(const Matrix& a) {
  if (a.empty() || a.size() > kEssStrategiesMax)
    return fail(Errc::kLimitReached, "expected 1 to {} strategies, found {}", kEssStrategiesMax, a.size());
  for (const auto& row : a)
    if (row.size() != a.size()) return fail(Errc::kOutOfRange, "expected a square matrix of payoffs");
  return {};
}

// The only mixture of exactly `support` by which all of it earns the same.
std::optional<std::vector<Rational>> rest_point(const Matrix& a, const Indices& support) {
  const std::size_t k = support.size();
  Matrix system(k + 1, std::vector<Rational>(k + 1, Rational(0)));
  std::vector<Rational> right(k + 1, Rational(0));
  for (std::size_t row = 0; row < k; ++row) {
    for (std::size_t column = 0; column < k; ++column) system[row][column] = a[support[row]][support[column]];
    system[row][k] = -1;
    system[k][row] = 1;
  }
  right[k] = 1;
  const auto solution = solve(std::move(system), std::move(right));
  if (!solution) return std::nullopt;
  std::vector<Rational> x(a.size(), Rational(0));
  for (std::size_t i = 0; i < k; ++i) {
    if ((*solution)[i] <= Rational(0)) return std::nullopt;
    x[support[i]] = (*solution)[i];
  }
  return x;
}

// Takes the first row and column out by elimination; false when its pivot is not positive.
bool eliminate_first(Matrix& m) {
  if (m[0][0] <= Rational(0)) return false;
  Matrix rest(m.size() - 1, std::vector<Rational>(m.size() - 1));
  for (std::size_t i = 1; i < m.size(); ++i)
    for (std::size_t j = 1; j < m.size(); ++j) rest[i - 1][j - 1] = m[i][j] - m[i][0] * m[0][j] / m[0][0];
  m = std::move(rest);
  return true;
}

// Every deviation y − x within the best replies loses: d·Ad < 0. The strategies in use may gain or lose, so
// that the form must be positive definite in them; what is left must be strictly copositive in the unused
// best replies.
bool deviations_lose(const Matrix& a, const Indices& used, const Indices& unused) {
  const std::size_t reference = used.front();  // its change is minus the sum of the others'
  Indices free(used.begin() + 1, used.end());
  free.insert(free.end(), unused.begin(), unused.end());
  Matrix form;
  for (const std::size_t i : free) {
    form.emplace_back();
    for (const std::size_t j : free)
      form.back().push_back(a[i][reference] + a[reference][j] - a[i][j] - a[reference][reference] +
                            a[j][reference] + a[reference][i] - a[j][i] - a[reference][reference]);
  }
  for (std::size_t i = 1; i < used.size(); ++i)
    if (!eliminate_first(form)) return false;
  return strictly_copositive(form);
}

}  // namespace

bool strictly_copositive(const Matrix& m) {
  // By size of the submatrices: a failure at an index set is the first one when every smaller set has passed.
  // Keller: M is strictly copositive exactly when each principal submatrix whose last row has cofactors that
  // are all positive or zero has a positive determinant.
  for (std::size_t bits = 1; bits < std::size_t{1} << m.size(); ++bits) {
    const Indices chosen = members(bits);
    const Matrix part = restricted(m, chosen);
    if (determinant(part) > Rational(0)) continue;
    bool cofactors_positive = true;
    const std::size_t last = part.size() - 1;
    for (std::size_t column = 0; column < part.size() && cofactors_positive; ++column) {
      Matrix minor;
      for (std::size_t row = 0; row < last; ++row) {
        minor.push_back(part[row]);
        minor.back().erase(minor.back().begin() + static_cast<std::ptrdiff_t>(column));
      }
      const Rational cofactor = determinant(std::move(minor));
      cofactors_positive = (last + column) % 2 == 0 ? cofactor >= Rational(0) : cofactor <= Rational(0);
    }
    if (cofactors_positive) return false;
  }
  return true;
}

Result<bool> is_evolutionarily_stable(const Matrix& a, const std::vector<Rational>& x) {
  if (auto sound = validate(a); !sound) return tl::unexpected(sound.error());
  if (x.size() != a.size()) return fail(Errc::kOutOfRange, "expected {} probabilities", a.size());
  if (std::any_of(x.begin(), x.end(), [](const Rational& p) { return p < Rational(0); }) ||
      std::accumulate(x.begin(), x.end(), Rational(0)) != Rational(1))
    return fail(Errc::kOutOfRange, "expected probabilities that sum to 1");
  std::vector<Rational> earned;
  for (const auto& row : a)
    earned.push_back(std::inner_product(row.begin(), row.end(), x.begin(), Rational(0)));
  const Rational most = *std::max_element(earned.begin(), earned.end());
  Indices used, unused;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x[i].is_zero() && earned[i] != most) return false;  // no equilibrium
    if (!x[i].is_zero())
      used.push_back(i);
    else if (earned[i] == most)
      unused.push_back(i);
  }
  return deviations_lose(a, used, unused);
}

Result<std::vector<std::vector<Rational>>> evolutionarily_stable_strategies(const Matrix& a) {
  if (auto sound = validate(a); !sound) return tl::unexpected(sound.error());
  std::vector<std::vector<Rational>> found;
  // A stable mixture is the only rest point of its support, so no support has two and singular ones have
  // none.
  for (std::size_t bits = 1; bits < std::size_t{1} << a.size(); ++bits)
    if (auto x = rest_point(a, members(bits)); x && *is_evolutionarily_stable(a, *x))
      found.push_back(std::move(*x));
  return found;
}

std::optional<std::vector<Rational>> interior_rest_point(const Matrix& a) {
  Indices all(a.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return rest_point(a, all);
}

}  // namespace skywarden::games
