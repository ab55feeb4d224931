#include "statistics/regression.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "statistics/least_squares.h"
#include "statistics/location.h"
#include "statistics/quantile.h"

namespace skywarden::statistics {
namespace {

constexpr double kNormalQuartile = 0.6745;  // as MASS prints it
constexpr double kProposal2Cut = 1.345;
constexpr int kStepsMax = 2'000;
constexpr double kChangeMax = 1e-12;

double median_scale(std::span<const double> residuals) {
  std::vector<double> sizes;
  for (const double r : residuals) sizes.push_back(std::fabs(r));
  return median(sizes) / kNormalQuartile;
}

double proposal_2_scale(std::span<const double> residuals, std::size_t columns, double scale) {
  const double cut = kProposal2Cut * scale;
  double squares = 0.0;
  for (const double r : residuals) squares += std::min(r * r, cut * cut);
  const auto free = static_cast<double>(residuals.size() - columns);
  return std::sqrt(squares / (free * huber_consistency(kProposal2Cut)));
}

double relative_change(std::span<const double> old, std::span<const double> now) {
  double difference = 0.0, length = 0.0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    difference += (old[i] - now[i]) * (old[i] - now[i]);
    length += old[i] * old[i];
  }
  return std::sqrt(difference / std::max(1e-20, length));
}

}  // namespace

std::optional<Regression> m_regression(Rows x, std::span<const double> y, const Loss& loss,
                                       ResidualScale scale_kind) {
  if (x.count() <= x.width()) return std::nullopt;
  auto fit = least_squares(x, y);
  if (!fit) return std::nullopt;
  double scale = median_scale(fit->residuals);
  std::vector<double> weights(x.count());
  for (int step = 0; step < kStepsMax; ++step) {
    scale = scale_kind == ResidualScale::kMedian ? median_scale(fit->residuals)
                                                 : proposal_2_scale(fit->residuals, x.width(), scale);
    if (!(scale > 0.0)) return std::nullopt;
    for (std::size_t i = 0; i < x.count(); ++i) weights[i] = loss_weight(loss, fit->residuals[i] / scale);
    auto next = least_squares(x, y, weights);
    if (!next) return std::nullopt;
    const double change = relative_change(fit->residuals, next->residuals);
    fit = std::move(next);
    if (change <= kChangeMax) break;
  }
  return Regression{std::move(fit->coefficients), scale, std::move(fit->residuals)};
}

}  // namespace skywarden::statistics
