#include "inference/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "inference/operators.h"

namespace skywarden::inference {
namespace {

// One pass over the graph for the sequences of one wave.
class Pass {
 public:
  Pass(const Program& program, const Context& context, std::byte* arena, std::span<const InputRows> inputs)
      : program_(program), context_(context), arena_(arena), inputs_(inputs) {}

  void run() {
    for (std::size_t i = 0; i < program_.model.nodes.size(); ++i) step(i);
  }
  [[nodiscard]] const float* value(ValueId v) const {
    const std::size_t first = program_.model.inputs.size();
    return v < first ? inputs_[v].numbers.data() : node_value(v - first);
  }

 private:
  [[nodiscard]] float* node_value(std::size_t i) const {
    return reinterpret_cast<float*>(arena_ + program_.values[i].offset);
  }
  [[nodiscard]] const float* numbers(const Node& node, std::size_t i) const {
    return i < node.tensors.size() ? program_.model.tensors[node.tensors[i]].numbers.data() : nullptr;
  }
  [[nodiscard]] const float* input(const Node& node, std::size_t i) const {
    return i < node.inputs.size() ? value(node.inputs[i]) : nullptr;
  }
  [[nodiscard]] LinearMap map_of(const Node& node) const {
    return {.matrix = program_.model.tensors[node.tensors[0]],
            .bias = numbers(node, 1),
            .activation = node.activation,
            .residual = input(node, 1)};
  }

  void step(std::size_t i) {
    const Node& node = program_.model.nodes[i];
    const Shape &in = program_.shapes[node.inputs[0]],
                &out = program_.shapes[program_.model.inputs.size() + i];
    const Scratch scratch(arena_ + program_.scratch[i].offset, program_.scratch[i].bytes);
    const std::size_t rows = context_.rows(out.rows), width = out.width();
    float* y = node_value(i);
    const float* x = value(node.inputs[0]);
    const Kernels& kernels = context_.kernels;
    switch (node.op) {
      case Op::kEmbedding:
        return embed(node, rows, width, y);
      case Op::kPosition:
        return positions(numbers(node, 0), width, y);
      case Op::kLinear:
        return run_linear(context_, map_of(node), x, rows, y, scratch);
      case Op::kLayerNorm:
        return kernels.layer_norm({.rows = rows,
                                   .columns = width,
                                   .x = x,
                                   .residual = input(node, 1),
                                   .gain = numbers(node, 0),
                                   .bias = numbers(node, 1),
                                   .epsilon = node.epsilon,
                                   .out = y});
      case Op::kAttention:
        return attend(node, in.width(), width, y, scratch);
      case Op::kActivation:
        return kernels.activate(node.activation, x, rows * width, y);
      case Op::kAdd:
        return kernels.add(x, input(node, 1), rows * width, y);
      case Op::kConcat:
        return concat(node, rows, width, y);
      case Op::kSoftmax:
        std::copy_n(x, rows * width, y);
        for (std::size_t r = 0; r < rows; ++r) kernels.softmax(y + r * width, width, 1.0F);
        return;
      case Op::kConv1d:
        return run_conv1d(context_, node, map_of(node), x, in.width(), y, scratch);
      case Op::kConv2d:
        return run_conv2d(context_, node, map_of(node), x, in, y, out, scratch);
      case Op::kPool2d:
        return run_pool2d(context_, node, x, in, y, out);
      case Op::kLstm:
        return run_lstm(context_, node, x, in.width(), y, scratch);
      case Op::kMean:
        return mean(x, width, y);
      case Op::kLast:
        for (std::size_t s = 0; s < rows; ++s)
          std::copy_n(x + (context_.starts[s + 1] - 1) * width, width, y + s * width);
        return;
      case Op::kSpread:
        return spread(x, width, y);
    }
  }

  // A flipped bit of a table must not become a NaN among activations.
  void copy_bounded(const float* from, std::size_t count, float* to) const {
    context_.kernels.activate(Activation::kNone, from, count, to);
  }

  void embed(const Node& node, std::size_t rows, std::size_t width, float* y) const {
    const auto indices = inputs_[node.inputs[0]].indices;
    const float* table = numbers(node, 0);
    for (std::size_t r = 0; r < rows; ++r)
      copy_bounded(table + static_cast<std::size_t>(indices[r]) * width, width, y + r * width);
  }

  void positions(const float* table, std::size_t width, float* y) const {
    for (std::size_t s = 0; s < context_.sequences(); ++s)
      std::copy_n(table, (context_.starts[s + 1] - context_.starts[s]) * width,
                  y + context_.starts[s] * width);
  }

  void attend(const Node& node, std::size_t in_width, std::size_t width, float* y,
              const Scratch& scratch) const {
    const bool merged = node.inputs.size() == 1;
    const float* x = value(node.inputs[0]);
    run_attention(context_,
                  {.q = x,
                   .k = merged ? x + width : input(node, 1),
                   .v = merged ? x + 2 * width : input(node, 2),
                   .stride = in_width,
                   .width = width,
                   .heads = node.heads,
                   .causal = node.causal},
                  y, scratch);
  }

  void concat(const Node& node, std::size_t rows, std::size_t width, float* y) const {
    for (const ValueId v : node.inputs) {
      const std::size_t own = program_.shapes[v].width();
      for (std::size_t r = 0; r < rows; ++r) std::copy_n(value(v) + r * own, own, y + r * width);
      y += own;
    }
  }

  // Added token by token, in order.
  void mean(const float* x, std::size_t width, float* y) const {
    for (std::size_t s = 0; s < context_.sequences(); ++s, y += width) {
      std::fill_n(y, width, 0.0F);
      for (std::size_t token = context_.starts[s]; token < context_.starts[s + 1]; ++token)
        for (std::size_t c = 0; c < width; ++c) y[c] += x[token * width + c];
      const auto tokens = static_cast<float>(context_.starts[s + 1] - context_.starts[s]);
      for (std::size_t c = 0; c < width; ++c) y[c] /= tokens;
    }
  }

  void spread(const float* x, std::size_t width, float* y) const {
    for (std::size_t s = 0; s < context_.sequences(); ++s)
      for (std::size_t token = context_.starts[s]; token < context_.starts[s + 1]; ++token)
        std::copy_n(x + s * width, width, y + token * width);
  }

  const Program& program_;
  const Context& context_;
  std::byte* arena_;
  std::span<const InputRows> inputs_;
};

std::size_t rows_of(Rows rows, std::size_t tokens, std::size_t sequences) {
  return rows == Rows::kPerToken ? tokens : sequences;
}

Result<void> check_input(const Program& p, std::size_t i, const InputRows& rows, std::size_t count) {
  const Input& input = p.model.inputs[i];
  const std::size_t expected = count * input.shape.width();
  const std::size_t given = input.indices ? rows.indices.size() : rows.numbers.size();
  if (given != expected)
    return fail(Errc::kMalformed, "input '{}': {} numbers, expected {}", input.name, given, expected);
  if (input.indices) {
    for (std::size_t k = 0; k < count; ++k)
      if (rows.indices[k] < 0 || static_cast<std::uint32_t>(rows.indices[k]) >= p.index_ends[i])
        return fail(Errc::kOutOfRange, "input '{}': index {} at {}, expected 0 to {}", input.name,
                    rows.indices[k], k, p.index_ends[i] - 1);
    return {};
  }
  for (std::size_t k = 0; k < expected; ++k)
    if (!(std::fabs(rows.numbers[k]) <= kBound))
      return fail(Errc::kOutOfRange, "input '{}': {} at {}, expected a number up to {} in size", input.name,
                  rows.numbers[k], k, kBound);
  return {};
}

}  // namespace

Session::Session(const Program& program, const SessionOptions& options)
    : program_(program), options_(options), kernels_(kernels_of(options.instructions)) {
  EXPECTS(options.parts >= 1 && options.parts <= 64);
  parts_.resize(options.parts);
  for (Part& part : parts_) {
    part.arena.resize(program.arena_bytes);
    part.starts.reserve(program.options.tokens_at_once + 1);
  }
}

std::size_t Session::arena_bytes() const {
  return parts_.size() * program_.arena_bytes;
}

Result<void> Session::check(const Batch& batch, std::span<const std::span<float>> outputs) const {
  std::size_t tokens = 0;
  for (std::size_t s = 0; s < batch.lengths.size(); ++s) {
    if (batch.lengths[s] == 0 || batch.lengths[s] > program_.length_max)
      return fail(Errc::kLimitReached, "sequence {}: {} tokens, expected 1 to {}", s, batch.lengths[s],
                  program_.length_max);
    tokens += batch.lengths[s];
  }
  const Model& model = program_.model;
  if (batch.inputs.size() != model.inputs.size() || outputs.size() != model.outputs.size())
    return fail(Errc::kMalformed, "{} inputs and {} outputs, expected {} and {}", batch.inputs.size(),
                outputs.size(), model.inputs.size(), model.outputs.size());
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const std::size_t rows = rows_of(model.inputs[i].shape.rows, tokens, batch.lengths.size());
    if (auto r = check_input(program_, i, batch.inputs[i], rows); !r) return r;
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Shape& shape = program_.shapes[model.outputs[i].value];
    const std::size_t expected = rows_of(shape.rows, tokens, batch.lengths.size()) * shape.width();
    if (outputs[i].size() != expected)
      return fail(Errc::kMalformed, "output '{}': room for {} numbers, expected {}", model.outputs[i].name,
                  outputs[i].size(), expected);
  }
  return {};
}

// Whole sequences, as even as they fall over the parts, and no more than tokens_at_once.
void Session::cut_into_waves(const Batch& batch) {
  std::size_t tokens = 0;
  for (const std::uint32_t length : batch.lengths) tokens += length;
  const std::size_t limit = program_.options.tokens_at_once;
  const std::size_t rounds = (tokens + limit * parts_.size() - 1) / (limit * parts_.size());
  const std::size_t share = (tokens + rounds * parts_.size() - 1) / (rounds * parts_.size());
  waves_.clear();
  Wave wave;
  for (std::size_t s = 0; s < batch.lengths.size(); ++s) {
    const std::size_t length = batch.lengths[s];
    if (wave.sequences > 0 && (wave.tokens >= share || wave.tokens + length > limit)) {
      waves_.push_back(wave);
      wave = {.sequence = s, .token = wave.token + wave.tokens};
    }
    ++wave.sequences;
    wave.tokens += length;
  }
  waves_.push_back(wave);
}

void Session::run_wave(const Wave& wave, const Batch& batch, std::span<const std::span<float>> outputs,
                       Part& part, Executor* executor) const {
  part.starts.assign(1, 0);
  for (std::size_t s = 0; s < wave.sequences; ++s)
    part.starts.push_back(part.starts.back() + batch.lengths[wave.sequence + s]);
  const Model& model = program_.model;
  std::array<InputRows, 64> own{};
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    const Shape& shape = model.inputs[i].shape;
    const bool tokens = shape.rows == Rows::kPerToken;
    const std::size_t at = (tokens ? wave.token : wave.sequence) * shape.width();
    const std::size_t count = (tokens ? wave.tokens : wave.sequences) * shape.width();
    if (model.inputs[i].indices)
      own[i].indices = batch.inputs[i].indices.subspan(at, count);
    else
      own[i].numbers = batch.inputs[i].numbers.subspan(at, count);
  }
  const Context context{.kernels = kernels_,
                        .model = model,
                        .starts = part.starts,
                        .executor = executor,
                        .parts = parts_.size()};
  Pass pass(program_, context, part.arena.data(), own);
  pass.run();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Shape& shape = program_.shapes[model.outputs[i].value];
    const bool tokens = shape.rows == Rows::kPerToken;
    std::copy_n(pass.value(model.outputs[i].value), (tokens ? wave.tokens : wave.sequences) * shape.width(),
                outputs[i].begin() +
                    static_cast<std::ptrdiff_t>((tokens ? wave.token : wave.sequence) * shape.width()));
  }
}

Result<void> Session::run(const Batch& batch, std::span<const std::span<float>> outputs, Executor& executor) {
  if (auto checked = check(batch, outputs); !checked) return checked;
  if (batch.lengths.empty()) return {};
  cut_into_waves(batch);
  if (waves_.size() == 1) {
    run_wave(waves_[0], batch, outputs, parts_[0], parts_.size() > 1 ? &executor : nullptr);
    return {};
  }
  executor.run(std::min(parts_.size(), waves_.size()), [&](std::size_t part) {
    for (std::size_t w = part; w < waves_.size(); w += parts_.size())
      run_wave(waves_[w], batch, outputs, parts_[part], nullptr);
  });
  return {};
}

}  // namespace skywarden::inference
