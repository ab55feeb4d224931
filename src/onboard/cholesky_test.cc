#include "onboard/cholesky.h"

#include <doctest/doctest.h>

#include <array>

using namespace skywarden::onboard;

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
