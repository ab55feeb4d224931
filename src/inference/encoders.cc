#include "inference/encoders.h"

#include <fmt/core.h>

#include <cmath>

#include "base/contract.h"
#include "base/hash.h"
#include "base/random.h"

namespace skywarden::inference {
namespace {

// Makes tensors by name out of what the parameters say.
class Maker {
 public:
  Maker(ModelBuilder& builder, const Parameters& parameters, Precision precision)
      : builder_(builder), parameters_(parameters), precision_(precision) {}

  [[nodiscard]] TensorId matrix(const std::string& name, std::size_t outputs, std::size_t inputs) const {
    return builder_.matrix(name, parameters_(name, outputs * inputs, inputs), outputs, inputs, precision_);
  }
  [[nodiscard]] TensorId vector(const std::string& name, std::size_t count) const {
    return builder_.vector(name, parameters_(name, count, 0));
  }
  [[nodiscard]] Dense dense(const std::string& name, std::size_t outputs, std::size_t inputs) const {
    const TensorId weights = matrix(name, outputs, inputs);
    return {weights, vector(name + ".bias", outputs)};
  }
  [[nodiscard]] LstmTensors lstm(const std::string& name, std::size_t cells, std::size_t inputs) const {
    LstmTensors t;
    t.input = matrix(name + ".input", 4 * cells, inputs);
    t.recurrent = matrix(name + ".recurrent", 4 * cells, cells);
    t.bias = vector(name + ".bias", 4 * cells);
    return t;
  }

 private:
  ModelBuilder& builder_;
  const Parameters& parameters_;
  Precision precision_;
};

struct Norm {
  TensorId gain = 0, bias = 0;
};

Norm norm_of(const Maker& make, const std::string& name, std::size_t width) {
  Norm n;
  n.gain = make.vector(name + ".gain", width);
  n.bias = make.vector(name + ".bias", width);
  return n;
}

struct LayerTensors {
  Norm before_attention, before_hidden;
  Dense q, k, v, out, up, down;
  std::uint32_t heads = 0;
};

LayerTensors layer_tensors(const Maker& make, const std::string& set, const EncoderShape& s,
                           const SetShape& left) {
  const std::size_t seen = std::size_t{s.width} / s.heads * left.heads;
  LayerTensors t;
  t.heads = left.heads;
  t.before_attention = norm_of(make, set + ".norm1", s.width);
  t.q = make.dense(set + ".q", seen, s.width);
  t.k = make.dense(set + ".k", seen, s.width);
  t.v = make.dense(set + ".v", seen, s.width);
  t.out = make.dense(set + ".out", s.width, seen);
  t.before_hidden = norm_of(make, set + ".norm2", s.width);
  t.up = make.dense(set + ".up", left.hidden, s.width);
  t.down = make.dense(set + ".down", s.width, left.hidden);
  return t;
}

ValueId add_layer(ModelBuilder& b, ValueId x, const LayerTensors& t, const EncoderShape& s) {
  const ValueId first = b.layer_norm(x, t.before_attention.gain, t.before_attention.bias);
  const ValueId q = b.linear(first, t.q), k = b.linear(first, t.k), v = b.linear(first, t.v);
  const ValueId seen = b.linear(b.attention(q, k, v, t.heads, s.causal), t.out);
  const ValueId middle = b.add(x, seen);
  const ValueId second = b.layer_norm(middle, t.before_hidden.gain, t.before_hidden.bias);
  const ValueId hidden = b.activation(b.linear(second, t.up), Activation::kSilu);
  return b.add(middle, b.linear(hidden, t.down));
}

bool ends_with(const std::string& name, std::string_view end) {
  return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

}  // namespace

Parameters drawn_parameters(std::uint64_t seed) {
  return [seed](const std::string& name, std::size_t count, std::size_t inputs) {
    std::vector<float> numbers(count, ends_with(name, ".gain") ? 1.0F : 0.0F);
    if (inputs == 0) return numbers;
    Fnv1a label;
    label.add(name);
    Random random = Random(seed).fork(label.value());
    const double deviation = 1.0 / std::sqrt(static_cast<double>(inputs));
    for (float& x : numbers) x = static_cast<float>(random.normal(0.0, deviation));
    return numbers;
  };
}

ValueId add_encoder(ModelBuilder& builder, ValueId tokens, const EncoderShape& shape,
                    const Parameters& parameters) {
  const Maker make(builder, parameters, shape.precision);
  EXPECTS(shape.pruned.empty() || shape.pruned.size() == shape.sets);
  std::vector<LayerTensors> sets;
  for (std::uint32_t i = 0; i < shape.sets; ++i)
    sets.push_back(
        layer_tensors(make, fmt::format("set{}", i), shape,
                      shape.pruned.empty() ? SetShape{shape.heads, shape.hidden} : shape.pruned[i]));
  ValueId x = tokens;
  for (std::uint32_t layer = 0; layer < shape.layers; ++layer)
    x = add_layer(builder, x, sets[layer * shape.sets / shape.layers], shape);
  const Norm last = norm_of(make, "norm", shape.width);
  return builder.layer_norm(x, last.gain, last.bias);
}

Model encoder(const EncoderShape& shape, const Parameters& parameters) {
  ModelBuilder builder;
  const ValueId tokens = builder.input("tokens", {.channels = shape.width});
  builder.output("states", add_encoder(builder, tokens, shape, parameters));
  return builder.take();
}

ValueId add_recurrent(ModelBuilder& builder, ValueId tokens, const RecurrentShape& shape,
                      const Parameters& parameters) {
  const Maker make(builder, parameters, shape.precision);
  const std::size_t width = shape.causal ? shape.cells : 2 * std::size_t{shape.cells};
  const LstmTensors forward = make.lstm("forward", shape.cells, shape.inputs);
  const ValueId states =
      shape.causal ? builder.lstm(tokens, forward)
                   : builder.lstm(tokens, forward, make.lstm("backward", shape.cells, shape.inputs));
  const ValueId q = builder.linear(states, make.dense("q", width, width));
  const ValueId k = builder.linear(states, make.dense("k", width, width));
  const ValueId v = builder.linear(states, make.dense("v", width, width));
  const ValueId seen = builder.attention(q, k, v, shape.heads, shape.causal);
  const Norm last = norm_of(make, "norm", width);
  return builder.layer_norm(builder.add(states, seen), last.gain, last.bias);
}

Model recurrent(const RecurrentShape& shape, const Parameters& parameters) {
  ModelBuilder builder;
  const ValueId tokens = builder.input("tokens", {.channels = shape.inputs});
  builder.output("states", add_recurrent(builder, tokens, shape, parameters));
  return builder.take();
}

}  // namespace skywarden::inference
