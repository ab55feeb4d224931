// Power in weighted voting: how often a voter turns a losing coalition into a winning one, one whose weights
// reach the quota. Counted exactly by dynamic programming over sizes and weights (Mann and Shapley's
// generating functions): all coalitions once, then those without a voter by dividing its factor out. L. S.
// Shapley, M. Shubik, "A method for evaluating the distribution of power in a committee system", American
// Political Science Review 48 (1954) 787-792; I. Mann, L. S. Shapley, RAND RM-3158 (1962).
#pragma once

#include <cstdint>
#include <vector>

#include "games/rational.h"

namespace skywarden::games {

inline constexpr std::size_t kVotersMax = 512;
inline constexpr std::uint64_t kPowerStepsMax = 200'000'000;  // voters² · quota

struct WeightedVoting {
  std::vector<std::uint64_t> weights;
  std::uint64_t quota = 0;  // a coalition wins with at least so much; 1…Σ weights
};

struct VotingPower {
  std::vector<Rational> shapley_shubik;  // sums to one
  std::vector<Integer> swings;           // losing coalitions of the others that the voter makes win (Banzhaf)
};

// kOutOfRange for a quota that nobody reaches or everybody does, kLimitReached past the limits.
[[nodiscard]] Result<VotingPower> voting_power(const WeightedVoting& voting);
[[nodiscard]] Result<void> validate(const WeightedVoting& voting);

}  // namespace skywarden::games
