#include "games/replicator.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace skywarden::games {
namespace {

Population change(const PayoffMatrix& payoffs, const Population& x) {
  Population earned(x.size());
  double average = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    earned[i] = std::inner_product(x.begin(), x.end(), payoffs[i].begin(), 0.0);
    average += x[i] * earned[i];
  }
  for (std::size_t i = 0; i < x.size(); ++i) earned[i] = x[i] * (earned[i] - average);
  return earned;
}

// Dormand and Prince's table; the last stage is taken at the step's end, for the error alone.
constexpr std::array<std::array<double, 6>, 6> kStage = {{
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
}};
constexpr std::array<double, 7> kError = {71.0 / 57600,      0,          -71.0 / 16695, 71.0 / 1920,
                                          -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

struct Step {
  Population end;
  double error = 0;
};

Step try_step(const PayoffMatrix& payoffs, const Population& x, const Population& slope, double length) {
  std::array<Population, 7> slopes;
  slopes[0] = slope;
  Step step;
  for (std::size_t stage = 0; stage < kStage.size(); ++stage) {
    step.end = x;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double sum = 0;
      for (std::size_t k = 0; k <= stage; ++k) sum += kStage[stage][k] * slopes[k][i];
      step.end[i] += length * sum;
    }
    slopes[stage + 1] = change(payoffs, step.end);
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    double off = 0;
    for (std::size_t k = 0; k < kError.size(); ++k) off += kError[k] * slopes[k][i];
    if (!std::isfinite(off)) {  // std::max would pass over what is no number
      step.error = std::numeric_limits<double>::infinity();
      return step;
    }
    step.error = std::max(step.error, std::fabs(length * off));
  }
  return step;
}

Result<void> validate(const PayoffMatrix& payoffs, const Population& start, const std::vector<double>& times,
                      const ReplicatorOptions& options) {
  const std::size_t n = start.size();
  if (n == 0 || n > kReplicatorStrategiesMax)
    return fail(Errc::kOutOfRange, "expected 1 to {} strategies, found {}", kReplicatorStrategiesMax, n);
  if (payoffs.size() != n || std::any_of(payoffs.begin(), payoffs.end(), [&](const auto& row) {
        return row.size() != n ||
               !std::all_of(row.begin(), row.end(), [](double a) { return std::isfinite(a); });
      }))
    return fail(Errc::kOutOfRange, "expected {} rows of {} finite payoffs", n, n);
  if (!std::all_of(start.begin(), start.end(), [](double x) { return x >= 0 && x <= 1; }) ||
      std::fabs(std::accumulate(start.begin(), start.end(), 0.0) - 1) > 1e-9)
    return fail(Errc::kOutOfRange, "expected shares of 0 to 1 that sum to 1");
  if (times.empty() || !std::all_of(times.begin(), times.end(), [](double t) { return std::isfinite(t); }) ||
      !std::is_sorted(times.begin(), times.end()))
    return fail(Errc::kOutOfRange, "expected times in ascending order");
  if (!(options.tolerance > 0)) return fail(Errc::kOutOfRange, "expected a tolerance above 0");
  return {};
}

}  // namespace

Result<std::vector<Population>> replicate(const PayoffMatrix& payoffs, const Population& start,
                                          const std::vector<double>& times,
                                          const ReplicatorOptions& options) {
  if (auto sound = validate(payoffs, start, times, options); !sound) return tl::unexpected(sound.error());
  std::vector<Population> course = {start};
  Population x = start;
  Population slope = change(payoffs, x);
  double now = times.front();
  double length = 1e-3;
  std::size_t steps = 0;
  for (std::size_t next = 1; next < times.size(); ++next) {
    while (now < times[next]) {
      if (++steps > options.steps_max)
        return fail(Errc::kLimitReached, "expected at most {} steps until {}", options.steps_max,
                    times.back());
      const double left = times[next] - now;
      const bool last = length >= left;
      Step step = try_step(payoffs, x, slope, last ? left : length);
      // Written so that what is no number counts as too far off.
      const bool kept = step.error <= options.tolerance;
      if (kept) {
        now = last ? times[next] : now + length;
        // Where payoffs are negative the equation drives a sum that rounding has moved further from one.
        const double sum = std::accumulate(step.end.begin(), step.end.end(), 0.0);
        for (double& share : step.end) share /= sum;
        x = std::move(step.end);
        slope = change(payoffs, x);
      }
      const double grow = kept && step.error == 0 ? 5.0 : 0.9 * std::pow(options.tolerance / step.error, 0.2);
      if (!kept || !last) length = (last ? left : length) * (grow >= 0.2 ? std::min(grow, 5.0) : 0.2);
    }
    course.push_back(x);
  }
  return course;
}

}  // namespace skywarden::games
