// The ways to complete a record, the best and dearest first, and which of them still fits before a deadline:
// the method is degraded rather than the deadline missed. Costs are measured by whoever has a clock and told;
// nothing here reads one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skywarden::onboard {

// Each does what those behind it do and more. kRules: copies and bonds between fields, else the last known
// value. kBaseline: estimates learnt from the records themselves. kTrees: these reviewed by a trained model.
enum class Method : std::uint8_t { kTrees, kBaseline, kRules };
inline constexpr std::size_t kMethods = 3;
[[nodiscard]] std::string_view to_string(Method method);

struct LadderOptions {
  // What a record costs before any was measured, by method, and what learning from a slot does.
  std::array<std::chrono::nanoseconds, kMethods> costs{
      std::chrono::microseconds(400), std::chrono::microseconds(60), std::chrono::microseconds(15)};
  std::chrono::nanoseconds learning{std::chrono::milliseconds(2)};
  double quantile = 0.95;  // of the measured costs that a choice counts on
};

class MethodLadder {
 public:
  explicit MethodLadder(Method best, const LadderOptions& options = {});

  // The best method that is expected to be done in time; kRules when none is.
  [[nodiscard]] Method choose(std::chrono::nanoseconds left) const;
  // Whether learning from a slot leaves time for at least the rules.
  [[nodiscard]] bool time_to_learn(std::chrono::nanoseconds left) const;

  void measured(Method method, std::chrono::nanoseconds cost);
  void measured_learning(std::chrono::nanoseconds cost);
  [[nodiscard]] std::chrono::nanoseconds cost(Method method) const;
  [[nodiscard]] std::chrono::nanoseconds learning_cost() const;

 private:
  void move_towards(double& quantile, std::chrono::nanoseconds cost) const;

  Method best_;
  double share_;
  std::array<double, kMethods> costs_{};  // ns
  double learning_ = 0.0;
};

}  // namespace skywarden::onboard
