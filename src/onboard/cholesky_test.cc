#include "onboard/cholesky.h"

#include <doctest/doctest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/random.h"

using namespace skywarden::onboard;

namespace {

// By rows, one number at a time.
void solve_slowly(std::vector<double>& a, std::vector<double>& b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum > 0.0 ? sum : 1e30) : sum / a[j * n + j];
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
}

}  // namespace

TEST_CASE("systems of every size are solved to the last bit as one number at a time would") {
  skywarden::Random random(7);
  for (std::size_t n = 1; n <= 40; ++n) {
    // Fewer rows than unknowns at times: then some depend on the others.
    const std::size_t rows = n % 3 == 0 ? n / 2 + 1 : 2 * n;
    std::vector<double> x(rows * n), a(n * n, 0.0), b(n);
    for (double& each : x) each = random.uniform() - 0.5;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) a[i * n + j] += x[r * n + i] * x[r * n + j];
    for (double& each : b) each = random.uniform();
    std::vector<double> slow_a = a, slow_b = b;
    solve_slowly(slow_a, slow_b);
    REQUIRE(solve_cholesky(a, b, Dependent::kGetsZero));
    for (std::size_t i = 0; i < n; ++i)
      CHECK(std::bit_cast<std::uint64_t>(b[i]) == std::bit_cast<std::uint64_t>(slow_b[i]));
  }
}

TEST_CASE("a positive definite system is solved") {
  std::array<double, 9> a{4, 2, 1, 2, 5, 3, 1, 3, 6};
  std::array<double, 3> b{4 * 1 + 2 * -2 + 1 * 3, 2 * 1 + 5 * -2 + 3 * 3, 1 * 1 + 3 * -2 + 6 * 3};
  REQUIRE(solve_cholesky(a, b, Dependent::kFails));
  CHECK(b[0] == doctest::Approx(1.0));
  CHECK(b[1] == doctest::Approx(-2.0));
  CHECK(b[2] == doctest::Approx(3.0));
}

TEST_CASE("an unknown that depends on another fails or gets nothing, as asked") {
  const std::array<double, 4> twice{1, 2, 2, 4};
  std::array<double, 4> a = twice;
  std::array<double, 2> b{3, 6};
  CHECK_FALSE(solve_cholesky(a, b, Dependent::kFails));
  a = twice;
  b = {3, 6};
  REQUIRE(solve_cholesky(a, b, Dependent::kGetsZero, 1e-12));
  CHECK(b[0] == doctest::Approx(3.0));
  CHECK(b[1] == doctest::Approx(0.0));
}
