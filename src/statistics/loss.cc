#include "statistics/loss.h"

#include <cmath>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

// Koller and Stahel's three pieces end at `cut`, at `knee` and at `knee` + `tail`.
struct Pieces {
  double knee = 0.0, tail = 0.0;
  double slope_min = 0.0;  // of ψ, at the knee
  double top = 0.0;        // ψ at the knee
};

Pieces pieces_of(const Loss& loss) {
  Pieces out;
  out.knee = loss.cut + loss.bend;
  out.slope_min = 1.0 - loss.fall;
  out.top = out.knee - loss.fall * loss.bend / 2.0;
  // From the knee ψ' climbs in a straight line from slope_min to 0 and takes ψ to 0.
  out.tail = -2.0 * out.top / out.slope_min;
  return out;
}

double linear_quadratic_psi(const Loss& loss, double a) {
  if (a <= loss.cut) return a;
  const Pieces p = pieces_of(loss);
  if (a <= p.knee) return a - loss.fall * (a - loss.cut) * (a - loss.cut) / (2.0 * loss.bend);
  const double past = a - p.knee;
  if (past >= p.tail) return 0.0;
  return p.top + p.slope_min * past * (1.0 - past / (2.0 * p.tail));
}

// ∫₀ᵃ ψ
double linear_quadratic_rho(const Loss& loss, double a) {
  const auto middle = [&](double b) {
    const double bent = b - loss.cut;
    return b * b / 2.0 - loss.fall * bent * bent * bent / (6.0 * loss.bend);
  };
  if (a <= loss.cut) return a * a / 2.0;
  const Pieces p = pieces_of(loss);
  if (a <= p.knee) return middle(a);
  const double past = std::fmin(a - p.knee, p.tail);
  return middle(p.knee) + past * (p.top + past * p.slope_min * (0.5 - past / (6.0 * p.tail)));
}

}  // namespace

double loss_weight(const Loss& loss, double u) {
  const double a = std::fabs(u);
  switch (loss.kind) {
    case LossKind::kHuber:
      return a <= loss.cut ? 1.0 : loss.cut / a;
    case LossKind::kBisquare: {
      const double inside = a < loss.cut ? 1.0 - (a / loss.cut) * (a / loss.cut) : 0.0;
      return inside * inside;
    }
    case LossKind::kLinearQuadratic:
      return a <= loss.cut ? 1.0 : std::fmax(0.0, linear_quadratic_psi(loss, a) / a);
  }
  return 0.0;
}

double bounded_loss(const Loss& loss, double u) {
  EXPECTS(loss.kind != LossKind::kHuber);
  const double a = std::fabs(u);
  if (loss.kind == LossKind::kBisquare) {
    const double inside = a < loss.cut ? 1.0 - (a / loss.cut) * (a / loss.cut) : 0.0;
    return 1.0 - inside * inside * inside;
  }
  const Pieces p = pieces_of(loss);
  return linear_quadratic_rho(loss, a) / linear_quadratic_rho(loss, p.knee + p.tail);
}

}  // namespace skywarden::statistics
