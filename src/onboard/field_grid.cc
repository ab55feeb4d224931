#include "onboard/field_grid.h"

#include <array>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr std::array<double, 13> kPowersOfTen{1e6,  1e5,  1e4,  1e3,  1e2,  1e1, 1.0,
                                              1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6};
constexpr double kShareOfTolerance = 0.1;

}  // namespace

FieldGrid::FieldGrid(double step) : step_(step) {
  const double whole = std::round(1.0 / step);
  if (step < 1.0 && std::abs(whole * step - 1.0) < 1e-12) per_unit_ = whole;
}

std::optional<FieldGrid> FieldGrid::of(const datum::FieldSpec& spec) {
  if (spec.kind != datum::FieldKind::kNumber) return std::nullopt;
  const double resolution = spec.resolution.value_or(0.0);
  if (std::isfinite(resolution) && resolution > 0.0) return FieldGrid(resolution);
  for (const double power : kPowersOfTen)
    if (power <= spec.tolerance_abs * kShareOfTolerance) return FieldGrid(power);
  return std::nullopt;
}

std::optional<std::int64_t> FieldGrid::to_steps(double value) const {
  const double steps = std::round(per_unit_ > 0.0 ? value * per_unit_ : value / step_);
  if (!(std::abs(steps) <= static_cast<double>(kStepsMax))) return std::nullopt;
  return static_cast<std::int64_t>(steps);
}

double FieldGrid::to_value(std::int64_t steps) const {
  const auto whole = static_cast<double>(steps);
  return per_unit_ > 0.0 ? whole / per_unit_ : whole * step_;
}

}  // namespace skywarden::onboard
