// How much a residual may count: the loss functions of robust regression, in scales of the residuals. A
// redescending one gives no weight at all to what lies far off, so that gross errors are left out.
#pragma once

namespace skywarden::statistics {

enum class LossKind {
  kHuber,     // straight beyond `cut`: far residuals still pull
  kBisquare,  // Tukey's: flat beyond `cut`
  // Linear, then two parabolas down to nothing (M. Koller and W. A. Stahel, "Sharpening Wald-type inference
  // in robust regression for small samples", Computational Statistics and Data Analysis 55 (2011) 2504-2515):
  // ψ is the identity up to `cut`, bends over `bend` and falls with slope 1 − `fall`.
  kLinearQuadratic
};

struct Loss {
  LossKind kind = LossKind::kHuber;
  double cut = 1.345;
  double bend = 0.0, fall = 0.0;  // kLinearQuadratic
};

// 95 % efficient at the normal.
inline constexpr Loss kHuber95{LossKind::kHuber, 1.345};
inline constexpr Loss kBisquare95{LossKind::kBisquare, 4.685061};
inline constexpr Loss kLinearQuadratic95{LossKind::kLinearQuadratic, 0.9822707, 1.4734061, 1.5};
// A scale by them has a breakdown point of one half and is consistent at the normal.
inline constexpr Loss kBisquareHalf{LossKind::kBisquare, 1.54764};
inline constexpr Loss kLinearQuadraticHalf{LossKind::kLinearQuadratic, 0.2676971, 0.4015457, 1.5};

// ψ(u)/u, the weight of a residual in least squares: 1 at 0, never negative.
[[nodiscard]] double loss_weight(const Loss& loss, double u);
// ρ(u)/ρ(∞) of a redescending loss, 0…1.
[[nodiscard]] double bounded_loss(const Loss& loss, double u);

}  // namespace skywarden::statistics
