#include <algorithm>

#include "base/contract.h"
#include "inference/check_model.h"
#include "inference/manifest.h"
#include "inference/model_file.h"
#include "inference/packing.h"
#include "inference/session.h"

namespace {

using namespace skywarden::inference;

constexpr std::size_t kNumbersMax = 1 << 16;  // of a tensor and of a row, so that each run is quick

// The graph comes from the enemy; numbers that fit its shapes from here, as checksums would keep a fuzzer
// from any.
bool fill(Model& model) {
  for (Tensor& t : model.tensors) {
    if (t.rows == 0 || t.columns == 0 || t.rows > kNumbersMax || t.columns > kNumbersMax) return false;
    const std::size_t wide = padded_columns(t.columns), deep = padded_depth(t.rows);
    if (wide * deep > kNumbersMax) return false;
    if (t.type == TensorType::kMatrixI8) {
      t.bytes.assign(wide * deep, 3);
      t.scale.assign(wide, 0.01F);
      const auto offsets = offsets_of(t.bytes, wide, deep);
      t.offset.assign(offsets.begin(), offsets.end());
    } else {
      t.numbers.assign(t.type == TensorType::kTable ? t.rows * t.columns : t.rows * wide, 0.1F);
    }
  }
  return true;
}

bool is_small(const Program& p) {
  std::size_t work = 0;
  for (const Shape& s : p.shapes) work += s.width();
  for (const Node& n : p.model.nodes)
    work += n.op == Op::kPool2d ? n.window * n.window * std::size_t{1024} : 0;
  return work <= kNumbersMax && p.model.nodes.size() <= 64;
}

void run(const Program& program) {
  const std::uint32_t lengths[] = {1, 3};
  std::vector<std::vector<float>> numbers;
  std::vector<std::int32_t> zeros(4);
  std::vector<InputRows> inputs;
  for (const Input& input : program.model.inputs) {
    const std::size_t rows = input.shape.rows == Rows::kPerToken ? 4 : 2;
    numbers.emplace_back(input.indices ? 0 : rows * input.shape.width(), 0.5F);
    inputs.push_back({numbers.back(), std::span(zeros).first(input.indices ? rows : 0)});
  }
  std::vector<std::vector<float>> results;
  for (const Output& output : program.model.outputs) {
    const Shape& shape = program.shapes[output.value];
    results.emplace_back((shape.rows == Rows::kPerToken ? 4 : 2) * shape.width());
  }
  const std::vector<std::span<float>> outputs(results.begin(), results.end());
  Session session(program);
  skywarden::SerialExecutor serial;
  if (!session.run({lengths, inputs}, outputs, serial)) return;
  for (const auto& result : results)
    for (const float y : result) EXPECTS(y >= -kBound && y <= kBound);
}

}  // namespace

// Whatever a file holds, reading ends in a model that writes the same file or in a message; and whatever
// graph is accepted runs within its planned memory to bounded results.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto file = read_model(bytes, "fuzz")) EXPECTS(write_model(file->model).size() <= size);
  auto model = decode_manifest(bytes);
  if (!model) return 0;
  EXPECTS(std::ranges::equal(encode_manifest(*model), bytes) || model->about.size() > 0);
  if (!fill(*model)) return 0;
  if (const auto program = make_program(std::move(*model), {.tokens_at_once = 4}))
    if (program->arena_bytes < (1U << 24) && is_small(*program)) run(*program);
  return 0;
}
