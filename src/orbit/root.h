// A root of a continuous function inside a bracket (Brent 1973, Algorithms for Minimization without
// Derivatives, chapter 4): never worse than bisection, much faster near a simple root.
#pragma once

#include <cmath>
#include <limits>
#include <utility>

namespace skywarden::orbit {

// f(low) and f(high) are given and have opposite signs (or one is zero). The answer is within `tolerance`.
template <typename Function>
[[nodiscard]] double find_root(const Function& f, double low, double high, double f_low, double f_high,
                               double tolerance) {
  constexpr int kRoundsMax = 100;  // bisection alone needs about 40 for a day to a microsecond
  double before = low;             // the bracket is always [best, opposite]; `before` is the last best
  double f_before = f_low;
  double opposite = low;
  double f_opposite = f_low;
  double best = high;
  double f_best = f_high;
  double step = high - low;
  double step_before = step;
  for (int round = 0; round < kRoundsMax; ++round) {
    if ((f_best > 0.0) == (f_opposite > 0.0)) {
      opposite = before;
      f_opposite = f_before;
      step = step_before = best - before;
    }
    if (std::abs(f_opposite) < std::abs(f_best)) {
      std::swap(best, opposite);
      std::swap(f_best, f_opposite);
      before = opposite;
      f_before = f_opposite;
    }
    const double enough = 2.0 * std::numeric_limits<double>::epsilon() * std::abs(best) + 0.5 * tolerance;
    const double half = 0.5 * (opposite - best);
    if (std::abs(half) <= enough || f_best == 0.0) return best;
    if (std::abs(step_before) < enough || std::abs(f_before) <= std::abs(f_best)) {
      step = step_before = half;
    } else {
      const double s = f_best / f_before;
      double p = 0.0;
      double q = 0.0;
      if (before == opposite) {  // secant
        p = 2.0 * half * s;
        q = 1.0 - s;
      } else {  // inverse quadratic interpolation
        const double a = f_before / f_opposite;
        const double r = f_best / f_opposite;
        p = s * (2.0 * half * a * (a - r) - (best - before) * (r - 1.0));
        q = (a - 1.0) * (r - 1.0) * (s - 1.0);
      }
      if (p > 0.0) q = -q;
      p = std::abs(p);
      const bool acceptable =
          2.0 * p < 3.0 * half * q - std::abs(enough * q) && p < std::abs(0.5 * step_before * q);
      step_before = acceptable ? step : half;
      step = acceptable ? p / q : half;
    }
    before = best;
    f_before = f_best;
    best += std::abs(step) > enough ? step : (half > 0.0 ? enough : -enough);
    f_best = f(best);
  }
  return best;
}

}  // namespace skywarden::orbit
