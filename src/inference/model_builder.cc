#include "inference/model_builder.h"

#include <utility>

#include "base/contract.h"
#include "inference/packing.h"

namespace skywarden::inference {
namespace {

template <typename To, typename From>
Aligned<To> aligned(const From& numbers) {
  return Aligned<To>(numbers.begin(), numbers.end());
}

std::vector<TensorId> tensors_of(const Dense& dense) {
  std::vector<TensorId> ids{dense.matrix};
  if (dense.bias) ids.push_back(*dense.bias);
  return ids;
}

Tensor matrix_i8(std::string name, const PackedI8& packed, std::size_t outputs, std::size_t inputs) {
  return {.name = std::move(name),
          .type = TensorType::kMatrixI8,
          .rows = static_cast<std::uint32_t>(inputs),
          .columns = static_cast<std::uint32_t>(outputs),
          .bytes = aligned<std::int8_t>(packed.values),
          .numbers = {},
          .scale = aligned<float>(packed.scale),
          .offset = aligned<std::int32_t>(packed.offset)};
}

Tensor of_numbers(std::string name, TensorType type, std::size_t rows, std::size_t columns,
                  Aligned<float> numbers) {
  return {.name = std::move(name),
          .type = type,
          .rows = static_cast<std::uint32_t>(rows),
          .columns = static_cast<std::uint32_t>(columns),
          .bytes = {},
          .numbers = std::move(numbers),
          .scale = {},
          .offset = {}};
}

}  // namespace

ValueId ModelBuilder::input(std::string name, const Shape& shape) {
  EXPECTS(model_.nodes.empty());  // inputs are numbered first
  model_.inputs.push_back({std::move(name), shape, false});
  return static_cast<ValueId>(model_.inputs.size() - 1);
}

ValueId ModelBuilder::index_input(std::string name, Rows rows) {
  const ValueId id = input(std::move(name), {.rows = rows, .channels = 1});
  model_.inputs.back().indices = true;
  return id;
}

TensorId ModelBuilder::matrix(std::string name, std::span<const float> weights, std::size_t outputs,
                              std::size_t inputs, Precision precision) {
  if (precision == Precision::kI8)
    return keep(matrix_i8(std::move(name), pack_i8(weights, outputs, inputs), outputs, inputs));
  return keep(of_numbers(std::move(name), TensorType::kMatrixF32, inputs, outputs,
                         aligned<float>(pack_f32(weights, outputs, inputs))));
}

TensorId ModelBuilder::matrix(std::string name, std::span<const std::int8_t> values,
                              std::span<const float> scale, std::size_t outputs, std::size_t inputs) {
  return keep(matrix_i8(std::move(name), pack_quantized(values, scale, outputs, inputs), outputs, inputs));
}

TensorId ModelBuilder::vector(std::string name, std::span<const float> numbers) {
  Aligned<float> padded = aligned<float>(numbers);
  padded.resize(padded_columns(numbers.size()));
  return keep(of_numbers(std::move(name), TensorType::kVector, 1, numbers.size(), std::move(padded)));
}

TensorId ModelBuilder::table(std::string name, std::span<const float> numbers, std::size_t rows,
                             std::size_t columns) {
  EXPECTS(numbers.size() == rows * columns);
  return keep(of_numbers(std::move(name), TensorType::kTable, rows, columns, aligned<float>(numbers)));
}

ValueId ModelBuilder::embedding(ValueId indices, TensorId table) {
  return keep(Node{.op = Op::kEmbedding, .inputs = {indices}, .tensors = {table}});
}

ValueId ModelBuilder::position(ValueId tokens, TensorId table) {
  return keep(Node{.op = Op::kPosition, .inputs = {tokens}, .tensors = {table}});
}

ValueId ModelBuilder::linear(ValueId x, const Dense& dense, Activation activation) {
  return keep(Node{.op = Op::kLinear, .inputs = {x}, .tensors = tensors_of(dense), .activation = activation});
}

ValueId ModelBuilder::layer_norm(ValueId x, TensorId gain, TensorId bias, float epsilon) {
  return keep(Node{.op = Op::kLayerNorm, .inputs = {x}, .tensors = {gain, bias}, .epsilon = epsilon});
}

ValueId ModelBuilder::attention(ValueId q, ValueId k, ValueId v, std::uint32_t heads, bool causal) {
  return keep(
      Node{.op = Op::kAttention, .inputs = {q, k, v}, .tensors = {}, .heads = heads, .causal = causal});
}

ValueId ModelBuilder::activation(ValueId x, Activation activation) {
  return keep(Node{.op = Op::kActivation, .inputs = {x}, .tensors = {}, .activation = activation});
}

ValueId ModelBuilder::add(ValueId a, ValueId b) {
  return keep(Node{.op = Op::kAdd, .inputs = {a, b}, .tensors = {}});
}

ValueId ModelBuilder::concat(std::span<const ValueId> parts) {
  return keep(Node{.op = Op::kConcat, .inputs = {parts.begin(), parts.end()}, .tensors = {}});
}

ValueId ModelBuilder::softmax(ValueId x) {
  return keep(Node{.op = Op::kSoftmax, .inputs = {x}, .tensors = {}});
}

ValueId ModelBuilder::conv1d(ValueId x, const Dense& dense, std::uint32_t window, bool causal,
                             Activation activation) {
  Node node{.op = Op::kConv1d, .inputs = {x}, .tensors = tensors_of(dense), .activation = activation};
  node.causal = causal;
  node.window = window;
  return keep(std::move(node));
}

ValueId ModelBuilder::conv2d(ValueId x, const Dense& dense, std::uint32_t window, std::uint32_t stride,
                             std::uint32_t padding, Activation activation) {
  Node node{.op = Op::kConv2d, .inputs = {x}, .tensors = tensors_of(dense), .activation = activation};
  node.window = window;
  node.stride = stride;
  node.padding = padding;
  return keep(std::move(node));
}

ValueId ModelBuilder::pool2d(ValueId x, std::uint32_t window, std::uint32_t stride, bool maximum) {
  Node node{.op = Op::kPool2d, .inputs = {x}, .tensors = {}};
  node.maximum = maximum;
  node.window = window;
  node.stride = stride;
  return keep(std::move(node));
}

ValueId ModelBuilder::lstm(ValueId x, const LstmTensors& forward) {
  return keep(
      Node{.op = Op::kLstm, .inputs = {x}, .tensors = {forward.input, forward.recurrent, forward.bias}});
}

ValueId ModelBuilder::lstm(ValueId x, const LstmTensors& forward, const LstmTensors& backward) {
  Node node{.op = Op::kLstm,
            .inputs = {x},
            .tensors = {forward.input, forward.recurrent, forward.bias, backward.input, backward.recurrent,
                        backward.bias}};
  node.bidirectional = true;
  return keep(std::move(node));
}

ValueId ModelBuilder::mean(ValueId tokens) {
  return keep(Node{.op = Op::kMean, .inputs = {tokens}, .tensors = {}});
}

ValueId ModelBuilder::last(ValueId tokens) {
  return keep(Node{.op = Op::kLast, .inputs = {tokens}, .tensors = {}});
}

ValueId ModelBuilder::spread(ValueId sequences) {
  return keep(Node{.op = Op::kSpread, .inputs = {sequences}, .tensors = {}});
}

void ModelBuilder::output(std::string name, ValueId value) {
  model_.outputs.push_back({std::move(name), value});
}

void ModelBuilder::about(std::string key, std::string text) {
  model_.about[std::move(key)] = std::move(text);
}

Model ModelBuilder::take() {
  return std::exchange(model_, {});
}

TensorId ModelBuilder::keep(Tensor tensor) {
  model_.tensors.push_back(std::move(tensor));
  return static_cast<TensorId>(model_.tensors.size() - 1);
}

ValueId ModelBuilder::keep(Node node) {
  model_.nodes.push_back(std::move(node));
  return static_cast<ValueId>(model_.inputs.size() + model_.nodes.size() - 1);
}

}  // namespace skywarden::inference
