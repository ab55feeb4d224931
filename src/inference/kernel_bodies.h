// The kernels, written once over sixteen lanes and compiled by each instruction set's file. Internal. Nothing
// here calls an inline function of the standard library (kernels.h says why).
#pragma once

#include "inference/kernel_functions.h"
#include "inference/kernel_products.h"
#include "inference/kernels.h"

namespace skywarden::inference {
namespace {

// Calls each(place, n) for every sixteen of `count`, n of which are real.
template <typename Each>
SKYWARDEN_LANES void for_lanes(std::size_t count, Each each) {
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes) each(i, kLanes);
  if (i < count) each(i, count - i);
}

SKYWARDEN_LANES F load_some(const float* p, std::size_t n) {
  return n == kLanes ? load(p) : load(p, n);
}
SKYWARDEN_LANES void store_some(float* p, F x, std::size_t n) {
  if (n == kLanes)
    store(p, x);
  else
    store(p, x, n);
}

inline void quantize_row(const float* x, std::size_t depth, std::size_t stride, std::uint8_t* out,
                         float* scale) {
  F size = broadcast(0.0F);
  for_lanes(depth,
            [&](std::size_t i, std::size_t n) { size = larger(magnitude(load_some(x + i, n)), size); });
  const float most = largest(size);
  // Below this 127 / most would not be finite; such a row counts as zeros.
  const bool zero = !(most > 1e-30F);
  *scale = zero ? 0.0F : most / 127.0F;
  const F by = broadcast(zero ? 0.0F : 127.0F / most);
  for_lanes(depth, [&](std::size_t i, std::size_t n) {
    store_bytes(out + i, add_to_each(nearest(mul(load_some(x + i, n), by)), 128));
  });
  const F nothing = broadcast(0.0F);
  for (std::size_t i = (depth + kLanes - 1) / kLanes * kLanes; i < stride; i += kLanes)
    store_bytes(out + i, add_to_each(nearest(nothing), 128));
}

inline void quantize(const float* x, std::size_t rows, std::size_t depth, std::size_t x_stride,
                     QuantizedRows out) {
  for (std::size_t r = 0; r < rows; ++r)
    quantize_row(x + r * x_stride, depth, out.stride, out.values + r * out.stride, out.scale + r);
}

inline void layer_norm_row(const LayerNorm& norm, std::size_t row) {
  const float* x = norm.x + row * norm.columns;
  float* out = norm.out + row * norm.columns;
  F total = broadcast(0.0F), squares = broadcast(0.0F);
  for_lanes(norm.columns, [&](std::size_t i, std::size_t n) {
    F y = load_some(x + i, n);
    if (norm.residual != nullptr) y = bounded(add(y, load_some(norm.residual + row * norm.columns + i, n)));
    store_some(out + i, y, n);
    total = add(total, y);
  });
  const float count = static_cast<float>(norm.columns);
  const F mean = broadcast(sum(total) / count);
  for_lanes(norm.columns, [&](std::size_t i, std::size_t n) {
    store_some(out + i, sub(load_some(out + i, n), mean), n);
    const F d = load_some(out + i, n);
    squares = fma(d, d, squares);
  });
  const F by = broadcast(1.0F / __builtin_sqrtf(sum(squares) / count + norm.epsilon));
  for_lanes(norm.columns, [&](std::size_t i, std::size_t n) {
    const F y = fma(mul(load_some(out + i, n), by), load_some(norm.gain + i, n), load_some(norm.bias + i, n));
    store_some(out + i, bounded(y), n);
  });
}

inline void layer_norm(const LayerNorm& norm) {
  for (std::size_t row = 0; row < norm.rows; ++row) layer_norm_row(norm, row);
}

inline void softmax(float* x, std::size_t columns, float scale) {
  F most = broadcast(x[0]), total = broadcast(0.0F);
  for_lanes(columns, [&](std::size_t i, std::size_t n) { most = larger(load(x + i, n, most), most); });
  const F highest = broadcast(largest(most)), by = broadcast(scale);
  for_lanes(columns, [&](std::size_t i, std::size_t n) {
    store_some(x + i, exp_of(mul(sub(load_some(x + i, n), highest), by)), n);
    total = add(total, load_some(x + i, n));
  });
  const F share = broadcast(1.0F / sum(total));
  for_lanes(columns,
            [&](std::size_t i, std::size_t n) { store_some(x + i, mul(load_some(x + i, n), share), n); });
}

inline void activate(Activation activation, const float* x, std::size_t count, float* out) {
  for_lanes(count, [&](std::size_t i, std::size_t n) {
    store_some(out + i, activated(activation, bounded(load_some(x + i, n))), n);
  });
}

inline void add_all(const float* a, const float* b, std::size_t count, float* out) {
  for_lanes(count, [&](std::size_t i, std::size_t n) {
    store_some(out + i, bounded(add(load_some(a + i, n), load_some(b + i, n))), n);
  });
}

inline void exp_all(const float* x, std::size_t count, float* out) {
  for_lanes(count,
            [&](std::size_t i, std::size_t n) { store_some(out + i, exp_of(load_some(x + i, n)), n); });
}

inline void transpose(const float* x, std::size_t rows, std::size_t columns, std::size_t x_stride, float* out,
                      std::size_t out_stride) {
  for (std::size_t column = 0; column < columns; ++column)
    for (std::size_t row = 0; row < rows; ++row) out[column * out_stride + row] = x[row * x_stride + column];
}

inline void lstm_cell(const float* gates, std::size_t width, float* cell, float* hidden) {
  for_lanes(width, [&](std::size_t i, std::size_t n) {
    const F in = sigmoid(load_some(gates + i, n)), keep = sigmoid(load_some(gates + width + i, n));
    const F fresh = tanh_of(load_some(gates + 2 * width + i, n)),
            out = sigmoid(load_some(gates + 3 * width + i, n));
    const F state = bounded(fma(keep, load_some(cell + i, n), mul(in, fresh)));
    store_some(cell + i, state, n);
    store_some(hidden + i, mul(out, tanh_of(state)), n);
  });
}

inline constexpr Kernels all_kernels() {
  return {.quantize = quantize,
          .product_i8 = product_i8,
          .product_f32 = product_f32,
          .layer_norm = layer_norm,
          .softmax = softmax,
          .activate = activate,
          .add = add_all,
          .exp = exp_all,
          .transpose = transpose,
          .lstm_cell = lstm_cell};
}

}  // namespace
}  // namespace skywarden::inference
