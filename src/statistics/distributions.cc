#include "statistics/distributions.h"

#include <cmath>
#include <numbers>

#include "base/contract.h"

namespace skywarden::statistics {
namespace {

constexpr int kHalvings = 200;  // more than a double has bits; stops by itself when nothing lies between

// Where `below(x)` reaches the probability, between two places that enclose it.
template <typename Below>
double inverse(double probability, double low, double high, const Below& below) {
  for (int i = 0; i < kHalvings; ++i) {
    const double middle = low + (high - low) / 2.0;
    if (middle <= low || middle >= high) break;
    (below(middle) < probability ? low : high) = middle;
  }
  return low + (high - low) / 2.0;
}

}  // namespace

double normal_density(double z) {
  return std::exp(-0.5 * z * z) / std::sqrt(2.0 * std::numbers::pi);
}

double normal_below(double z) {
  return 0.5 * std::erfc(-z / std::numbers::sqrt2);
}

double normal_quantile(double probability) {
  EXPECTS(probability > 0.0 && probability < 1.0);
  if (probability > 0.5) return -normal_quantile(1.0 - probability);
  return inverse(probability, -40.0, 0.0, normal_below);
}

double chi_squared_below(double x, std::size_t freedom) {
  EXPECTS(freedom >= 1 && freedom <= 1000);
  if (!(x > 0.0)) return 0.0;
  // A&S 26.4.4 and 26.4.5: a tail, and terms that follow one another by x/2 over the next half number.
  const double half = x / 2.0;
  const bool odd = freedom % 2 == 1;
  double above = odd ? std::erfc(std::sqrt(half)) : std::exp(-half);
  double term = odd ? 2.0 * std::sqrt(half / std::numbers::pi) * std::exp(-half) : half * std::exp(-half);
  double next = odd ? 1.5 : 2.0;
  for (std::size_t k = odd ? 3 : 4; k <= freedom; k += 2) {
    above += term;
    term *= half / next;
    next += 1.0;
  }
  return std::fmax(0.0, 1.0 - above);
}

double chi_squared_quantile(double probability, std::size_t freedom) {
  EXPECTS(probability >= 0.0 && probability < 1.0);
  if (probability == 0.0) return 0.0;
  double high = static_cast<double>(freedom);
  while (high < 1e6 && chi_squared_below(high, freedom) < probability) high *= 2.0;
  return inverse(probability, 0.0, high, [&](double x) { return chi_squared_below(x, freedom); });
}

}  // namespace skywarden::statistics
