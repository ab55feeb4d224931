// The arithmetic of the engine, offered by each instruction set with the same bits as result. Internal to the
// component: callers use Session (session.h).
//
// How bits stay equal over instruction sets, batch sizes and threads:
// - A product of INT8 matrices accumulates in INT32, exactly.
// - A product of FP32 matrices is, for each element apart, acc = fma(a[k], b[k], acc) for k ascending from
// acc = 0.
// - A sum over a row has sixteen lanes: lane l adds elements l, l + 16, … ascending, from 0; then the lanes
// are
//   folded 8, 4, 2, 1 apart. A maximum has no order.
// - Everything else works element by element, by +, −, ×, ÷, √ and explicit fused multiply-add, each
// correctly
//   rounded. exp, tanh and what follows from them are polynomials of our own (kernel_bodies.h), never libm's.
//
// Every result is bounded to ±kBound; a NaN becomes −kBound. With bounded inputs and parameters no NaN
// arises.
//
// This header holds plain data only: whatever is inline here would be compiled with wide instructions in one
// file and could be chosen by the linker for all of them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inference/instructions.h"

namespace skywarden::inference {

inline constexpr float kBound = 1e6F;            // |activation| never exceeds it
inline constexpr std::size_t kLanes = 16;        // columns are padded to a multiple of it
inline constexpr std::size_t kDepthStep = 64;    // the depth of an INT8 product is padded to a multiple of it
inline constexpr std::size_t kDepthMax = 65536;  // 255 · 127 · 65,536 < 2^31: INT32 cannot overflow
inline constexpr std::size_t kRowStep = 16;  // rows of quantised activations are padded to a multiple of it

enum class Activation : std::uint8_t { kNone, kSilu, kGelu, kSigmoid, kTanh, kRelu };

// y = bounded(activation(bounded(product [· scales] + bias))) [+ residual, bounded].
// Arrays over columns are padded with zeros to a multiple of kLanes; strides are in elements.
struct Epilogue {
  const float* bias = nullptr;  // may be absent, as may the residual
  Activation activation = Activation::kNone;
  const float* residual = nullptr;
  std::size_t residual_stride = 0;
  float* out = nullptr;
  std::size_t out_stride = 0;
};

// A row of u8 stands for (u8 − 128) · scale; the rows behind `rows` up to a multiple of kRowStep may be read.
struct QuantizedRows {
  std::uint8_t* values = nullptr;
  std::size_t stride = 0;  // bytes, the padded depth
  float* scale = nullptr;  // one a row
};

// out = rows · weights. Weights: for each 16 columns, for each four of the depth, 16 × 4 INT8 in −127…127.
// `offset` is −128 · the sum of each column.
struct ProductI8 {
  std::size_t rows = 0, depth = 0, columns = 0;  // depth padded to kDepthStep
  QuantizedRows a;
  const std::int8_t* weights = nullptr;
  const float* column_scale = nullptr;
  const std::int32_t* offset = nullptr;
  std::size_t column_begin = 0, column_end = 0;  // which columns to compute; begin a multiple of kLanes
  Epilogue epilogue;
};

// out = a · b, both in rows; b may have a stride of its own.
struct ProductF32 {
  std::size_t rows = 0, depth = 0, columns = 0;
  const float* a = nullptr;
  std::size_t a_stride = 0;
  const float* b = nullptr;
  std::size_t b_stride = 0;
  std::size_t column_begin = 0, column_end = 0;  // begin a multiple of kLanes
  Epilogue epilogue;
};

struct LayerNorm {
  std::size_t rows = 0, columns = 0;  // columns > 0
  const float* x = nullptr;
  const float* residual = nullptr;  // may be absent: added to x first, bounded
  const float* gain = nullptr;
  const float* bias = nullptr;
  float epsilon = 1e-5F;  // > 0
  float* out = nullptr;   // may be x
};

struct Kernels {
  // Symmetric: scale = max |x| / 127, u8 = 128 + round to even(x · (127 / max |x|)); a row of zeros has scale
  // 0.
  void (*quantize)(const float* x, std::size_t rows, std::size_t depth, std::size_t x_stride,
                   QuantizedRows out);
  void (*product_i8)(const ProductI8& p);
  void (*product_f32)(const ProductF32& p);
  void (*layer_norm)(const LayerNorm& n);
  // x = softmax(scale · x) over `columns` numbers, one row; columns > 0
  void (*softmax)(float* x, std::size_t columns, float scale);
  void (*activate)(Activation activation, const float* x, std::size_t count, float* out);
  void (*add)(const float* a, const float* b, std::size_t count, float* out);  // bounded
  void (*exp)(const float* x, std::size_t count, float* out);
  // out[column][row] = x[row][column], out_stride ≥ rows
  void (*transpose)(const float* x, std::size_t rows, std::size_t columns, std::size_t x_stride, float* out,
                    std::size_t out_stride);
  // One step of an LSTM over `width` cells: gates hold i, f, g, o, each width long, before their activation.
  void (*lstm_cell)(const float* gates, std::size_t width, float* cell, float* hidden);
};

// The set must be available.
[[nodiscard]] const Kernels& kernels_of(InstructionSet set);

}  // namespace skywarden::inference
