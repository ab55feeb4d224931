#include "inference/packing.h"

#include <algorithm>
#include <cmath>

#include "base/contract.h"
#include "inference/kernels.h"

namespace skywarden::inference {
namespace {

std::size_t rounded_up(std::size_t n, std::size_t step) {
  return (n + step - 1) / step * step;
}

float largest_size(std::span<const float> row) {
  float most = 0.0F;
  for (const float w : row) most = std::max(most, std::fabs(w));
  return most;
}

// To even; |x| ≤ 127.
std::int8_t nearest_i8(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 · 2^23
  return static_cast<std::int8_t>((x + kShift) - kShift);
}

}  // namespace

std::size_t padded_columns(std::size_t columns) {
  return rounded_up(columns, kLanes);
}

std::size_t padded_depth(std::size_t depth) {
  return rounded_up(depth, kDepthStep);
}

std::size_t packed_place(std::size_t column, std::size_t k, std::size_t depth_padded) {
  return (column / kLanes * depth_padded + k / 4 * 4) * kLanes + column % kLanes * 4 + k % 4;
}

PackedI8 pack_i8(std::span<const float> weights, std::size_t columns, std::size_t depth) {
  EXPECTS(weights.size() == columns * depth);
  std::vector<std::int8_t> values(weights.size());
  std::vector<float> scale(columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const auto row = weights.subspan(c * depth, depth);
    const float most = largest_size(row);
    if (!(most > 1e-30F)) continue;  // as the kernels treat a row of activations
    scale[c] = most / 127.0F;
    for (std::size_t k = 0; k < depth; ++k) values[c * depth + k] = nearest_i8(row[k] * (127.0F / most));
  }
  return pack_quantized(values, scale, columns, depth);
}

PackedI8 pack_quantized(std::span<const std::int8_t> values, std::span<const float> scale,
                        std::size_t columns, std::size_t depth) {
  EXPECTS(values.size() == columns * depth && scale.size() == columns);
  const std::size_t wide = padded_columns(columns), deep = padded_depth(depth);
  EXPECTS(deep <= kDepthMax);
  PackedI8 packed{std::vector<std::int8_t>(wide * deep), std::vector<float>(wide), {}};
  std::copy(scale.begin(), scale.end(), packed.scale.begin());
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t k = 0; k < depth; ++k) packed.values[packed_place(c, k, deep)] = values[c * depth + k];
  packed.offset = offsets_of(packed.values, wide, deep);
  return packed;
}

std::vector<std::int32_t> offsets_of(std::span<const std::int8_t> packed, std::size_t columns_padded,
                                     std::size_t depth_padded) {
  EXPECTS(packed.size() == columns_padded * depth_padded);
  std::vector<std::int32_t> offset(columns_padded);
  const std::int8_t* four = packed.data();
  for (std::size_t panel = 0; panel < columns_padded; panel += kLanes)
    for (std::size_t k = 0; k < depth_padded; k += 4)
      for (std::size_t lane = 0; lane < kLanes; ++lane, four += 4)
        offset[panel + lane] -= 128 * (four[0] + four[1] + four[2] + four[3]);
  return offset;
}

std::vector<float> pack_f32(std::span<const float> weights, std::size_t columns, std::size_t depth) {
  EXPECTS(weights.size() == columns * depth);
  const std::size_t wide = padded_columns(columns);
  std::vector<float> packed(wide * depth);
  for (std::size_t c = 0; c < columns; ++c)
    for (std::size_t k = 0; k < depth; ++k) packed[k * wide + c] = weights[c * depth + k];
  return packed;
}

}  // namespace skywarden::inference
