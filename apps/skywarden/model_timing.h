// How long models take on this machine, one core: `models bench`, and the choice of a compressed one on the
// ground.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "inference/program.h"

namespace skywarden::app {

// Median time of `work`, repeated for about `budget` seconds and at least five times, after once for warmth.
[[nodiscard]] double seconds_each(double budget, const std::function<void()>& work);

// Of one sequence of `tokens` tokens, all numbers alike.
[[nodiscard]] Result<double> graph_seconds(const inference::Program& program, std::uint32_t tokens,
                                           double budget);

}  // namespace skywarden::app
