// A model as a value: tensors, a graph over them, and what it says of itself. What was read or built is
// checked by check_model (check_model.h) before anything runs it.
//
// Sequences are never padded: a value holds one row a token of each sequence (one behind the other), or one
// row a sequence. A row is `height · across · channels` numbers; only convolution and pooling look at the
// three apart. So nothing about a sequence depends on what it was batched with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "inference/aligned.h"
#include "inference/kernels.h"

namespace skywarden::inference {

using ValueId = std::uint32_t;   // inputs first, then one value a node
using TensorId = std::uint32_t;  // place in Model::tensors

enum class Rows : std::uint8_t { kPerToken, kPerSequence };

struct Shape {
  Rows rows = Rows::kPerToken;
  std::uint32_t channels = 0;
  std::uint32_t height = 1, across = 1;
  [[nodiscard]] std::size_t width() const { return std::size_t{height} * across * channels; }
  bool operator==(const Shape&) const = default;
};

enum class TensorType : std::uint8_t {
  kMatrixI8,   // packed as in packing.h; values of `rows` inputs by `columns` outputs, a scale an output
  kMatrixF32,  // likewise
  kVector,     // one row of `columns` FP32 numbers, padded to kLanes: bias, gain
  kTable,      // `rows` by `columns` FP32 numbers, not padded
};

struct Tensor {
  std::string name;
  TensorType type = TensorType::kVector;
  std::uint32_t rows = 1, columns = 0;
  Aligned<std::int8_t> bytes;    // kMatrixI8
  Aligned<float> numbers;        // of the others
  Aligned<float> scale;          // kMatrixI8, padded to kLanes
  Aligned<std::int32_t> offset;  // kMatrixI8; follows from the bytes
};

enum class Op : std::uint8_t {
  kEmbedding,   // [indices] {table}: the row of the table; indices are an input of its own kind
  kPosition,    // [tokens] {table}: the table's row of the token's place in its sequence, from 0
  kLinear,      // [x, residual?] {matrix, bias?}: activation(x · matrix + bias) + residual
  kLayerNorm,   // [x, residual?] {gain, bias}: of x + residual (Ba, Kiros, Hinton 2016)
  kAttention,   // [q, k, v] or [q k v side by side] {}: softmax(q kᵀ / √(width of a head)) v, each sequence
                // apart
  kActivation,  // [x] {}
  kAdd,         // [a, b] {}
  kConcat,      // [a, b, …] {}: side by side
  kSoftmax,     // [x] {}: over a row
  kConv1d,  // [tokens] {matrix, bias?}: over `window` neighbouring tokens, zeros beyond the ends; matrix rows
            // are window · width, the earliest token first. Centred (odd window), or only the past when
            // causal
  kConv2d,  // [image] {matrix, bias?}: `window` by `window`, `stride`, `padding` zeros around; matrix rows
            // are y, x, channel
  kPool2d,  // [image] {}: maximum or mean of `window` by `window`, `stride`
  kLstm,    // [tokens] {matrix, recurrent matrix, bias} and the same again when bidirectional; gates i f g o
            // side by side (Hochreiter and Schmidhuber 1997 with forget gates); outputs side by side
  kMean,    // [tokens] {}: one row a sequence
  kLast,    // [tokens] {}: the last token's row, one a sequence
  kSpread,  // [sequences] {}: the sequence's row for each of its tokens
};
inline constexpr std::size_t kOps = 16;

struct Node {
  Op op = Op::kAdd;
  std::vector<ValueId> inputs;
  std::vector<TensorId> tensors;
  Activation activation = Activation::kNone;  // kLinear, kActivation, kConv1d, kConv2d
  float epsilon = 1e-5F;                      // kLayerNorm
  std::uint32_t heads = 1;                    // kAttention
  bool causal = false;                        // kAttention, kConv1d: no token sees a later one
  bool bidirectional = false;                 // kLstm
  bool maximum = false;                       // kPool2d; else the mean
  std::uint32_t window = 1, stride = 1, padding = 0;
};

struct Input {
  std::string name;
  Shape shape;
  bool indices = false;  // one index a row, shape.width() = 1
};

struct Output {
  std::string name;
  ValueId value = 0;
};

struct Model {
  std::map<std::string, std::string> about;  // schema, run record, licence: what it says of itself
  std::vector<Tensor> tensors;
  std::vector<Input> inputs;
  std::vector<Node> nodes;
  std::vector<Output> outputs;
};

}  // namespace skywarden::inference
