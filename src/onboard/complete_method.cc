#include "onboard/complete_method.h"

#include "base/contract.h"

namespace skywarden::onboard {
namespace {

constexpr double kStep = 0.05;  // of a quantile, as a share of itself, for one measurement

std::size_t of(Method method) {
  return static_cast<std::size_t>(method);
}

}  // namespace

std::string_view to_string(Method method) {
  constexpr std::array<std::string_view, kMethods> kNames{"trees", "baseline", "rules"};
  return kNames[of(method)];
}

MethodLadder::MethodLadder(Method best, const LadderOptions& options)
    : best_(best), share_(options.quantile), learning_(static_cast<double>(options.learning.count())) {
  EXPECTS(options.quantile > 0.0 && options.quantile < 1.0 && options.learning.count() > 0);
  for (std::size_t m = 0; m < kMethods; ++m) {
    EXPECTS(options.costs[m].count() > 0);
    costs_[m] = static_cast<double>(options.costs[m].count());
  }
}

Method MethodLadder::choose(std::chrono::nanoseconds left) const {
  for (std::size_t m = of(best_); m + 1 < kMethods; ++m)
    if (costs_[m] <= static_cast<double>(left.count())) return static_cast<Method>(m);
  return Method::kRules;
}

bool MethodLadder::time_to_learn(std::chrono::nanoseconds left) const {
  return learning_ + costs_[of(Method::kRules)] <= static_cast<double>(left.count());
}

// Stochastic approximation of a quantile (Robbins and Monro, 1951), with steps in proportion to it.
void MethodLadder::move_towards(double& quantile, std::chrono::nanoseconds cost) const {
  const bool above = static_cast<double>(cost.count()) > quantile;
  quantile *= 1.0 + kStep * (above ? share_ : share_ - 1.0);
}

void MethodLadder::measured(Method method, std::chrono::nanoseconds cost) {
  move_towards(costs_[of(method)], cost);
}

void MethodLadder::measured_learning(std::chrono::nanoseconds cost) {
  move_towards(learning_, cost);
}

std::chrono::nanoseconds MethodLadder::cost(Method method) const {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(costs_[of(method)]));
}

std::chrono::nanoseconds MethodLadder::learning_cost() const {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(learning_));
}

}  // namespace skywarden::onboard
