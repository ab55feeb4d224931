#include <algorithm>
#include <numeric>

#include "inference/operators.h"

namespace skywarden::inference {
namespace {

struct Direction {
  const Tensor &input, &recurrent, &bias;
  bool backward;
  std::size_t out_stride, out_column;
};

struct Buffers {
  float* gates;  // of all tokens, what the input adds
  float *cell, *hidden, *step, *added;
  std::uint32_t* order;  // sequences, the longest first: those still running are the first few
};

std::size_t length_of(const Context& c, std::size_t sequence) {
  return c.starts[sequence + 1] - c.starts[sequence];
}

void order_by_length(const Context& c, std::uint32_t* order) {
  std::iota(order, order + c.sequences(), 0U);
  // Equal lengths by number, so that the order is one; each sequence is computed apart all the same.
  std::sort(order, order + c.sequences(), [&](std::uint32_t a, std::uint32_t b) {
    return length_of(c, a) != length_of(c, b) ? length_of(c, a) > length_of(c, b) : a < b;
  });
}

void step_of(const Context& c, const Direction& d, const Buffers& b, std::size_t step, std::size_t running,
             float* out, Scratch scratch) {
  const std::size_t cells = d.recurrent.rows, gates = 4 * cells;
  const auto token_of = [&](std::size_t place) {
    const std::size_t sequence = b.order[place];
    return d.backward ? c.starts[sequence + 1] - 1 - step : c.starts[sequence] + step;
  };
  for (std::size_t i = 0; i < running; ++i)
    std::copy_n(b.gates + token_of(i) * gates, gates, b.added + i * gates);
  run_linear(c, {.matrix = d.recurrent, .residual = b.added}, b.hidden, running, b.step, scratch);
  for (std::size_t i = 0; i < running; ++i) {
    c.kernels.lstm_cell(b.step + i * gates, cells, b.cell + i * cells, b.hidden + i * cells);
    std::copy_n(b.hidden + i * cells, cells, out + token_of(i) * d.out_stride + d.out_column);
  }
}

void run_direction(const Context& c, const Direction& d, const Buffers& b, const float* x, float* out,
                   Scratch scratch) {
  const std::size_t cells = d.recurrent.rows;
  run_linear(c, {.matrix = d.input, .bias = d.bias.numbers.data()}, x, c.tokens(), b.gates, scratch);
  std::fill_n(b.cell, c.sequences() * cells, 0.0F);
  std::fill_n(b.hidden, c.sequences() * cells, 0.0F);
  std::size_t running = c.sequences();
  for (std::size_t step = 0;; ++step) {
    while (running > 0 && length_of(c, b.order[running - 1]) <= step) --running;
    if (running == 0) return;
    step_of(c, d, b, step, running, out, scratch);
  }
}

}  // namespace

std::size_t lstm_scratch(const Model& model, const Node& node, std::size_t tokens) {
  const Tensor &input = model.tensors[node.tensors[0]], &recurrent = model.tensors[node.tensors[1]];
  const std::size_t cells = recurrent.rows;
  return 3 * Scratch::bytes_of<float>(tokens * 4 * cells) + 2 * Scratch::bytes_of<float>(tokens * cells) +
         Scratch::bytes_of<std::uint32_t>(tokens) +
         std::max(linear_scratch(input, tokens), linear_scratch(recurrent, tokens));
}

void run_lstm(const Context& c, const Node& node, const float* x, std::size_t, float* out, Scratch scratch) {
  const auto tensor = [&](std::size_t i) -> const Tensor& { return c.model.tensors[node.tensors[i]]; };
  const std::size_t cells = tensor(1).rows, directions = node.bidirectional ? 2 : 1;
  Buffers b{};
  b.gates = scratch.take<float>(c.tokens() * 4 * cells);
  b.step = scratch.take<float>(c.sequences() * 4 * cells);
  b.added = scratch.take<float>(c.sequences() * 4 * cells);
  b.cell = scratch.take<float>(c.sequences() * cells);
  b.hidden = scratch.take<float>(c.sequences() * cells);
  b.order = scratch.take<std::uint32_t>(c.sequences());
  order_by_length(c, b.order);
  for (std::size_t i = 0; i < directions; ++i)
    run_direction(
        c, {tensor(3 * i), tensor(3 * i + 1), tensor(3 * i + 2), i == 1, directions * cells, i * cells}, b, x,
        out, scratch);
}

}  // namespace skywarden::inference
