#include "inference/check_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "inference/packing.h"

namespace skywarden::inference {
namespace {

struct Arity {
  std::string_view name;
  std::size_t inputs_min, inputs_max, tensors_min, tensors_max;
};

constexpr std::array<Arity, kOps> kArities{{
    {"embedding", 1, 1, 1, 1},
    {"position", 1, 1, 1, 1},
    {"linear", 1, 2, 1, 2},
    {"layer_norm", 1, 2, 2, 2},
    {"attention", 1, 3, 0, 0},
    {"activation", 1, 1, 0, 0},
    {"add", 2, 2, 0, 0},
    {"concat", 1, kInputsMax, 0, 0},
    {"softmax", 1, 1, 0, 0},
    {"conv1d", 1, 1, 1, 2},
    {"conv2d", 1, 1, 1, 2},
    {"pool2d", 1, 1, 0, 0},
    {"lstm", 1, 1, 3, 6},
    {"mean", 1, 1, 0, 0},
    {"last", 1, 1, 0, 0},
    {"spread", 1, 1, 0, 0},
}};

bool is_matrix(const Tensor& t) {
  return t.type == TensorType::kMatrixI8 || t.type == TensorType::kMatrixF32;
}

// Checks of one node; an empty message is agreement.
struct NodeCheck {
  const Model& model;
  const std::vector<Shape>& shapes;
  const Node& node;

  [[nodiscard]] const Shape& in(std::size_t i) const { return shapes[node.inputs[i]]; }
  [[nodiscard]] const Tensor& tensor(std::size_t i) const { return model.tensors[node.tensors[i]]; }

  [[nodiscard]] std::string wrong_matrix(std::size_t place, std::size_t rows, std::size_t columns) const {
    const Tensor& t = tensor(place);
    if (!is_matrix(t)) return fmt::format("tensor '{}' is no matrix", t.name);
    if (t.rows != rows || (columns != 0 && t.columns != columns))
      return fmt::format("matrix '{}' is {}x{}, expected {}x{}", t.name, t.rows, t.columns, rows,
                         columns == 0 ? std::string("any") : fmt::format("{}", columns));
    return {};
  }
  [[nodiscard]] std::string wrong_vector(std::size_t place, std::size_t columns) const {
    if (place >= node.tensors.size()) return {};
    const Tensor& t = tensor(place);
    if (t.type != TensorType::kVector) return fmt::format("tensor '{}' is no vector", t.name);
    if (t.columns != columns)
      return fmt::format("vector '{}' has {} numbers, expected {}", t.name, t.columns, columns);
    return {};
  }
  [[nodiscard]] std::string wrong_table() const {
    return tensor(0).type == TensorType::kTable ? "" : fmt::format("tensor '{}' is no table", tensor(0).name);
  }
  [[nodiscard]] std::string wrong_rows(Rows rows) const {
    if (in(0).rows == rows) return {};
    return rows == Rows::kPerToken ? "needs a row a token" : "needs a row a sequence";
  }
};

std::string either(const std::string& first, const std::string& second) {
  return first.empty() ? second : first;
}

using Checked = tl::expected<Shape, std::string>;

Checked outcome(std::string wrong, Shape shape) {
  if (!wrong.empty()) return tl::unexpected(std::move(wrong));
  return shape;
}

Shape flat(Rows rows, std::size_t width) {
  return {.rows = rows, .channels = static_cast<std::uint32_t>(width)};
}

Checked linear_shape(const NodeCheck& c, std::size_t depth) {
  std::string wrong = either(c.wrong_matrix(0, depth, 0), c.wrong_vector(1, c.tensor(0).columns));
  const Shape shape = flat(c.in(0).rows, c.tensor(0).columns);
  if (wrong.empty() && c.node.inputs.size() == 2 &&
      (c.in(1).rows != shape.rows || c.in(1).width() != shape.width()))
    wrong = "the residual has another shape";
  return outcome(std::move(wrong), shape);
}

Checked attention_shape(const NodeCheck& c) {
  const bool merged = c.node.inputs.size() == 1;
  const std::size_t width = merged ? c.in(0).width() / 3 : c.in(0).width();
  std::string wrong = c.wrong_rows(Rows::kPerToken);
  if (c.node.inputs.size() == 2) wrong = "needs one or three inputs";
  for (std::size_t i = 0; i < c.node.inputs.size() && wrong.empty(); ++i)
    if (c.in(i) != c.in(0)) wrong = "queries, keys and values have different shapes";
  if (wrong.empty() && (merged && c.in(0).width() % 3 != 0)) wrong = "the width is no multiple of three";
  if (wrong.empty() && (c.node.heads == 0 || width % c.node.heads != 0))
    wrong = fmt::format("a width of {} is no multiple of {} heads", width, c.node.heads);
  return outcome(std::move(wrong), flat(Rows::kPerToken, width));
}

Checked concat_shape(const NodeCheck& c) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < c.node.inputs.size(); ++i) {
    if (c.in(i).rows != c.in(0).rows)
      return tl::unexpected(std::string("rows a token beside rows a sequence"));
    width += c.in(i).width();
  }
  return flat(c.in(0).rows, width);
}

Checked windowed_shape(const NodeCheck& c, std::uint32_t channels) {
  const Node& n = c.node;
  const Shape& image = c.in(0);
  const std::uint32_t high = image.height + 2 * n.padding, wide = image.across + 2 * n.padding;
  std::string wrong;
  if (n.padding >= n.window) wrong = "padding must be less than the window";
  if (wrong.empty() && (high < n.window || wide < n.window)) wrong = "the window is larger than the image";
  if (!wrong.empty()) return tl::unexpected(std::move(wrong));
  return Shape{.rows = image.rows,
               .channels = channels,
               .height = (high - n.window) / n.stride + 1,
               .across = (wide - n.window) / n.stride + 1};
}

Checked conv2d_shape(const NodeCheck& c) {
  const std::size_t depth = std::size_t{c.node.window} * c.node.window * c.in(0).channels;
  std::string wrong = either(c.wrong_matrix(0, depth, 0), c.wrong_vector(1, c.tensor(0).columns));
  if (!wrong.empty()) return tl::unexpected(std::move(wrong));
  return windowed_shape(c, c.tensor(0).columns);
}

Checked conv1d_shape(const NodeCheck& c) {
  if (std::string wrong = c.wrong_rows(Rows::kPerToken); !wrong.empty())
    return tl::unexpected(std::move(wrong));
  if (!c.node.causal && c.node.window % 2 == 0)
    return tl::unexpected(std::string("a centred window must be odd"));
  return linear_shape(c, c.node.window * c.in(0).width());
}

Checked lstm_shape(const NodeCheck& c) {
  const std::size_t directions = c.node.bidirectional ? 2 : 1;
  std::string wrong = c.wrong_rows(Rows::kPerToken);
  if (c.node.tensors.size() != 3 * directions) wrong = fmt::format("needs {} tensors", 3 * directions);
  if (!wrong.empty()) return tl::unexpected(std::move(wrong));
  const std::size_t cells = c.tensor(0).columns / 4;
  if (cells == 0 || c.tensor(0).columns % 4 != 0) wrong = "the matrix has no four gates";
  for (std::size_t d = 0; d < directions && wrong.empty(); ++d)
    wrong = either(either(c.wrong_matrix(3 * d, c.in(0).width(), 4 * cells),
                          c.wrong_matrix(3 * d + 1, cells, 4 * cells)),
                   c.wrong_vector(3 * d + 2, 4 * cells));
  return outcome(std::move(wrong), flat(Rows::kPerToken, directions * cells));
}

Checked layer_norm_shape(const NodeCheck& c) {
  std::string wrong = either(c.wrong_vector(0, c.in(0).width()), c.wrong_vector(1, c.in(0).width()));
  if (wrong.empty() && !(c.node.epsilon >= 1e-12F && c.node.epsilon <= 1.0F))
    wrong = "epsilon is outside 1e-12…1";
  if (wrong.empty() && c.node.inputs.size() == 2 && c.in(1) != c.in(0))
    wrong = "the residual has another shape";
  return outcome(std::move(wrong), c.in(0));
}

Checked shape_of(const NodeCheck& c) {
  const Shape& first = c.in(0);
  switch (c.node.op) {
    case Op::kEmbedding:
      return outcome(c.wrong_table(), flat(first.rows, c.tensor(0).columns));
    case Op::kPosition:
      return outcome(either(c.wrong_table(), c.wrong_rows(Rows::kPerToken)),
                     flat(first.rows, c.tensor(0).columns));
    case Op::kLinear:
      return linear_shape(c, first.width());
    case Op::kLayerNorm:
      return layer_norm_shape(c);
    case Op::kAttention:
      return attention_shape(c);
    case Op::kActivation:
    case Op::kSoftmax:
      return first;
    case Op::kAdd:
      return outcome(first == c.in(1) ? "" : "the two have different shapes", first);
    case Op::kConcat:
      return concat_shape(c);
    case Op::kConv1d:
      return conv1d_shape(c);
    case Op::kConv2d:
      return conv2d_shape(c);
    case Op::kPool2d:
      return windowed_shape(c, first.channels);
    case Op::kLstm:
      return lstm_shape(c);
    case Op::kMean:
    case Op::kLast:
      return outcome(c.wrong_rows(Rows::kPerToken), flat(Rows::kPerSequence, first.width()));
    case Op::kSpread:
      return outcome(c.wrong_rows(Rows::kPerSequence), flat(Rows::kPerToken, first.width()));
  }
  return tl::unexpected(std::string("unknown operation"));
}

// What holds for every node before its shape is asked for.
std::string wrong_references(const Model& model, const Node& node, ValueId values) {
  if (static_cast<std::size_t>(node.op) >= kOps) return "unknown operation";
  const Arity& arity = kArities[static_cast<std::size_t>(node.op)];
  if (node.inputs.size() < arity.inputs_min || node.inputs.size() > arity.inputs_max)
    return fmt::format("{} inputs", node.inputs.size());
  if (node.tensors.size() < arity.tensors_min || node.tensors.size() > arity.tensors_max)
    return fmt::format("{} tensors", node.tensors.size());
  for (const TensorId t : node.tensors)
    if (t >= model.tensors.size()) return fmt::format("tensor {} of {}", t, model.tensors.size());
  for (const ValueId v : node.inputs) {
    if (v >= values) return fmt::format("value {} is not there yet", v);
    const bool indices = v < model.inputs.size() && model.inputs[v].indices;
    if (indices != (node.op == Op::kEmbedding))
      return indices ? "takes numbers, not indices" : "takes indices";
  }
  if (node.activation > Activation::kRelu) return "unknown activation";
  if (node.window == 0 || node.window > kWindowMax || node.stride == 0 || node.stride > kWindowMax ||
      node.padding > kWindowMax)
    return "window, stride or padding out of range";
  return {};
}

bool fits(const Shape& s) {
  return s.channels > 0 && s.height > 0 && s.across > 0 && s.channels <= kWidthMax && s.height <= kWidthMax &&
         s.across <= kWidthMax && s.width() <= kWidthMax;
}

Result<void> check_counts(const Model& m) {
  const auto check = [](std::string_view what, std::size_t count, std::size_t low,
                        std::size_t high) -> Result<void> {
    if (count < low || count > high)
      return fail(Errc::kLimitReached, "model: {} {}, expected {} to {}", count, what, low, high);
    return {};
  };
  if (auto r = check("tensors", m.tensors.size(), 0, kTensorsMax); !r) return r;
  if (auto r = check("inputs", m.inputs.size(), 1, kInputsMax); !r) return r;
  if (auto r = check("nodes", m.nodes.size(), 0, kNodesMax); !r) return r;
  return check("outputs", m.outputs.size(), 1, kOutputsMax);
}

bool all_bounded(const Aligned<float>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::fabs(x) <= kParameterMax; });
}

std::string wrong_tensor(const Tensor& t) {
  if (t.name.size() > kNameBytesMax) return "its name is too long";
  if (t.type > TensorType::kTable) return "unknown type";
  const std::uint32_t rows_max = t.type == TensorType::kTable ? kTableRowsMax : kWidthMax;
  if (t.rows == 0 || t.columns == 0 || t.rows > rows_max || t.columns > kWidthMax)
    return fmt::format("{}x{} is out of range", t.rows, t.columns);
  const std::size_t wide = padded_columns(t.columns), deep = padded_depth(t.rows);
  const bool i8 = t.type == TensorType::kMatrixI8;
  const std::size_t numbers = i8                             ? 0
                              : t.type == TensorType::kTable ? std::size_t{t.rows} * t.columns
                                                             : t.rows * wide;
  if (t.type == TensorType::kVector && t.rows != 1) return "a vector has one row";
  if (t.numbers.size() != numbers || t.bytes.size() != (i8 ? wide * deep : 0) ||
      t.scale.size() != (i8 ? wide : 0) || t.offset.size() != (i8 ? wide : 0))
    return "its size does not fit its shape";
  if (!all_bounded(t.numbers) || !all_bounded(t.scale)) return "a number is not finite or above 1e6";
  if (std::any_of(t.scale.begin(), t.scale.end(), [](float s) { return s < 0.0F; }))
    return "a scale is negative";
  if (std::find(t.bytes.begin(), t.bytes.end(), std::int8_t{-128}) != t.bytes.end())
    return "a weight is -128";
  if (i8 && !std::equal(t.offset.begin(), t.offset.end(), offsets_of(t.bytes, wide, deep).begin()))
    return "its offsets are not those of its weights";
  return {};
}

}  // namespace

std::string_view to_string(Op op) {
  return static_cast<std::size_t>(op) < kOps ? kArities[static_cast<std::size_t>(op)].name : "?";
}

Result<std::vector<Shape>> shapes_of(const Model& model) {
  if (auto counts = check_counts(model); !counts) return tl::unexpected(counts.error());
  std::vector<Shape> shapes;
  for (const Input& input : model.inputs) {
    if (input.name.size() > kNameBytesMax || !fits(input.shape) || input.shape.rows > Rows::kPerSequence ||
        (input.indices && input.shape.width() != 1))
      return fail(Errc::kOutOfRange, "model: input {}: its shape is out of range", shapes.size());
    shapes.push_back(input.shape);
  }
  for (std::size_t i = 0; i < model.nodes.size(); ++i) {
    const Node& node = model.nodes[i];
    const auto wrong = [&](std::string_view what) {
      return fail(Errc::kMalformed, "model: node {} ({}): {}", i, to_string(node.op), what);
    };
    const std::string references = wrong_references(model, node, static_cast<ValueId>(shapes.size()));
    if (!references.empty()) return wrong(references);
    const Checked shape = shape_of({model, shapes, node});
    if (!shape) return wrong(shape.error());
    if (!fits(*shape)) return wrong("its row is empty or too wide");
    shapes.push_back(*shape);
  }
  for (const Output& output : model.outputs)
    if (output.name.size() > kNameBytesMax || output.value < model.inputs.size() ||
        output.value >= shapes.size())
      return fail(Errc::kMalformed, "model: output '{}' is no node's value",
                  output.name.substr(0, kNameBytesMax));
  return shapes;
}

Result<std::vector<Shape>> check_model(const Model& model) {
  auto shapes = shapes_of(model);
  if (!shapes) return shapes;
  for (std::size_t i = 0; i < model.tensors.size(); ++i) {
    const std::string wrong = wrong_tensor(model.tensors[i]);
    if (!wrong.empty())
      return fail(Errc::kMalformed, "model: tensor {} '{}': {}", i,
                  model.tensors[i].name.substr(0, kNameBytesMax), wrong);
  }
  return shapes;
}

}  // namespace skywarden::inference
