#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "games/evolutionary_stability.h"
#include "games/replicator.h"

namespace skywarden::games {
namespace {

Rational form(const Matrix& m, const std::vector<Rational>& x, const std::vector<Rational>& y) {
  Rational sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    for (std::size_t j = 0; j < y.size(); ++j) sum += x[i] * m[i][j] * y[j];
  return sum;
}

// All points of the simplex with coordinates k / parts.
void extend(std::vector<std::vector<Rational>>& points, std::vector<Rational>& begun, std::size_t n, int left,
            int parts) {
  for (int k = begun.size() + 1 == n ? left : 0; k <= left; ++k) {
    begun.emplace_back(k, parts);
    if (begun.size() == n)
      points.push_back(begun);
    else
      extend(points, begun, n, left - k, parts);
    begun.pop_back();
  }
}
std::vector<std::vector<Rational>> grid(std::size_t n, int parts) {
  std::vector<std::vector<Rational>> points;
  std::vector<Rational> begun;
  extend(points, begun, n, parts, parts);
  return points;
}

Matrix any_matrix(std::size_t n, int size) {
  Matrix a(n);
  for (auto& row : a)
    for (std::size_t j = 0; j < n; ++j) row.emplace_back(*rc::gen::inRange(-size, size + 1));
  return a;
}

TEST_CASE("the grid holds every point once") {
  CHECK(grid(3, 4).size() == 15);
  CHECK(grid(2, 6).size() == 7);
  CHECK(grid(4, 3).size() == 20);
}

// Maynard Smith's definition over a grid: a stable strategy is invaded by no point of it, near or far; of one
// that is not stable we ask less, since the grid may miss the point that invades.
TEST_CASE("no point of a grid invades a stable strategy") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 5);
    const Matrix a = any_matrix(n, 3);
    const auto stable = evolutionarily_stable_strategies(a).value();
    for (const auto& x : stable)
      for (const auto& y : grid(n, 8)) {
        if (y == x) continue;
        const Rational first = form(a, x, x) - form(a, y, x);
        RC_ASSERT(first > Rational(0) || (first.is_zero() && form(a, x, y) > form(a, y, y)));
      }
  }));
}

TEST_CASE("a pure or mixed point of a grid that resists all of a finer grid around it is stable") {
  // With two strategies and whole payoffs up to 3, rest points have denominators up to 12, and the condition
  // on deviations is one sign, which any other point shows.
  CHECK(rc::check([] {
    const Matrix a = any_matrix(2, 3);
    const auto points = grid(2, 24);
    for (const auto& x : grid(2, 12)) {
      const bool resists = std::all_of(points.begin(), points.end(), [&](const auto& y) {
        if (y == x) return true;
        const Rational first = form(a, x, x) - form(a, y, x);
        return first > Rational(0) || (first.is_zero() && form(a, x, y) > form(a, y, y));
      });
      RC_ASSERT(resists == is_evolutionarily_stable(a, x).value());
    }
  }));
}

TEST_CASE("strict copositivity against the definition on a grid") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::size_t>(1, 4);
    Matrix m = any_matrix(n, 2);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < i; ++j) m[i][j] = m[j][i];
    bool positive = true;
    for (const auto& z : grid(n, 12)) positive = positive && form(m, z, z) > Rational(0);
    if (strictly_copositive(m))
      RC_ASSERT(positive);
    else
      RC_ASSERT(!positive);  // entries up to 2 in size: a form that is not positive shows on twelfths
  }));
}

TEST_CASE("known stable strategies") {
  using List = std::vector<std::vector<Rational>>;
  // Hawks and doves, rock-paper-scissors with and without reward for winning, coordination.
  CHECK(evolutionarily_stable_strategies({{-1, 4}, {0, 2}}).value() ==
        List{{Rational(2, 3), Rational(1, 3)}});
  CHECK(evolutionarily_stable_strategies({{0, -1, 1}, {1, 0, -1}, {-1, 1, 0}}).value().empty());
  CHECK(evolutionarily_stable_strategies({{0, -1, 2}, {2, 0, -1}, {-1, 2, 0}}).value() ==
        List{{Rational(1, 3), Rational(1, 3), Rational(1, 3)}});
  CHECK(evolutionarily_stable_strategies({{0, -2, 1}, {1, 0, -2}, {-2, 1, 0}}).value().empty());
  CHECK(evolutionarily_stable_strategies({{2, 0}, {0, 1}}).value() == List{{1, 0}, {0, 1}});
  // Stable although another best reply exists, by the second condition alone.
  CHECK(is_evolutionarily_stable({{1, 1}, {1, 0}}, {1, 0}).value());
  CHECK(!is_evolutionarily_stable({{1, 1}, {1, 1}}, {1, 0}).value());
}

TEST_CASE("negative payoffs do not let rounding grow until shares no longer sum to one") {
  const auto course = replicate({{-3, -3}, {-3, -2.9}}, {0.9, 0.1}, {0, 200}).value();
  CHECK(course[1][0] + course[1][1] == doctest::Approx(1).epsilon(1e-12));
  CHECK(course[1][1] > course[0][1]);
}

TEST_CASE("shares stay shares, and a rest point rests") {
  CHECK(rc::check([] {
    const auto n = *rc::gen::inRange<std::size_t>(2, 5);
    PayoffMatrix payoffs(n, std::vector<double>(n));
    for (auto& row : payoffs)
      for (double& a : row) a = *rc::gen::inRange(-30, 31) / 10.0;
    Population start(n);
    double sum = 0;
    for (double& x : start) sum += x = *rc::gen::inRange(0, 10) + 1;
    for (double& x : start) x /= sum;
    start[0] += start[1];
    start[1] = 0;
    const auto course = replicate(payoffs, start, {0, 1, 5, 5, 20}).value();
    RC_ASSERT(course.size() == 5U);
    RC_ASSERT(course[2] == course[3]);
    for (const Population& x : course) {
      RC_ASSERT(std::fabs(std::accumulate(x.begin(), x.end(), 0.0) - 1) < 1e-9);
      RC_ASSERT(x[1] == 0);
      for (const double share : x) RC_ASSERT(share > -1e-12);
    }
  }));
  const auto still = replicate({{-0.5, 2}, {0, 1}}, {2.0 / 3, 1.0 / 3}, {0, 50}).value();
  CHECK(still[1][0] == doctest::Approx(2.0 / 3).epsilon(1e-12));
}

TEST_CASE("two strategies follow the solution in closed form") {
  // A pure advantage of a over b grows the odds as exp(a t).
  const auto course = replicate({{1.5, 1.5}, {1, 1}}, {0.1, 0.9}, {0, 1, 3, 10}).value();
  const std::vector<double> times = {0, 1, 3, 10};
  for (std::size_t i = 0; i < times.size(); ++i) {
    const double odds = 0.1 / 0.9 * std::exp(0.5 * times[i]);
    CHECK(course[i][0] == doctest::Approx(odds / (1 + odds)).epsilon(1e-10));
  }
}

TEST_CASE("what means nothing is refused") {
  CHECK(replicate({}, {}, {0}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{1, 2}}, {0.5, 0.5}, {0}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{1, 2}, {1, NAN}}, {0.5, 0.5}, {0}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{1, 2}, {1, 2}}, {0.5, 0.6}, {0}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{1, 2}, {1, 2}}, {0.5, 0.5}, {1, 0}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{1, 2}, {1, 2}}, {0.5, 0.5}, {}).error().code == Errc::kOutOfRange);
  CHECK(replicate({{0, -1}, {1, 0}}, {0.5, 0.5}, {0, 1e9}, {1e-12, 50}).error().code == Errc::kLimitReached);
  CHECK(replicate({{0, 1e308}, {1e308, 0}}, {0.4, 0.6}, {0, 1}, {1e-12, 500}).error().code ==
        Errc::kLimitReached);
  CHECK(is_evolutionarily_stable({{1, 2}, {3}}, {1, 0}).error().code == Errc::kOutOfRange);
  CHECK(is_evolutionarily_stable({{1}}, {Rational(1, 2)}).error().code == Errc::kOutOfRange);
  CHECK(evolutionarily_stable_strategies(Matrix(11, std::vector<Rational>(11))).error().code ==
        Errc::kLimitReached);
}

}  // namespace
}  // namespace skywarden::games
