// Weights of a linear map in the layout that the kernels read (kernels.h). `weights` are rows of inputs, one
// row an output channel, as LibTorch's Linear keeps them; all must be finite.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace skywarden::inference {

[[nodiscard]] std::size_t padded_columns(std::size_t columns);  // to kLanes
[[nodiscard]] std::size_t padded_depth(std::size_t depth);      // to kDepthStep

// Symmetric, a scale for each output channel: weight ≈ value · scale, values in −127…127.
struct PackedI8 {
  std::vector<std::int8_t> values;   // padded_columns · padded_depth
  std::vector<float> scale;          // padded_columns, zeros behind the last
  std::vector<std::int32_t> offset;  // −128 · sum of the values of the channel
};
[[nodiscard]] PackedI8 pack_i8(std::span<const float> weights, std::size_t columns, std::size_t depth);

// The same from values that were quantised elsewhere, each in −127…127: [columns][depth], with a scale a
// channel.
[[nodiscard]] PackedI8 pack_quantized(std::span<const std::int8_t> values, std::span<const float> scale,
                                      std::size_t columns, std::size_t depth);

// One element out of a packed matrix.
[[nodiscard]] std::size_t packed_place(std::size_t column, std::size_t k, std::size_t depth_padded);

// The sum of each channel by −128, for packed values that came without it.
[[nodiscard]] std::vector<std::int32_t> offsets_of(std::span<const std::int8_t> packed,
                                                   std::size_t columns_padded, std::size_t depth_padded);

// [depth][padded_columns], zeros behind the last column.
[[nodiscard]] std::vector<float> pack_f32(std::span<const float> weights, std::size_t columns,
                                          std::size_t depth);

}  // namespace skywarden::inference
