// What running a network takes, counted from its graph: products, other arithmetic, bytes. For modelled
// energy (power.h), so that a choice between networks, or to do without one, rests on the model that is
// loaded.
#pragma once

#include <cstddef>

#include "inference/program.h"
#include "onboard/power.h"

namespace skywarden::onboard {

// Of one sequence of so many tokens, alone in its batch. Weights come from memory when they do not fit a
// megabyte of cache; vectors of 64 bytes are one instruction.
[[nodiscard]] OperationCounts network_operations(const inference::Program& program, std::size_t tokens);

[[nodiscard]] std::size_t tensor_bytes(const inference::Program& program);

}  // namespace skywarden::onboard
