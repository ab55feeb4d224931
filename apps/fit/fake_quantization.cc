#include "fake_quantization.h"

#include <torch/types.h>

#include "base/contract.h"

namespace skywarden::fit {

at::Tensor fake_quantized(const at::Tensor& rows, int bits) {
  EXPECTS(bits == 16 || bits == 8);
  const at::Tensor plain = rows.detach();
  const at::Tensor most = plain.abs().amax(-1, true);
  const at::Tensor zero = most <= 1e-30;  // as the kernels treat such a row
  // Tensors, because a number over a tensor is a product with the reciprocal, which rounds twice.
  const at::Tensor steps = torch::full_like(most, static_cast<double>((1 << (bits - 1)) - 1));
  const at::Tensor by = steps.div(most).masked_fill(zero, 0.0);
  const at::Tensor scale = most.div(steps).masked_fill(zero, 0.0);
  const at::Tensor rounded = torch::round(plain * by) * scale;  // half to even, as there
  if (!rows.requires_grad() || !torch::GradMode::is_enabled()) return rounded;
  return rows + (rounded - plain);
}

std::vector<float> fake_quantized(std::span<const float> numbers, std::size_t width, int bits) {
  EXPECTS(width > 0 && numbers.size() % width == 0);
  std::vector<float> copy(numbers.begin(), numbers.end());
  const at::Tensor rows = torch::from_blob(
      copy.data(), {static_cast<std::int64_t>(numbers.size() / width), static_cast<std::int64_t>(width)},
      torch::kFloat32);
  const at::Tensor out = fake_quantized(rows, bits).contiguous();
  const float* first = out.data_ptr<float>();
  return {first, first + out.numel()};
}

}  // namespace skywarden::fit
