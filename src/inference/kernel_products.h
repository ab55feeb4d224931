// Products of matrices on sixteen lanes. Internal to kernels.
//
// A block of R rows and C times 16 columns stays in registers while the depth runs by; weights come once for
// R rows.
#pragma once

#include "inference/kernel_functions.h"
#include "inference/kernels.h"
#include "inference/lanes.h"

namespace skywarden::inference {
namespace {

SKYWARDEN_LANES void finish(const Epilogue& e, F y, std::size_t row, std::size_t column,
                            std::size_t columns) {
  if (e.bias != nullptr) y = add(y, load(e.bias + column));
  y = activated(e.activation, bounded(y));
  float* out = e.out + row * e.out_stride + column;
  if (columns - column >= kLanes) {
    if (e.residual != nullptr) y = bounded(add(y, load(e.residual + row * e.residual_stride + column)));
    store(out, y);
  } else {
    if (e.residual != nullptr)
      y = bounded(add(y, load(e.residual + row * e.residual_stride + column, columns - column)));
    store(out, y, columns - column);
  }
}

SKYWARDEN_LANES void finish(const ProductI8& p, I sum, std::size_t row, std::size_t column) {
  const F scaled = mul(mul(to_float(sum), broadcast(p.a.scale[row])), load(p.column_scale + column));
  finish(p.epilogue, scaled, row, column, p.column_end);
}

template <int R, int C>
inline void block_of(const ProductI8& p, std::size_t row, std::size_t column) {
  I sums[R][C];
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) sums[r][c] = first_sum(p.offset + column + c * kLanes);
  const std::uint8_t* a = p.a.values + row * p.a.stride;
  const std::int8_t* weights = p.weights + column * p.depth;
  for (std::size_t k = 0; k < p.depth; k += 4) {
    Weights w[C];
    for (int c = 0; c < C; ++c) w[c] = load_weights(weights + (c * p.depth + k) * kLanes);
    for (int r = 0; r < R; ++r) {
      const Four four = broadcast_four(a + r * p.a.stride + k);
      for (int c = 0; c < C; ++c) sums[r][c] = dot_four(sums[r][c], four, w[c]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) finish(p, sums[r][c], row + r, column + c * kLanes);
}

template <int R, int C>
inline void block_of(const ProductF32& p, std::size_t row, std::size_t column) {
  F sums[R][C];
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) sums[r][c] = broadcast(0.0F);
  const float* a = p.a + row * p.a_stride;
  const bool whole = column + C * kLanes <= p.column_end;
  const std::size_t last =
      whole ? kLanes : p.column_end - column - (C - 1) * kLanes;  // columns of the last part
  for (std::size_t k = 0; k < p.depth; ++k) {
    const float* b = p.b + k * p.b_stride + column;
    F w[C];
    for (int c = 0; c + 1 < C; ++c) w[c] = load(b + c * kLanes);
    w[C - 1] = whole ? load(b + (C - 1) * kLanes) : load(b + (C - 1) * kLanes, last);
    for (int r = 0; r < R; ++r) {
      const F each = broadcast(a[r * p.a_stride + k]);
      for (int c = 0; c < C; ++c) sums[r][c] = fma(each, w[c], sums[r][c]);
    }
  }
  for (int r = 0; r < R; ++r)
    for (int c = 0; c < C; ++c) finish(p.epilogue, sums[r][c], row + r, column + c * kLanes, p.column_end);
}

// Rows from `row` on, in blocks of R and then one of what is left.
template <int R, int C, typename Product>
inline void rows_of(const Product& p, std::size_t row, std::size_t column) {
  for (; row + R <= p.rows; row += R) block_of<R, C>(p, row, column);
  if constexpr (R > 1)
    if (row < p.rows) rows_of<R - 1, C>(p, row, column);
}

// Columns likewise; few columns at once leave registers for more rows.
template <int R, int C, typename Product>
inline void columns_of(const Product& p, std::size_t column) {
  for (; column + (C - 1) * kLanes < p.column_end; column += C * kLanes) rows_of<R, C>(p, 0, column);
  if constexpr (C > 1) columns_of<R, C / 2>(p, column);
}

inline void product_i8(const ProductI8& p) {
  columns_of<kRowsAtOnce, kColumnBlocksAtOnce>(p, p.column_begin);
}

inline void product_f32(const ProductF32& p) {
  columns_of<kRowsAtOnce, kColumnBlocksAtOnce>(p, p.column_begin);
}

}  // namespace
}  // namespace skywarden::inference
