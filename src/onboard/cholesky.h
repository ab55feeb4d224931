// Solves small dense systems A x = b, A symmetric and positive definite, by Cholesky's decomposition (Golub
// and Van Loan, Matrix Computations, §4.2). In place, without allocation: completion solves millions of them.
#pragma once

#include <cstddef>
#include <span>

namespace skywarden::onboard {

// What to do with an unknown that depends on the ones before it, so that its pivot is not above `pivot_min`.
enum class Dependent {
  kFails,    // the system has no solution to give
  kGetsZero  // it says nothing new: practically no coefficient
};

// `a` is n × n by rows, `b` holds n numbers and becomes x. False when Dependent::kFails applied; both are
// then void.
[[nodiscard]] bool solve_cholesky(std::span<double> a, std::span<double> b, Dependent dependent,
                                  double pivot_min = 0.0);

}  // namespace skywarden::onboard
