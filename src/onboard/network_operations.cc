#include "onboard/network_operations.h"

namespace skywarden::onboard {
namespace {

using inference::Op;
using inference::Rows;
using inference::TensorType;

constexpr double kVectorBytes = 64.0;
constexpr double kOperationsOfNumber = 10.0;  // norms, activations, softmax: of FP32, about

std::size_t bytes_of(const inference::Tensor& t) {
  return t.bytes.size() + sizeof(float) * (t.numbers.size() + t.scale.size()) +
         sizeof(std::int32_t) * t.offset.size();
}

}  // namespace

std::size_t tensor_bytes(const inference::Program& program) {
  std::size_t out = 0;
  for (const inference::Tensor& tensor : program.model.tensors) out += bytes_of(tensor);
  return out;
}

OperationCounts network_operations(const inference::Program& program, std::size_t tokens) {
  OperationCounts out;
  double touched = 0.0;  // numbers read and written
  const auto flops = [&](double multiplies, double additions) {
    out.float_multiplies += multiplies;
    out.float_additions += additions;
  };
  for (std::size_t i = 0; i < program.model.nodes.size(); ++i) {
    const inference::Node& node = program.model.nodes[i];
    const inference::Shape& shape = program.shapes[program.model.inputs.size() + i];
    const double rows = shape.rows == Rows::kPerToken ? static_cast<double>(tokens) : 1.0;
    const double numbers = rows * static_cast<double>(shape.width());
    touched += 2.0 * numbers;
    if (node.op == Op::kAttention) {
      const double products = 2.0 * static_cast<double>(tokens) * numbers;
      flops(products, products);
      flops(kOperationsOfNumber * rows * static_cast<double>(tokens * node.heads), 0.0);
      continue;
    }
    bool is_product = false;
    for (const inference::TensorId id : node.tensors) {
      const inference::Tensor& tensor = program.model.tensors[id];
      if (tensor.type != TensorType::kMatrixI8 && tensor.type != TensorType::kMatrixF32) continue;
      is_product = true;
      // A recurrent matrix works once a token, as the others do.
      const double times =
          node.op == Op::kLstm ? static_cast<double>(tokens) : rows * shape.height * shape.across;
      const double products = times * static_cast<double>(tensor.rows) * static_cast<double>(tensor.columns);
      if (tensor.type == TensorType::kMatrixI8) {
        out.int8_multiply_adds += products;
        flops(times * (tensor.rows + 2.0 * tensor.columns), times * tensor.rows);  // rounding, scales
      } else {
        flops(products, products);
      }
    }
    flops(numbers * (is_product ? 1.0 : kOperationsOfNumber / 2.0),
          numbers * (is_product ? 1.0 : kOperationsOfNumber / 2.0));
    if (node.activation != inference::Activation::kNone || node.op == Op::kLstm)
      flops(kOperationsOfNumber * numbers, kOperationsOfNumber * numbers);
  }
  const auto weights = static_cast<double>(tensor_bytes(program));
  (weights > kCacheBytes ? out.memory_bytes : out.cache_bytes) += weights;
  out.cache_bytes += sizeof(float) * touched;
  out.instructions = out.int8_multiply_adds / kVectorBytes +
                     (out.float_multiplies + out.float_additions + touched) * sizeof(float) / kVectorBytes;
  return out;
}

}  // namespace skywarden::onboard
