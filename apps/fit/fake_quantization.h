// Numbers rounded as the engine rounds them, while they stay FP32 and can be learnt: each row to the steps of
// its own largest number (kernels.h, quantize; packing.h, pack_i8), and gradients passed straight through
// (Bengio, Léonard and Courville 2013). Rows are outputs of a matrix, or tokens.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace at {
class Tensor;
}

namespace skywarden::fit {

// `bits` of 16 or 8: 32767 or 127 steps at either side of zero.
[[nodiscard]] at::Tensor fake_quantized(const at::Tensor& rows, int bits);
// The same of plain numbers, for those who do not know LibTorch.
[[nodiscard]] std::vector<float> fake_quantized(std::span<const float> numbers, std::size_t width, int bits);

}  // namespace skywarden::fit
