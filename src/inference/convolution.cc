#include <algorithm>

#include "inference/operators.h"

namespace skywarden::inference {
namespace {

// The window's numbers of one place of an image, in the order y, x, channel; zeros beyond the edges.
void gather(const Node& node, const float* image, const Shape& in, std::size_t y, std::size_t x, float* out) {
  const auto place = [&](std::size_t at, std::size_t step) {
    return static_cast<std::ptrdiff_t>(at * node.stride + step) - static_cast<std::ptrdiff_t>(node.padding);
  };
  for (std::size_t dy = 0; dy < node.window; ++dy)
    for (std::size_t dx = 0; dx < node.window; ++dx, out += in.channels) {
      const std::ptrdiff_t row = place(y, dy), column = place(x, dx);
      const bool inside = row >= 0 && row < static_cast<std::ptrdiff_t>(in.height) && column >= 0 &&
                          column < static_cast<std::ptrdiff_t>(in.across);
      if (inside)
        std::copy_n(image + (static_cast<std::size_t>(row) * in.across + static_cast<std::size_t>(column)) *
                                in.channels,
                    in.channels, out);
      else
        std::fill_n(out, in.channels, 0.0F);
    }
}

void pool_place(const Node& node, const float* image, const Shape& in, std::size_t y, std::size_t x,
                float* out) {
  const std::size_t y_end = std::min<std::size_t>(y * node.stride + node.window, in.height + node.padding);
  const std::size_t x_end = std::min<std::size_t>(x * node.stride + node.window, in.across + node.padding);
  std::size_t count = 0;
  std::fill_n(out, in.channels, node.maximum ? -kBound : 0.0F);
  for (std::size_t row = y * node.stride; row < y_end; ++row)
    for (std::size_t column = x * node.stride; column < x_end; ++column) {
      if (row < node.padding || column < node.padding) continue;
      const float* place = image + ((row - node.padding) * in.across + column - node.padding) * in.channels;
      for (std::size_t c = 0; c < in.channels; ++c)
        out[c] = node.maximum ? std::max(out[c], place[c]) : out[c] + place[c];
      ++count;
    }
  if (node.maximum) return;
  for (std::size_t c = 0; c < in.channels; ++c) out[c] /= static_cast<float>(count);
}

}  // namespace

std::size_t conv1d_scratch(const Tensor& matrix, std::size_t tokens) {
  return Scratch::bytes_of<float>(tokens * matrix.rows) + linear_scratch(matrix, tokens);
}

void run_conv1d(const Context& c, const Node& node, const LinearMap& map, const float* x, std::size_t width,
                float* out, Scratch scratch) {
  float* windows = scratch.take<float>(c.tokens() * map.matrix.rows);
  const std::size_t before = node.causal ? node.window - 1 : node.window / 2;
  float* at = windows;
  for (std::size_t s = 0; s < c.sequences(); ++s)
    for (std::size_t token = c.starts[s]; token < c.starts[s + 1]; ++token)
      for (std::size_t step = 0; step < node.window; ++step, at += width) {
        const std::size_t from = token + step;  // of the token `before` further on
        if (from >= c.starts[s] + before && from - before < c.starts[s + 1])
          std::copy_n(x + (from - before) * width, width, at);
        else
          std::fill_n(at, width, 0.0F);
      }
  run_linear(c, map, windows, c.tokens(), out, scratch);
}

std::size_t conv2d_scratch(const Tensor& matrix, const Shape& out) {
  const std::size_t places = std::size_t{out.height} * out.across;
  return Scratch::bytes_of<float>(places * matrix.rows) + linear_scratch(matrix, places);
}

void run_conv2d(const Context& c, const Node& node, const LinearMap& map, const float* x, const Shape& in,
                float* out, const Shape& out_shape, Scratch scratch) {
  const std::size_t places = std::size_t{out_shape.height} * out_shape.across;
  float* windows = scratch.take<float>(places * map.matrix.rows);
  for (std::size_t row = 0; row < c.rows(in.rows); ++row) {
    float* at = windows;
    for (std::size_t y = 0; y < out_shape.height; ++y)
      for (std::size_t across = 0; across < out_shape.across; ++across, at += map.matrix.rows)
        gather(node, x + row * in.width(), in, y, across, at);
    run_linear(c, map, windows, places, out + row * out_shape.width(), scratch);
  }
}

void run_pool2d(const Context& c, const Node& node, const float* x, const Shape& in, float* out,
                const Shape& out_shape) {
  for (std::size_t row = 0; row < c.rows(in.rows); ++row)
    for (std::size_t y = 0; y < out_shape.height; ++y)
      for (std::size_t across = 0; across < out_shape.across; ++across)
        pool_place(node, x + row * in.width(), in, y, across,
                   out + row * out_shape.width() + (y * out_shape.across + across) * in.channels);
}

}  // namespace skywarden::inference
