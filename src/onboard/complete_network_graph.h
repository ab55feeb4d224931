// The graphs of completion's networks around the two families of inference/encoders.h, with weights that a
// function gives: trained ones, or drawn ones for tests.
#pragma once

#include <vector>

#include "inference/encoders.h"
#include "onboard/complete_network.h"

namespace skywarden::onboard {

struct NetworkShape {
  NetworkKind kind = NetworkKind::kEncoder;
  std::uint32_t layers = 4, sets = 4;            // of an encoder: neighbouring layers share a set
  std::uint32_t width = 192, heads = 6;          // of a token; cells of a recurrent network
  std::uint32_t hidden = 768;                    // of an encoder
  bool both_directions = false;                  // of a recurrent network: offline
  std::vector<inference::SetShape> pruned = {};  // of an encoder: what pruning left of each set; empty: all
  bool operator==(const NetworkShape&) const = default;
};

// Parameters are named as in inference/encoders.h, with "in", "in.bias", "head" and "head.bias" around, and
// for an encoder the table "field". What enters and what leaves stays FP32.
[[nodiscard]] inference::Model network_graph(const NetworkShape& shape, const NetworkInputs& inputs,
                                             inference::Precision precision,
                                             const inference::Parameters& parameters);

}  // namespace skywarden::onboard
