// Structured pruning: whole heads of attention and hidden units of an encoder, whole cells of a recurrent
// network are taken out, those whose weights are smallest by L1 norm (Li et al. 2017). What is left is a
// smaller dense network. Layers that share a set of parameters share what is taken out of it. Biases carry no
// importance; what a removed unit contributed is not made up for: that is what fine-tuning is for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "onboard/complete_network_graph.h"

namespace skywarden::fit {

struct PruneShares {     // of what there is
  double heads = 0.15;   // of an encoder; all sets are compared, each keeps one head
  double hidden = 0.15;  // of an encoder, sixteen units at a time because the engine pads to sixteen
  double cells = 0.15;   // of a recurrent network, as many from each head's part of the states
};

struct PrunedNetwork {
  onboard::NetworkShape shape;
  std::map<std::string, std::vector<float>> numbers;
  [[nodiscard]] inference::Parameters parameters() const;  // valid as long as this
};

// The same shape again when so small a share is less than one of anything. kUnsupported for a recurrent
// network in both directions with an odd number of heads.
[[nodiscard]] Result<PrunedNetwork> prune(const onboard::NetworkShape& shape,
                                          const onboard::NetworkInputs& inputs,
                                          const inference::Parameters& parameters, const PruneShares& shares);

}  // namespace skywarden::fit
