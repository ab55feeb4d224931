// Pooling of opinions about one yes-or-no question as log-odds: prior odds times the odds of each opinion,
// raised to the power of how much it counts. R. F. Bordley, "A multiplicative formula for aggregating
// probability assessments", Management Science 28 (1982) 1137-1148; C. Genest and J. V. Zidek, "Combining
// probability distributions: a critique and an annotated bibliography", Statistical Science 1 (1986) 114-135.
// The formula takes opinions as independent given the truth; making sure of that is the caller's work.
#pragma once

#include <span>

namespace skywarden::statistics {

// An opinion counts fully with probability `weight` and else not at all: its share of the sum has the mean
// weight · log_odds and the variance weight · (1 − weight) · log_odds².
struct Opinion {
  double log_odds = 0.0;  // against even odds: log of the likelihood ratio
  double weight = 1.0;    // 0…1
};

struct Pooled {
  double log_odds = 0.0;
  double deviation = 0.0;  // standard deviation of log_odds
};

// `calibration` is the relative standard error of each opinion's own log-odds; errors are independent.
// Sums in the order given.
[[nodiscard]] Pooled pool_log_odds(double prior_log_odds, double prior_deviation,
                                   std::span<const Opinion> opinions, double calibration);

inline constexpr double kNormal95 = 1.6448536269514722;  // Φ⁻¹(0.95): ± this many deviations hold 90 %

}  // namespace skywarden::statistics
