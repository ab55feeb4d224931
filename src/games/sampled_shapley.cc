#include "games/sampled_shapley.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.h"

namespace skywarden::games {
namespace {

// Each bound misses with at most half of `miss`, shared among the players and both sides.
double error_bound(double variance, const SamplingOptions& options, std::size_t players) {
  const double range = options.most - options.least;
  const auto n = static_cast<double>(options.orders);
  const double log_term = std::log(4.0 * static_cast<double>(players) / options.miss);
  const double hoeffding = range * std::sqrt(log_term / (2 * n));
  const double log_term_with_variance = log_term + std::log(2.0);  // the variance may be missed too
  const double bernstein = std::sqrt(2 * variance * log_term_with_variance / n) +
                           7 * range * log_term_with_variance / (3 * (n - 1));
  return std::min(hoeffding, bernstein);
}

}  // namespace

SampledShapley sampled_shapley(std::size_t players, const CoalitionValue& value,
                               const SamplingOptions& options, Random& random) {
  EXPECTS(options.orders >= 2 && options.least < options.most && options.miss > 0 && options.miss < 1);
  std::vector<double> mean(players, 0.0), spread(players, 0.0);  // Welford's
  std::vector<std::size_t> order(players);
  std::iota(order.begin(), order.end(), std::size_t{0});
  for (std::size_t sample = 1; sample <= options.orders; ++sample) {
    random.shuffle(std::span(order));
    std::vector<std::size_t> present;
    present.reserve(players);
    double before = value(present);
    for (const std::size_t player : order) {
      present.push_back(player);
      const double now = value(present);
      const double adds = now - before;
      EXPECTS(adds >= options.least && adds <= options.most);
      const double away = adds - mean[player];
      mean[player] += away / static_cast<double>(sample);
      spread[player] += away * (adds - mean[player]);
      before = now;
    }
  }
  SampledShapley result{mean, {}};
  for (const double sum : spread)
    result.errors.push_back(error_bound(sum / static_cast<double>(options.orders - 1), options, players));
  return result;
}

}  // namespace skywarden::games
