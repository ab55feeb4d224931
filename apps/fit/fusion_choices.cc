#include "fusion_choices.h"

#include <algorithm>
#include <cmath>

namespace skywarden::fit {
namespace {

using onboard::GapSituation;
using onboard::Gate;
using Members = std::vector<const FusionExample*>;

constexpr std::size_t kFew = 500;  // examples of a class; fewer say nothing
constexpr int kSteps = 4;          // weights are tried in quarters
constexpr double kTail = 0.05;
constexpr double kSurely = 3.0;  // standard errors

double estimate_of(const FusionExample& example, const Gate& gate) {
  if (!gate.stands()) return example.chosen_by_trees;
  const auto fused = fuse(gate, example.opinions);
  return fused ? example.estimate + fused->correction : example.chosen_by_trees;
}

int points(const FusionExample& example, double estimate) {
  const double error = std::abs(example.truth - estimate);
  return (error <= example.tolerance ? 1 : 0) + (error <= 0.5 * example.tolerance ? 1 : 0);
}

// All ways to give the allowed models weights in steps whose sum is at most 1.
void add_weights(std::size_t opinions, const std::array<bool, onboard::kOpinionsMax>& allowed, std::size_t at,
                 int left, Gate& gate, std::vector<Gate>& out) {
  if (at == opinions) {
    if (gate.stands()) out.push_back(gate);
    return;
  }
  for (int step = 0; step <= (allowed[at] ? left : 0); ++step) {
    gate.weights[at] = static_cast<float>(step) / kSteps;
    add_weights(opinions, allowed, at + 1, left - step, gate, out);
  }
  gate.weights[at] = 0.0F;
}

std::vector<Gate> candidates(std::size_t opinions, const std::array<bool, onboard::kOpinionsMax>& allowed) {
  std::vector<Gate> out;
  for (const bool by_confidence : {false, true}) {
    Gate gate;
    gate.by_confidence = by_confidence;
    add_weights(opinions, allowed, 0, kSteps, gate, out);
  }
  return out;
}

void settle_interval(const Members& members, Gate& gate) {
  std::vector<double> errors;
  for (const FusionExample* example : members) {
    const auto fused = fuse(gate, example->opinions);
    if (!fused) continue;
    errors.push_back((static_cast<double>(example->truth) - example->estimate - fused->correction) /
                     std::exp(static_cast<double>(fused->log_error)));
  }
  if (errors.empty()) return;
  std::sort(errors.begin(), errors.end());
  const auto quantile = [&](double q) {
    return static_cast<float>(
        errors[static_cast<std::size_t>(std::lround(q * static_cast<double>(errors.size() - 1)))]);
  };
  gate.low = quantile(kTail);
  gate.high = quantile(1.0 - kTail);
}

Gate choose_gate(const Members& members, const std::vector<Gate>& tried) {
  Gate best;
  double best_gain = 0.0;
  if (members.size() < kFew) return best;
  for (const Gate& gate : tried) {
    double sum = 0.0, squares = 0.0;
    for (const FusionExample* example : members) {
      const double gain =
          points(*example, estimate_of(*example, gate)) - points(*example, example->chosen_by_trees);
      sum += gain;
      squares += gain * gain;
    }
    if (sum > kSurely * std::sqrt(squares) && sum > best_gain) {
      best = gate;
      best_gain = sum;
    }
  }
  if (best.stands()) settle_interval(members, best);
  return best;
}

}  // namespace

FusionScore score(std::span<const FusionExample> examples,
                  const std::array<Gate, GapSituation::kClasses>& gates) {
  FusionScore out;
  const double count = std::max<double>(1.0, static_cast<double>(examples.size()));
  for (const FusionExample& example : examples) {
    const double error = std::abs(example.truth - estimate_of(example, gates[example.gap]));
    out.within += error <= example.tolerance ? 1.0 / count : 0.0;
    out.within_half += error <= 0.5 * example.tolerance ? 1.0 / count : 0.0;
  }
  return out;
}

std::array<Gate, GapSituation::kClasses> choose_gates(
    std::span<const FusionExample> examples, std::size_t opinions,
    const std::array<bool, onboard::kOpinionsMax>& allowed) {
  std::array<Members, GapSituation::kClasses> classes;
  for (const FusionExample& example : examples) classes[example.gap].push_back(&example);
  const std::vector<Gate> tried = candidates(opinions, allowed);
  std::array<Gate, GapSituation::kClasses> out;
  for (std::size_t c = 0; c < classes.size(); ++c) out[c] = choose_gate(classes[c], tried);
  return out;
}

}  // namespace skywarden::fit
