// What one node concludes about one fire event: prior and evidence, pooled as log-odds (statistics/pooling.h;
// Bordley 1982, Genest and Zidek 1986), compared with a threshold that falls as the day's danger rises.
//
// Log-odds pooling multiplies likelihood ratios, which is right only for independent evidence. So of all
// pieces that speak for fire the heaviest set counts in which no two share a source or an observation, and
// likewise of those that speak against. Hence a relayed copy changes nothing, the order of the pieces does
// not matter, and one more piece for fire never lowers the probability.
//
// It does not detect, does not ask other nodes, and does not alert: it has no state and no clock.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "datum/evidence.h"
#include "datum/finding.h"

namespace skywarden::reasoning {

struct JudgeOptions {
  // Fire is said at or over this probability, by danger class from low to extreme: the same detection is
  // more often a false alarm on a wet day. Never rising.
  std::array<Probability, 5> thresholds = {Probability(0.95), Probability(0.90), Probability(0.80),
                                           Probability(0.70), Probability(0.60)};
  Probability prior_min{1e-4}, prior_max{0.5};  // a prior is brought into this range
  // How much of the prior's log-odds counts. It is modelled, not fitted, and tells how many places burn that
  // somebody looks at, not how many of those that a sensor singled out, so it counts less than one full
  // opinion (a logarithmic pool with unequal weights: Genest and Zidek 1986, §3); 1 gives Bayes' rule.
  double prior_weight = 0.35;
  double prior_deviation = 0.7;  // standard deviation of the prior's log-odds: about a factor of two in odds
  // The weight of a piece halves with each of these: two polar orbiters together pass about every six hours,
  // so after that time a better witness was due.
  Duration half_life = std::chrono::hours(6);
  Duration age_max = std::chrono::hours(72);          // older pieces are left out
  Duration clock_skew_max = std::chrono::minutes(5);  // a piece from further in the future is left out
  double estimated_factor = 0.7;                      // weight of what completion filled in
  double modelled_factor = 0.5;                       // weight of what a model says
  double log_odds_max = 6.0;  // of one piece, either way (probability 0.9975): nobody is certain alone
  double calibration = 0.2;   // relative standard error of a piece's log-odds
  double persistent_log_odds = -4.0;  // a place known to be warm without a fire
  // Fire is said only when a measured piece that counts adds at least this much (probability 0.6).
  double measured_log_odds_min = 0.4;
  double thin_log_odds = 0.7;      // pieces for and against together below this: too thin to say
  double conflict_log_odds = 1.0;  // both sides at least this strong, and the weaker at least
  double conflict_ratio = 0.5;     // this share of the stronger: conflict

  [[nodiscard]] Result<void> validate() const;
};

inline constexpr std::size_t kEvidenceMax = 256;  // pieces looked at, the strongest
inline constexpr std::size_t kReasonsMax = 16;    // reasons kept, the strongest

// The interval is 90 %: ± 1.645 standard deviations of the pooled log-odds, where each piece counts with
// probability reliability × age × kind and not at all otherwise. Pieces of other events, with probabilities
// that are no numbers, too old or from the future are left out.
[[nodiscard]] datum::Finding judge(NodeId self, const datum::FireEvent& event, const datum::Prior& prior,
                                   std::span<const datum::Evidence> evidence, Instant now,
                                   const JudgeOptions& options = {});

}  // namespace skywarden::reasoning
