#include "games/voting_power.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::games {
namespace {

// How many coalitions have a size and a weight below the quota: [size][weight].
using Counts = std::vector<std::vector<Integer>>;

Counts count_all(const WeightedVoting& voting) {
  const std::size_t n = voting.weights.size();
  Counts counts(n + 1, std::vector<Integer>(voting.quota, Integer(0)));
  counts[0][0] = 1;
  for (std::size_t voter = 0; voter < n; ++voter) {
    const std::uint64_t weight = voting.weights[voter];
    for (std::size_t size = voter + 1; size > 0; --size)
      for (std::uint64_t w = voting.quota; w-- > weight;) counts[size][w] += counts[size - 1][w - weight];
  }
  return counts;
}

// The same without one voter: what count_all did for it, undone.
void leave_out(Counts& counts, std::uint64_t weight) {
  for (std::size_t size = 1; size < counts.size(); ++size)
    for (std::uint64_t w = weight; w < counts[size].size(); ++w)
      counts[size][w] -= counts[size - 1][w - weight];
}

}  // namespace

Result<void> validate(const WeightedVoting& voting) {
  if (voting.weights.empty() || voting.weights.size() > kVotersMax)
    return fail(Errc::kLimitReached, "expected 1 to {} voters, found {}", kVotersMax, voting.weights.size());
  std::uint64_t total = 0;
  for (const std::uint64_t weight : voting.weights) {
    if (weight > (std::uint64_t{1} << 62) - total)
      return fail(Errc::kOutOfRange, "expected weights that sum to at most 2^62");
    total += weight;
  }
  if (voting.quota == 0 || voting.quota > total)
    return fail(Errc::kOutOfRange, "expected a quota of 1 to {}, the sum of the weights, found {}", total,
                voting.quota);
  return {};
}

Result<VotingPower> voting_power(const WeightedVoting& voting) {
  if (auto sound = validate(voting); !sound) return tl::unexpected(sound.error());
  const std::uint64_t n = voting.weights.size();
  if (voting.quota > kPowerStepsMax / (n * n))
    return fail(Errc::kLimitReached, "expected a quota of at most {} for {} voters, found {}",
                kPowerStepsMax / (n * n), n, voting.quota);
  const Counts all = count_all(voting);
  VotingPower power;
  for (const std::uint64_t weight : voting.weights) {
    Counts others = all;
    leave_out(others, weight);
    Rational share = 0;
    Integer swings = 0;
    Rational orders(1, static_cast<std::int64_t>(n));  // k! (n−k−1)! / n!, from k = 0
    for (std::size_t k = 0; k < n; ++k) {
      const std::uint64_t from = voting.quota - std::min(weight, voting.quota);
      const Integer turned =
          std::accumulate(others[k].begin() + static_cast<std::ptrdiff_t>(from), others[k].end(), Integer(0));
      share += orders * Rational(turned);
      swings += turned;
      if (k + 1 < n)
        orders *= Rational(static_cast<std::int64_t>(k + 1), static_cast<std::int64_t>(n - k - 1));
    }
    power.shapley_shubik.push_back(std::move(share));
    power.swings.push_back(std::move(swings));
  }
  return power;
}

}  // namespace skywarden::games
