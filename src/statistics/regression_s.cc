// S-, MM- and SMDM-estimates of regression.h.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/contract.h"
#include "base/random.h"
#include "statistics/least_squares.h"
#include "statistics/quantile.h"
#include "statistics/regression.h"
#include "statistics/subsets.h"

namespace skywarden::statistics {
namespace {

constexpr int kSmdmFirstSteps = 2;  // as robustbase's setting KS2014
constexpr std::size_t kSmdmBest = 20;
constexpr int kStepsMax = 2'000;
constexpr int kScaleStepsMax = 500;
constexpr double kScaleChangeMax = 1e-10;
constexpr double kHalf = 0.5;  // the mean loss at the scale, hence the breakdown point

double loss_per_free_row(std::span<const double> residuals, std::size_t columns, const Loss& loss,
                         double scale) {
  double sum = 0.0;
  for (const double r : residuals) sum += bounded_loss(loss, r / scale);
  return sum / static_cast<double>(residuals.size() - columns);
}

double next_scale(std::span<const double> residuals, std::size_t columns, const Loss& loss, double scale) {
  return scale * std::sqrt(loss_per_free_row(residuals, columns, loss, scale) / kHalf);
}

double s_scale(std::span<const double> residuals, std::size_t columns, const Loss& loss, double scale) {
  for (int step = 0; step < kScaleStepsMax && scale > 0.0; ++step) {
    const double next = next_scale(residuals, columns, loss, scale);
    const bool done = std::fabs(next - scale) <= kScaleChangeMax * scale;
    scale = next;
    if (done) break;
  }
  return scale;
}

struct Candidate {
  std::vector<double> coefficients;
  double scale = std::numeric_limits<double>::infinity();
};

// By lengths |·|₂.
bool stands(std::span<const double> old, std::span<const double> now, double tolerance) {
  double change = 0.0, size = 0.0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    change += (old[i] - now[i]) * (old[i] - now[i]);
    size += old[i] * old[i];
  }
  return std::sqrt(change) <= tolerance * std::max(tolerance, std::sqrt(size));
}

// By sums of sizes |·|₁.
bool stands_by_sum(std::span<const double> old, std::span<const double> now, double tolerance) {
  double change = 0.0, size = 0.0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    change += std::fabs(old[i] - now[i]);
    size += std::fabs(now[i]);
  }
  return change <= tolerance * std::max(tolerance, size);
}

std::vector<double> weights_of(std::span<const double> residuals, const Loss& loss, double scale) {
  std::vector<double> weights;
  weights.reserve(residuals.size());
  for (const double r : residuals) weights.push_back(loss_weight(loss, r / scale));
  return weights;
}

class Search {
 public:
  Search(Rows x, std::span<const double> y, const Loss& loss, const SearchOptions& options)
      : x_(x),
        y_(y),
        loss_(loss),
        first_steps_(options.first_steps),
        best_max_(options.best),
        tolerance_(options.tolerance) {
    EXPECTS(options.best > 0 && options.tolerance > 0.0);
  }

  // An exact fit through those rows, a few steps on, kept when it is among the best. A set of rows that
  // determine nothing is no start.
  void start_from(std::span<const std::size_t> rows) {
    std::vector<double> few_x, few_y;
    for (const std::size_t row : rows) {
      few_x.insert(few_x.end(), x_[row].begin(), x_[row].end());
      few_y.push_back(y_[row]);
    }
    const auto exact = least_squares(Rows(few_x, x_.width()), few_y);
    if (!exact) return;
    Candidate candidate{exact->coefficients, 0.0};
    std::vector<double> residuals = residuals_of(x_, y_, candidate.coefficients);
    std::vector<double> sizes;
    for (const double r : residuals) sizes.push_back(std::fabs(r));
    candidate.scale = median(sizes) * kMadToSigma;
    for (int step = 0; step < first_steps_ && candidate.scale > 0.0; ++step)
      if (!advance(candidate, residuals)) return;
    if (!(candidate.scale > 0.0)) {
      exact_fit_ = true;
      return;
    }
    keep(std::move(candidate), residuals);
  }

  [[nodiscard]] std::optional<Regression> finish() {
    if (exact_fit_) return std::nullopt;
    Candidate best;
    for (Candidate candidate : best_) {
      std::vector<double> residuals = residuals_of(x_, y_, candidate.coefficients);
      bool sound = true;
      for (int step = 0; sound && step < kStepsMax; ++step) {
        const std::vector<double> old = candidate.coefficients;
        sound = advance(candidate, residuals);
        if (stands(old, candidate.coefficients, tolerance_)) break;
      }
      if (!sound) continue;
      if (candidate.scale < best.scale) best = std::move(candidate);
    }
    if (best.coefficients.empty() || !(best.scale > 0.0)) return std::nullopt;
    std::vector<double> residuals = residuals_of(x_, y_, best.coefficients);
    return Regression{std::move(best.coefficients), best.scale, std::move(residuals)};
  }

 private:
  // One step of the scale and one of the coefficients.
  [[nodiscard]] bool advance(Candidate& candidate, std::vector<double>& residuals) const {
    candidate.scale = next_scale(residuals, x_.width(), loss_, candidate.scale);
    if (!(candidate.scale > 0.0)) return true;
    auto fit = least_squares(x_, y_, weights_of(residuals, loss_, candidate.scale));
    if (!fit) return false;
    candidate.coefficients = std::move(fit->coefficients);
    residuals = std::move(fit->residuals);
    return true;
  }

  void keep(Candidate candidate, std::span<const double> residuals) {
    const bool full = best_.size() == best_max_;
    if (full && !(loss_per_free_row(residuals, x_.width(), loss_, best_.back().scale) < kHalf)) return;
    candidate.scale = s_scale(residuals, x_.width(), loss_, candidate.scale);
    const auto place =
        std::upper_bound(best_.begin(), best_.end(), candidate.scale,
                         [](double scale, const Candidate& other) { return scale < other.scale; });
    best_.insert(place, std::move(candidate));
    if (full) best_.pop_back();
  }

  Rows x_;
  std::span<const double> y_;
  Loss loss_;
  int first_steps_;
  std::size_t best_max_;
  double tolerance_;
  std::vector<Candidate> best_;  // by scale
  bool exact_fit_ = false;
};

// The M-estimate with the scale held fast.
std::optional<Regression> m_from(Regression start, Rows x, std::span<const double> y, const Loss& loss,
                                 double tolerance) {
  for (int step = 0; step < kStepsMax; ++step) {
    auto fit = least_squares(x, y, weights_of(start.residuals, loss, start.scale));
    if (!fit) return std::nullopt;
    const bool done = stands_by_sum(start.coefficients, fit->coefficients, tolerance);
    start.coefficients = std::move(fit->coefficients);
    start.residuals = std::move(fit->residuals);
    if (done) break;
  }
  return start;
}

// The mean of ψ(z) z over that of ψ(z)/z for a normal z, by the ten points of Gauss and Hermite
// (Abramowitz and Stegun, table 25.10), as robustbase takes them.
double design_consistency(const Loss& loss) {
  constexpr std::array kPoints = {0.342901327223705, 1.036610829789514, 1.756683649299882, 2.532731674232790,
                                  3.436159118837738};
  constexpr std::array kWeights = {0.687081853951, 0.703296323105, 0.741441931943, 0.820666126405,
                                   1.025451691370};  // times e^{x²}
  double above = 0.0, below = 0.0;
  for (std::size_t i = 0; i < kPoints.size(); ++i) {
    const double z = kPoints[i];
    const double share = kWeights[i] * std::exp(-0.5 * z * z) * loss_weight(loss, z);
    above += share * z * z;
    below += share;
  }
  return above / below;
}

// How far the usual residual of a row falls short of its error, given its leverage: Koller and Stahel's
// approximation for this loss.
double shrinkage(double leverage) {
  return std::sqrt(1.0 - 0.94736359 * leverage) * (1.0 - 0.08594805 * leverage);
}

std::optional<double> design_scale(const Regression& fit, Rows x, const Loss& loss, double tolerance) {
  const std::vector<double> first = weights_of(fit.residuals, loss, fit.scale);
  const auto leverage = leverages(x, first);
  if (!leverage) return std::nullopt;
  const double consistency = design_consistency(loss);
  std::vector<double> shrunk;
  for (const double h : *leverage) shrunk.push_back(shrinkage(h));
  const auto scale_by = [&](const std::vector<double>& weights) {
    double above = 0.0, below = 0.0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      above += weights[i] * fit.residuals[i] * fit.residuals[i];
      below += weights[i] * shrunk[i] * shrunk[i];
    }
    return std::sqrt(above / below / consistency);
  };
  double scale = scale_by(first);
  std::vector<double> standardised;
  for (std::size_t i = 0; i < shrunk.size(); ++i) standardised.push_back(fit.residuals[i] / shrunk[i]);
  for (int step = 0; step < kStepsMax; ++step) {
    if (!(scale > 0.0) || !std::isfinite(scale)) return std::nullopt;
    const double next = scale_by(weights_of(standardised, loss, scale));
    const bool done = std::fabs(next - scale) <= tolerance * scale;
    scale = next;
    if (done) break;
  }
  return scale;
}

}  // namespace

std::optional<Regression> s_regression(Rows x, std::span<const double> y, const Loss& loss,
                                       const SearchOptions& options) {
  EXPECTS(y.size() == x.count());
  const std::size_t n = x.count(), p = x.width();
  if (n <= p || !least_squares(x, y)) return std::nullopt;
  Search search(x, y, loss, options);
  std::vector<std::size_t> rows(p);
  std::iota(rows.begin(), rows.end(), 0);
  if (few_subsets(n, p, options.exact_max)) {
    do search.start_from(rows);
    while (next_subset(rows, n));
    return search.finish();
  }
  Random random(options.seed);
  std::vector<std::size_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t sample = 0; sample < options.samples; ++sample) {
    for (std::size_t i = 0; i < p; ++i) std::swap(all[i], all[i + random.below(n - i)]);
    search.start_from(std::span<const std::size_t>(all).first(p));
  }
  return search.finish();
}

std::optional<Regression> mm_regression(Rows x, std::span<const double> y, const SearchOptions& options) {
  auto start = s_regression(x, y, kBisquareHalf, options);
  if (!start) return std::nullopt;
  return m_from(std::move(*start), x, y, kBisquare95, options.tolerance);
}

std::optional<Regression> smdm_regression(Rows x, std::span<const double> y, SearchOptions options) {
  options.first_steps = std::max(options.first_steps, kSmdmFirstSteps);
  options.best = std::max(options.best, kSmdmBest);
  auto fit = s_regression(x, y, kLinearQuadraticHalf, options);
  if (fit) fit = m_from(std::move(*fit), x, y, kLinearQuadratic95, options.tolerance);
  if (!fit) return std::nullopt;
  const auto scale = design_scale(*fit, x, kLinearQuadratic95, options.tolerance);
  if (!scale) return std::nullopt;
  fit->scale = *scale;
  return m_from(std::move(*fit), x, y, kLinearQuadratic95, options.tolerance);
}

}  // namespace skywarden::statistics
