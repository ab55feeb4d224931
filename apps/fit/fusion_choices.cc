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
constexpr double kWidthMost = 4.0;
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
  if (at == std::min(opinions, gate.weights.size())) {
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

// The width at which as many truths lie within the interval as in the trees' own.
void settle_width(const Members& members, Gate& gate) {
  const auto in_widths = [](const FusionExample& example, double estimate) {
    const double error = example.truth - estimate, side = error < 0.0 ? example.below : example.above;
    return side > 0.0 ? std::abs(error) / side : error == 0.0 ? 0.0 : kWidthMost;
  };
  std::vector<double> errors;
  std::size_t held = 0;
  for (const FusionExample* example : members) {
    held += in_widths(*example, example->chosen_by_trees) <= 1.0 ? 1 : 0;
    errors.push_back(in_widths(*example, estimate_of(*example, gate)));
  }
  std::sort(errors.begin(), errors.end());
  gate.width =
      static_cast<float>(std::clamp(held > 0 ? errors[held - 1] : 1.0, 1.0 / kWidthMost, kWidthMost));
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
  if (best.stands()) settle_width(members, best);
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
