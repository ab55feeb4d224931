// Shapley values by sampling orders of arrival, for games too large to count: what each player added, on
// average over random orders, with a bound on the error that holds whatever the game. J. Castro, D. Gómez, J.
// Tejada, "Polynomial calculation of the Shapley value based on sampling", Computers & Operations Research 36
// (2009) 1726-1730. The bound is the smaller of Hoeffding's (JASA 58 (1963) 13-30) and the empirical
// Bernstein bound of A. Maurer and M. Pontil (COLT 2009, theorem 4), which is narrower where what a player
// adds varies little.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/random.h"

namespace skywarden::games {

// What a coalition is worth; members are given in order of arrival. Must be the same whatever the order.
using CoalitionValue = std::function<double(const std::vector<std::size_t>& members)>;

struct SampledShapley {
  std::vector<double> values;
  std::vector<double> errors;  // all values together are within these, with probability ≥ 1 − miss
};

struct SamplingOptions {
  std::size_t orders = 10'000;
  double least = 0, most = 1;  // what a player adds lies between
  double miss = 0.01;          // probability that some value is off by more than its error
};

// orders ≥ 2; least < most; 0 < miss < 1. A player that adds what lies outside is a broken contract.
[[nodiscard]] SampledShapley sampled_shapley(std::size_t players, const CoalitionValue& value,
                                             const SamplingOptions& options, Random& random);

}  // namespace skywarden::games
