// From XGBoost's own model file (UBJSON, in which floats are bits) to the ensemble that flies.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "inference/tree_ensemble.h"

namespace skywarden::fit {

// kUnsupported for what TreeEnsemble cannot say: other boosters than gbtree, categorical splits, several
// outputs, objectives other than those of numbers and binary:logistic. Of the latter the result is the
// margin, the logarithm of the odds.
[[nodiscard]] Result<inference::TreeEnsemble> import_trees(std::span<const std::uint8_t> ubjson);

}  // namespace skywarden::fit
