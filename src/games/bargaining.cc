#include "games/bargaining.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/contract.h"

namespace skywarden::games {
namespace {

bool is_fraction(double value) {
  return value >= 0 && value <= 1;
}

bool acceptable(const Outcome& outcome, const Domain& domain) {
  for (std::size_t p = 0; p < domain.parties.size(); ++p)
    if (outcome.utilities[p] < domain.parties[p].reservation) return false;
  return true;
}

// The first acceptable outcome of the highest score.
template <typename Score>
std::optional<Outcome> best(const std::vector<Outcome>& outcomes, const Domain& domain, Score score) {
  const Outcome* chosen = nullptr;
  double highest = 0;
  for (const Outcome& outcome : outcomes) {
    if (!acceptable(outcome, domain)) continue;
    const double now = score(outcome);
    if (chosen == nullptr || now > highest) {
      chosen = &outcome;
      highest = now;
    }
  }
  return chosen == nullptr ? std::nullopt : std::optional(*chosen);
}

std::vector<double> largest_utilities(const std::vector<Outcome>& outcomes) {
  std::vector<double> largest = outcomes.front().utilities;
  for (const Outcome& outcome : outcomes)
    for (std::size_t p = 0; p < largest.size(); ++p) largest[p] = std::max(largest[p], outcome.utilities[p]);
  return largest;
}

double ratio(const Outcome& outcome, const std::vector<double>& largest, const Domain& domain) {
  double smallest = 1;
  for (std::size_t p = 0; p < largest.size(); ++p) {
    const double possible = largest[p] - domain.parties[p].reservation;
    if (possible > 0)
      smallest = std::min(smallest, (outcome.utilities[p] - domain.parties[p].reservation) / possible);
  }
  return smallest;
}

bool at_least(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), std::greater_equal<>());
}

}  // namespace

Result<void> validate(const Domain& domain) {
  if (domain.issues.empty() || domain.issues.size() > kIssuesMax)
    return fail(Errc::kLimitReached, "expected 1 to {} issues, found {}", kIssuesMax, domain.issues.size());
  if (domain.parties.empty() || domain.parties.size() > kPartiesMax)
    return fail(Errc::kLimitReached, "expected 1 to {} parties, found {}", kPartiesMax,
                domain.parties.size());
  std::size_t outcomes = 1;
  for (const Issue& issue : domain.issues) {
    if (issue.values.empty() || issue.values.size() > kIssueValuesMax)
      return fail(Errc::kLimitReached, "expected 1 to {} values of an issue, found {}", kIssueValuesMax,
                  issue.values.size());
    if (issue.values.size() > kOutcomesMax / outcomes)
      return fail(Errc::kLimitReached, "expected at most {} outcomes", kOutcomesMax);
    outcomes *= issue.values.size();
  }
  for (const Preferences& party : domain.parties) {
    if (party.weights.size() != domain.issues.size() || party.evaluations.size() != domain.issues.size())
      return fail(Errc::kOutOfRange, "expected a weight and evaluations for each of {} issues",
                  domain.issues.size());
    for (std::size_t i = 0; i < domain.issues.size(); ++i) {
      const auto& evaluations = party.evaluations[i];
      if (evaluations.size() != domain.issues[i].values.size() ||
          !(party.weights[i] >= 0 && party.weights[i] <= kWeightMax) ||
          !std::all_of(evaluations.begin(), evaluations.end(), is_fraction))
        return fail(Errc::kOutOfRange,
                    "expected a weight of 0 to {} and an evaluation of 0 to 1 for each value", kWeightMax);
    }
    if (!std::isfinite(party.reservation) || !is_fraction(party.discount))
      return fail(Errc::kOutOfRange, "expected a finite reservation and a discount from 0 to 1");
  }
  return {};
}

std::vector<Outcome> all_outcomes(const Domain& domain) {
  EXPECTS(validate(domain).has_value());
  std::vector<Outcome> outcomes;
  std::vector<std::size_t> choice(domain.issues.size(), 0);
  while (true) {
    Outcome outcome{choice, {}};
    for (const Preferences& party : domain.parties) {
      double utility = 0;
      for (std::size_t i = 0; i < choice.size(); ++i)
        utility += party.weights[i] * party.evaluations[i][choice[i]];
      outcome.utilities.push_back(utility);
    }
    outcomes.push_back(std::move(outcome));
    std::size_t at = choice.size();
    while (at > 0 && ++choice[at - 1] == domain.issues[at - 1].values.size()) choice[--at] = 0;
    if (at == 0) return outcomes;
  }
}

std::vector<Outcome> pareto_front(const std::vector<Outcome>& outcomes) {
  // In descending order of utilities nothing later can better an outcome, so only what was kept must be
  // asked.
  std::vector<std::size_t> order(outcomes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return outcomes[a].utilities > outcomes[b].utilities;
  });
  std::vector<std::size_t> kept;
  for (const std::size_t candidate : order)
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t k) {
          return at_least(outcomes[k].utilities, outcomes[candidate].utilities);
        }))
      kept.push_back(candidate);
  std::sort(kept.begin(), kept.end());
  std::vector<Outcome> front;
  front.reserve(kept.size());
  for (const std::size_t k : kept) front.push_back(outcomes[k]);
  return front;
}

double nash_product(const Outcome& outcome, const Domain& domain) {
  double product = 1;
  for (std::size_t p = 0; p < domain.parties.size(); ++p)
    product *= outcome.utilities[p] - domain.parties[p].reservation;
  return product;
}

double smallest_gain(const Outcome& outcome, const Domain& domain) {
  double smallest = outcome.utilities[0] - domain.parties[0].reservation;
  for (std::size_t p = 1; p < domain.parties.size(); ++p)
    smallest = std::min(smallest, outcome.utilities[p] - domain.parties[p].reservation);
  return smallest;
}

double smallest_ratio(const Outcome& outcome, const std::vector<Outcome>& outcomes, const Domain& domain) {
  return ratio(outcome, largest_utilities(outcomes), domain);
}

std::optional<Outcome> nash_solution(const std::vector<Outcome>& outcomes, const Domain& domain) {
  return best(outcomes, domain, [&](const Outcome& o) { return nash_product(o, domain); });
}

std::optional<Outcome> kalai_smorodinsky_solution(const std::vector<Outcome>& outcomes,
                                                  const Domain& domain) {
  const auto largest = largest_utilities(outcomes);
  return best(outcomes, domain, [&](const Outcome& o) { return ratio(o, largest, domain); });
}

std::optional<Outcome> egalitarian_solution(const std::vector<Outcome>& outcomes, const Domain& domain) {
  return best(outcomes, domain, [&](const Outcome& o) { return smallest_gain(o, domain); });
}

Outcome most_welfare(const std::vector<Outcome>& outcomes) {
  const auto sum = [](const Outcome& o) {
    return std::accumulate(o.utilities.begin(), o.utilities.end(), 0.0);
  };
  return *std::max_element(outcomes.begin(), outcomes.end(),
                           [&](const Outcome& a, const Outcome& b) { return sum(a) < sum(b); });
}

}  // namespace skywarden::games
