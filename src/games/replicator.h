// How shares of a population change when those grow that earn more than average: ẋᵢ = xᵢ ((Ax)ᵢ − x·Ax).
// P. D. Taylor, L. B. Jonker, "Evolutionary stable strategies and game dynamics", Mathematical Biosciences 40
// (1978) 145-156; J. Hofbauer, K. Sigmund, Evolutionary Games and Population Dynamics (1998), ch. 7.
// Integrated by the pair of J. R. Dormand and P. J. Prince (J. Comp. Appl. Math. 6 (1980) 19-26) with steps
// that keep the stated tolerance.
#pragma once

#include <vector>

#include "base/result.h"

namespace skywarden::games {

using Population = std::vector<double>;                 // a share of each strategy; sum 1
using PayoffMatrix = std::vector<std::vector<double>>;  // [own][other's], square

inline constexpr std::size_t kReplicatorStrategiesMax = 100;

struct ReplicatorOptions {
  double tolerance = 1e-12;           // of a step, of each share
  std::size_t steps_max = 1'000'000;  // between the first time and the last
};

// The shares at each of `times`, which ascend; the first is that of `start`. A share of zero stays zero.
// kOutOfRange for shapes, shares or times that mean nothing, kLimitReached when steps run out.
[[nodiscard]] Result<std::vector<Population>> replicate(const PayoffMatrix& payoffs, const Population& start,
                                                        const std::vector<double>& times,
                                                        const ReplicatorOptions& options = {});

}  // namespace skywarden::games
