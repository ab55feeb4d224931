// The grid on which a number travels: a whole number of steps instead of a float, so that neighbours in time
// differ by little and take a byte. The step is the resolution that the schema states; where it states none,
// a power of ten of at most a tenth of the absolute tolerance; where it states neither the number travels
// exactly and has no grid. Rounding to the grid is off by at most half a step: half the resolution, or a
// twentieth of the tolerance.
#pragma once

#include <cstdint>
#include <optional>

#include "datum/schema.h"

namespace skywarden::onboard {

class FieldGrid {
 public:
  // Either way; few enough that steps survive the way to a double and back, whatever the step.
  static constexpr std::int64_t kStepsMax = std::int64_t{1} << 40;

  // Nothing for a field that is no number, and for a number without resolution and tolerance.
  [[nodiscard]] static std::optional<FieldGrid> of(const datum::FieldSpec& spec);

  [[nodiscard]] double step() const { return step_; }
  // The nearest step; nothing when the number is too far out.
  [[nodiscard]] std::optional<std::int64_t> to_steps(double value) const;
  // For a step of 0.1 the very double that "12.3" reads as.
  [[nodiscard]] double to_value(std::int64_t steps) const;

 private:
  explicit FieldGrid(double step);
  double step_;
  double per_unit_ =
      0.0;  // whole number of steps in 1, when there is one; dividing by it is exact to the last bit
};

}  // namespace skywarden::onboard
