// The two families of graphs that completion uses, with weights that a function gives: trained ones, or drawn
// ones for tests and measurements.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "inference/model_builder.h"

namespace skywarden::inference {

// The numbers of the tensor of that name, `count` of them: matrices [outputs][inputs] in rows, vectors as
// they are.
using Parameters =
    std::function<std::vector<float>(const std::string& name, std::size_t count, std::size_t inputs)>;

// Normal weights of deviation 1/√inputs, gains 1, biases 0, drawn from the seed and the tensor's name.
[[nodiscard]] Parameters drawn_parameters(std::uint64_t seed);

// Layers of x += attention(norm(x)); x += SiLU(norm(x) W1) W2 (pre-norm, Xiong et al. 2020), then a last
// norm. Neighbouring layers share all parameters: layer l uses set l · sets / layers.
struct SetShape {  // what pruning left of a set
  std::uint32_t heads = 0, hidden = 0;
  bool operator==(const SetShape&) const = default;
};
struct EncoderShape {
  std::uint32_t layers = 6, sets = 3;
  std::uint32_t width = 512, heads = 8, hidden = 2048;
  bool causal = false;
  Precision precision = Precision::kI8;
  // Of each set, once pruned; empty: `heads` and `hidden` of all. A head stays width / heads wide.
  std::span<const SetShape> pruned = {};
};
inline constexpr EncoderShape kTeacher{};
inline constexpr EncoderShape kStudent{.layers = 4, .sets = 4, .width = 192, .heads = 6, .hidden = 768};

// Input and output: `width` numbers a token. Names: "set0.qkv" is "set0.q", "set0.k", "set0.v".
[[nodiscard]] ValueId add_encoder(ModelBuilder& builder, ValueId tokens, const EncoderShape& shape,
                                  const Parameters& parameters);
[[nodiscard]] Model encoder(const EncoderShape& shape, const Parameters& parameters);

// An LSTM in both directions (one when causal), attention over its states added to them, and a norm.
struct RecurrentShape {
  std::uint32_t inputs = 64, cells = 64, heads = 4;
  bool causal = false;
  Precision precision = Precision::kI8;
};
[[nodiscard]] ValueId add_recurrent(ModelBuilder& builder, ValueId tokens, const RecurrentShape& shape,
                                    const Parameters& parameters);
[[nodiscard]] Model recurrent(const RecurrentShape& shape, const Parameters& parameters);

}  // namespace skywarden::inference
