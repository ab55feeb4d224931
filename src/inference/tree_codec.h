// Trees as bytes: a section of a model file. Little-endian:
//   u32 features, f32 base score, u32 trees; for each tree u16 nodes, then each node in level order:
//   u16 split (0xFFFF a leaf; else the feature, with 0x8000 set where a missing value goes left),
//   f32 threshold or leaf.
// Children are not stored: in level order each inner node's pair follows the pairs of those before it, so no
// file can state a cycle, a shared child or an offset. One ensemble has one encoding.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "inference/tree_ensemble.h"

namespace skywarden::inference {

[[nodiscard]] std::vector<std::byte> encode_trees(const TreeEnsemble& ensemble);

// kMalformed or kLimitReached with what was found and expected; reads all of the bytes and nothing more.
[[nodiscard]] Result<TreeEnsemble> decode_trees(std::span<const std::byte> bytes);

}  // namespace skywarden::inference
