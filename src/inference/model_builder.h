// Writes a model step by step. Shapes are not checked here: make_program does that. Weights come as LibTorch
// keeps them, [outputs][inputs] in rows.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "inference/model.h"

namespace skywarden::inference {

enum class Precision : std::uint8_t { kI8, kF32 };

// A linear map's parameters; the bias may be empty.
struct Dense {
  TensorId matrix = 0;
  std::optional<TensorId> bias;
};

struct LstmTensors {
  TensorId input = 0, recurrent = 0, bias = 0;
};

class ModelBuilder {
 public:
  ValueId input(std::string name, const Shape& shape);
  ValueId index_input(std::string name, Rows rows = Rows::kPerToken);

  // INT8 rounds to the nearest of 255 steps of each output's largest weight.
  TensorId matrix(std::string name, std::span<const float> weights, std::size_t outputs, std::size_t inputs,
                  Precision precision);
  // Of values in −127…127 that were quantised elsewhere, with a scale an output.
  TensorId matrix(std::string name, std::span<const std::int8_t> values, std::span<const float> scale,
                  std::size_t outputs, std::size_t inputs);
  TensorId vector(std::string name, std::span<const float> numbers);
  TensorId table(std::string name, std::span<const float> numbers, std::size_t rows, std::size_t columns);

  ValueId embedding(ValueId indices, TensorId table);
  ValueId position(ValueId tokens, TensorId table);
  ValueId linear(ValueId x, const Dense& dense, Activation activation = Activation::kNone);
  ValueId layer_norm(ValueId x, TensorId gain, TensorId bias, float epsilon = 1e-5F);
  ValueId attention(ValueId q, ValueId k, ValueId v, std::uint32_t heads, bool causal);
  ValueId activation(ValueId x, Activation activation);
  ValueId add(ValueId a, ValueId b);
  ValueId concat(std::span<const ValueId> parts);
  ValueId softmax(ValueId x);
  ValueId conv1d(ValueId x, const Dense& dense, std::uint32_t window, bool causal,
                 Activation activation = Activation::kNone);
  ValueId conv2d(ValueId x, const Dense& dense, std::uint32_t window, std::uint32_t stride,
                 std::uint32_t padding, Activation activation = Activation::kNone);
  ValueId pool2d(ValueId x, std::uint32_t window, std::uint32_t stride, bool maximum);
  ValueId lstm(ValueId x, const LstmTensors& forward);
  ValueId lstm(ValueId x, const LstmTensors& forward, const LstmTensors& backward);
  ValueId mean(ValueId tokens);
  ValueId last(ValueId tokens);
  ValueId spread(ValueId sequences);

  void output(std::string name, ValueId value);
  void about(std::string key, std::string text);

  [[nodiscard]] Model take();  // the builder is empty afterwards

 private:
  TensorId keep(Tensor tensor);
  ValueId keep(Node node);

  Model model_;
};

}  // namespace skywarden::inference
