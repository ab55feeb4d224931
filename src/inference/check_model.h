// Whether a model makes sense: every shape follows from its inputs, every tensor fits where it is used, every
// number is finite and bounded. A model may come from an enemy; only what this accepts is run.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "inference/model.h"

namespace skywarden::inference {

inline constexpr std::size_t kTensorsMax = 4096;
inline constexpr std::size_t kNodesMax = 4096;
inline constexpr std::size_t kInputsMax = 64;  // of a model, and of a node
inline constexpr std::size_t kOutputsMax = 64;
inline constexpr std::uint32_t kWidthMax = 65536;  // numbers of a row
inline constexpr std::uint32_t kTableRowsMax = 1U << 24;
inline constexpr std::uint32_t kWindowMax = 64;
inline constexpr std::size_t kNameBytesMax = 256;
inline constexpr float kParameterMax = 1e6F;  // |number of a tensor|

[[nodiscard]] std::string_view to_string(Op op);

// Shapes of all values, inputs first; or one line naming the node and what is wrong.
[[nodiscard]] Result<std::vector<Shape>> shapes_of(const Model& model);

// shapes_of, and the content of each tensor: sizes as packing.h lays them out, INT8 not −128, scales not
// negative.
[[nodiscard]] Result<std::vector<Shape>> check_model(const Model& model);

}  // namespace skywarden::inference
