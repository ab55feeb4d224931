#include <algorithm>

#include "inference/operators.h"
#include "inference/packing.h"

namespace skywarden::inference {
namespace {

constexpr std::size_t kColumnsOfPart = 2 * kLanes;   // what the tiles work on at once
constexpr std::size_t kWeightsWorthParts = 1 << 19;  // bytes: below, handing over costs more than it saves
constexpr std::size_t kPiecesOfPart = 4;  // a core that is taken away holds up a quarter of a share

// Rows that tiles may read behind the last.
std::size_t readable_rows(std::size_t rows) {
  return (rows + 2 * kRowStep - 1) / (2 * kRowStep) * (2 * kRowStep);
}

template <typename Product>
void over_columns(const Context& c, Product product, std::size_t weight_bytes,
                  void (*kernel)(const Product&)) {
  if (c.executor == nullptr || c.parts < 2 || weight_bytes < kWeightsWorthParts) return kernel(product);
  const std::size_t blocks = (product.columns + kColumnsOfPart - 1) / kColumnsOfPart;
  const std::size_t columns = product.columns, pieces = std::min(blocks, c.parts * kPiecesOfPart);
  c.executor->run(pieces, [&](std::size_t piece) {
    Product own = product;
    own.column_begin = std::min(columns, blocks * piece / pieces * kColumnsOfPart);
    own.column_end = std::min(columns, blocks * (piece + 1) / pieces * kColumnsOfPart);
    kernel(own);
  });
}

}  // namespace

std::size_t linear_scratch(const Tensor& matrix, std::size_t rows) {
  if (matrix.type != TensorType::kMatrixI8) return 0;
  return Scratch::bytes_of<std::uint8_t>(readable_rows(rows) * padded_depth(matrix.rows)) +
         Scratch::bytes_of<float>(rows);
}

void run_linear(const Context& c, const LinearMap& map, const float* x, std::size_t rows, float* out,
                Scratch scratch) {
  const Tensor& m = map.matrix;
  const Epilogue epilogue{.bias = map.bias,
                          .activation = map.activation,
                          .residual = map.residual,
                          .residual_stride = m.columns,
                          .out = out,
                          .out_stride = m.columns};
  if (m.type == TensorType::kMatrixF32)
    return over_columns(c,
                        ProductF32{.rows = rows,
                                   .depth = m.rows,
                                   .columns = m.columns,
                                   .a = x,
                                   .a_stride = m.rows,
                                   .b = m.numbers.data(),
                                   .b_stride = padded_columns(m.columns),
                                   .column_begin = 0,
                                   .column_end = m.columns,
                                   .epilogue = epilogue},
                        m.numbers.size() * sizeof(float), c.kernels.product_f32);
  const std::size_t deep = padded_depth(m.rows);
  const QuantizedRows a{.values = scratch.take<std::uint8_t>(readable_rows(rows) * deep),
                        .stride = deep,
                        .scale = scratch.take<float>(rows)};
  c.kernels.quantize(x, rows, m.rows, m.rows, a);
  over_columns(c,
               ProductI8{.rows = rows,
                         .depth = deep,
                         .columns = m.columns,
                         .a = a,
                         .weights = m.bytes.data(),
                         .column_scale = m.scale.data(),
                         .offset = m.offset.data(),
                         .column_begin = 0,
                         .column_end = m.columns,
                         .epilogue = epilogue},
               m.bytes.size(), c.kernels.product_i8);
}

}  // namespace skywarden::inference
