// One outline from the outlines of several nodes: what a majority of the weight draws alike, else a star of
// rays from a common centre, each as long as the weighted median of the nodes' reaches in its direction. So a
// minority can neither stretch nor shrink it beyond what honest nodes draw.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "datum/proposal.h"

namespace skywarden::consensus {

using FixedRing = std::vector<datum::FixedPoint>;  // closed; empty when unknown

struct WeightedRing {
  const FixedRing* ring = nullptr;
  std::uint64_t weight = 0;
};

inline constexpr int kOutlineRays = 36;

// Empty when rings that are known carry no more than half of `total_weight`.
[[nodiscard]] FixedRing merge_outlines(std::span<const WeightedRing> rings, datum::FixedPoint centre,
                                       std::uint64_t total_weight);

}  // namespace skywarden::consensus
