#include "inference/program.h"

#include <algorithm>
#include <utility>

#include "inference/check_model.h"
#include "inference/memory_plan.h"
#include "inference/operators.h"
#include "inference/optimize.h"

namespace skywarden::inference {
namespace {

std::size_t scratch_of(const Program& p, std::size_t i) {
  const Node& node = p.model.nodes[i];
  const std::size_t tokens = p.options.tokens_at_once;
  const auto matrix = [&]() -> const Tensor& { return p.model.tensors[node.tensors[0]]; };
  const Shape& out = p.shapes[p.model.inputs.size() + i];
  switch (node.op) {
    case Op::kLinear:
      return linear_scratch(matrix(), tokens);
    case Op::kAttention:
      return attention_scratch(out.width(), node.heads, tokens);
    case Op::kConv1d:
      return conv1d_scratch(matrix(), tokens);
    case Op::kConv2d:
      return conv2d_scratch(matrix(), out);
    case Op::kLstm:
      return lstm_scratch(p.model, node, tokens);
    default:
      return 0;
  }
}

// One slot for each node's value, then one for each node's working memory.
std::vector<Slot> slots_of(const Program& p) {
  const std::size_t nodes = p.model.nodes.size(), inputs = p.model.inputs.size();
  std::vector<Slot> slots(2 * nodes);
  for (std::size_t i = 0; i < nodes; ++i) {
    slots[i] = {.born = i,
                .last_used = i,
                .bytes = p.options.tokens_at_once * p.shapes[inputs + i].width() * sizeof(float)};
    slots[nodes + i] = {.born = i, .last_used = i, .bytes = scratch_of(p, i)};
    for (const ValueId v : p.model.nodes[i].inputs)
      if (v >= inputs) slots[v - inputs].last_used = i;
  }
  for (const Output& output : p.model.outputs) slots[output.value - inputs].last_used = nodes;
  return slots;
}

void note_tables(Program& p) {
  p.length_max = p.options.tokens_at_once;
  p.index_ends.assign(p.model.inputs.size(), kTableRowsMax);
  for (const Node& node : p.model.nodes) {
    if (node.op != Op::kEmbedding && node.op != Op::kPosition) continue;
    const std::uint32_t rows = p.model.tensors[node.tensors[0]].rows;
    std::uint32_t& end = node.op == Op::kPosition ? p.length_max : p.index_ends[node.inputs[0]];
    end = std::min(end, rows);
  }
}

}  // namespace

Result<Program> make_program(Model model, const ProgramOptions& options) {
  if (options.tokens_at_once == 0 || options.tokens_at_once > 65536)
    return fail(Errc::kOutOfRange, "program: {} tokens at once, expected 1 to 65536", options.tokens_at_once);
  if (auto checked = check_model(model); !checked) return tl::unexpected(checked.error());
  Program p;
  p.options = options;
  p.model = std::move(model);
  if (options.optimized) p.model = optimized(std::move(p.model));
  auto shapes = shapes_of(p.model);
  if (!shapes) return tl::unexpected(shapes.error());
  p.shapes = std::move(*shapes);
  note_tables(p);
  std::vector<Slot> slots = slots_of(p);
  p.arena_bytes = place(slots);
  if (p.arena_bytes > kArenaBytesMax)
    return fail(Errc::kLimitReached, "program: needs {} bytes at {} tokens at once, at most {} are given",
                p.arena_bytes, options.tokens_at_once, kArenaBytesMax);
  const std::size_t nodes = p.model.nodes.size();
  for (std::size_t i = 0; i < slots.size(); ++i)
    (i < nodes ? p.values : p.scratch).push_back({slots[i].offset, slots[i].bytes});
  return p;
}

double multiply_adds(const Program& program, std::size_t tokens) {
  double total = 0.0;
  for (std::size_t i = 0; i < program.model.nodes.size(); ++i) {
    const Node& node = program.model.nodes[i];
    const Shape& out = program.shapes[program.model.inputs.size() + i];
    const double rows = out.rows == Rows::kPerToken ? static_cast<double>(tokens) : 1.0;
    if (node.op == Op::kAttention) total += 2.0 * rows * static_cast<double>(tokens * out.width());
    if (node.op != Op::kLinear && node.op != Op::kConv1d && node.op != Op::kConv2d && node.op != Op::kLstm)
      continue;
    for (const TensorId t : node.tensors) {
      const Tensor& tensor = program.model.tensors[t];
      if (tensor.type == TensorType::kVector) continue;
      total +=
          rows * out.height * out.across * static_cast<double>(std::size_t{tensor.rows} * tensor.columns);
    }
  }
  return total;
}

}  // namespace skywarden::inference
