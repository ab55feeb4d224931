#include "statistics/pooling.h"

#include <cmath>

#include "base/contract.h"

namespace skywarden::statistics {

Pooled pool_log_odds(double prior_log_odds, double prior_deviation, std::span<const Opinion> opinions,
                     double calibration) {
  EXPECTS(std::isfinite(prior_log_odds));
  double sum = prior_log_odds;
  double variance = prior_deviation * prior_deviation;
  for (const auto& [log_odds, weight] : opinions) {
    EXPECTS(std::isfinite(log_odds) && weight >= 0.0 && weight <= 1.0);
    const double share = weight * log_odds;
    sum += share;
    variance += weight * (1.0 - weight) * log_odds * log_odds + calibration * calibration * share * share;
  }
  return {sum, std::sqrt(variance)};
}

}  // namespace skywarden::statistics
