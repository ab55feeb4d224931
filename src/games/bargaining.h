// Bargaining over several issues at once: what each party makes of every outcome, and which outcomes the
// known solutions choose. Utilities are additive: Σ weight · evaluation, with an issue's best value evaluated
// at 1. A party does not agree to less than its reservation. J. F. Nash, "The bargaining problem",
// Econometrica 18 (1950) 155-162; E. Kalai, M. Smorodinsky, Econometrica 43 (1975) 513-518; E. Kalai,
// Econometrica 45 (1977) 1623-1630. On a finite set of outcomes, without lotteries; ties go to the earlier
// outcome.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace skywarden::games {

inline constexpr std::size_t kIssuesMax = 64;
inline constexpr std::size_t kIssueValuesMax = 1000;
inline constexpr std::size_t kOutcomesMax = 1'000'000;
inline constexpr std::size_t kPartiesMax = 16;
inline constexpr double kWeightMax = 1e6;

struct Issue {
  std::string name;
  std::vector<std::string> values;
  friend bool operator==(const Issue&, const Issue&) = default;
};

struct Preferences {
  std::vector<double> weights;                   // of each issue, from 0; usually they sum to 1
  std::vector<std::vector<double>> evaluations;  // [issue][value], at most 1
  double reservation = 0;                        // what no agreement is worth
  double discount = 1;                           // what a utility is still worth after the whole time, 0…1
};

struct Domain {
  std::vector<Issue> issues;
  std::vector<Preferences> parties;
};

struct Outcome {
  std::vector<std::size_t> choice;  // the value of each issue
  std::vector<double> utilities;    // of each party
};

// kLimitReached, kOutOfRange: shapes, limits, numbers that are not finite.
[[nodiscard]] Result<void> validate(const Domain& domain);

// Every outcome, the last issue running fastest. The domain is valid.
[[nodiscard]] std::vector<Outcome> all_outcomes(const Domain& domain);

// The outcomes that no other one betters for a party without worsening it for another; of several with equal
// utilities the first. In the order of `outcomes`.
[[nodiscard]] std::vector<Outcome> pareto_front(const std::vector<Outcome>& outcomes);

// The largest product of gains over the reservations; nothing when somebody would fall below its own
// everywhere.
[[nodiscard]] std::optional<Outcome> nash_solution(const std::vector<Outcome>& outcomes,
                                                   const Domain& domain);
// The largest smallest gain, as a fraction of the largest gain each party could have.
[[nodiscard]] std::optional<Outcome> kalai_smorodinsky_solution(const std::vector<Outcome>& outcomes,
                                                                const Domain& domain);
// The largest smallest gain.
[[nodiscard]] std::optional<Outcome> egalitarian_solution(const std::vector<Outcome>& outcomes,
                                                          const Domain& domain);
// The largest sum of utilities, reservations or not.
[[nodiscard]] Outcome most_welfare(const std::vector<Outcome>& outcomes);

[[nodiscard]] double nash_product(const Outcome& outcome, const Domain& domain);
// The smallest fraction of its largest possible gain that a party has.
[[nodiscard]] double smallest_ratio(const Outcome& outcome, const std::vector<Outcome>& outcomes,
                                    const Domain& domain);
[[nodiscard]] double smallest_gain(const Outcome& outcome, const Domain& domain);

}  // namespace skywarden::games
