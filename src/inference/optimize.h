// Rewrites of a graph that keep every result bit for bit: the fused operations work in the order of the plain
// ones.
//
// - attention over three linear maps of one value becomes attention over one linear map three times as wide
// - a linear map and the activation that alone uses it become one; likewise the addition behind it
// - an addition that only a layer norm uses is done by the layer norm
// - what no output needs is dropped
#pragma once

#include "inference/model.h"

namespace skywarden::inference {

// The model must have been accepted by check_model.
[[nodiscard]] Model optimized(Model model);

}  // namespace skywarden::inference
