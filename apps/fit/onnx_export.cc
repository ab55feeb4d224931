#include "onnx_export.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include <array>
#include <cmath>

#include "inference/check_model.h"
#include "inference/packing.h"

namespace skywarden::fit {
namespace {

using inference::Activation;
using inference::Model;
using inference::Node;
using inference::Op;
using inference::Rows;
using inference::Shape;
using inference::Tensor;
using inference::TensorType;

constexpr int kOperatorSet = 17;  // the first with LayerNormalization
constexpr int kIrVersion = 8;
constexpr std::array<std::size_t, 4> kLstmGates{0, 3, 1, 2};  // ONNX wants i o f g; the engine has i f g o

class Writer {
 public:
  Writer(const Model& model, const std::vector<Shape>& shapes) : model_(model), shapes_(shapes) {}

  Result<std::string> write() {
    onnx::ModelProto proto;
    proto.set_ir_version(kIrVersion);
    proto.set_producer_name("skywarden-fit");
    proto.add_opset_import()->set_version(kOperatorSet);
    for (const auto& [key, text] : model_.about) {
      onnx::StringStringEntryProto* entry = proto.add_metadata_props();
      entry->set_key(key);
      entry->set_value(text);
    }
    graph_ = proto.mutable_graph();
    graph_->set_name("completion");
    for (std::size_t i = 0; i < model_.inputs.size(); ++i) write_input(i);
    for (std::size_t i = 0; i < model_.nodes.size(); ++i)
      if (const auto written = write_node(model_.nodes[i], model_.inputs.size() + i); !written)
        return tl::unexpected(written.error());
    for (const inference::Output& output : model_.outputs) {
      node("Identity", {value(output.value)}, output.name);
      const Shape& shape = shapes_[output.value];
      describe(graph_->add_output(), output.name, onnx::TensorProto::FLOAT,
               {shape.rows == Rows::kPerToken ? 0 : 1, static_cast<std::int64_t>(shape.width())});
    }
    try {
      onnx::checker::check_model(proto);
    } catch (const std::exception& error) {
      return fail(Errc::kMalformed, "ONNX's checker: {}", error.what());
    }
    return proto.SerializeAsString();
  }

 private:
  [[nodiscard]] std::string value(inference::ValueId id) const {
    return id < model_.inputs.size() ? model_.inputs[id].name : "value" + std::to_string(id);
  }
  // A name for something in the middle of a node's work.
  std::string fresh() { return "step" + std::to_string(++steps_); }

  // 0: as many as the sequence has tokens.
  static void describe(onnx::ValueInfoProto* info, const std::string& name, onnx::TensorProto::DataType type,
                       const std::vector<std::int64_t>& sizes) {
    info->set_name(name);
    onnx::TypeProto::Tensor* tensor = info->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    for (const std::int64_t size : sizes) {
      onnx::TensorShapeProto::Dimension* dimension = tensor->mutable_shape()->add_dim();
      if (size > 0)
        dimension->set_dim_value(size);
      else
        dimension->set_dim_param("tokens");
    }
  }
  void write_input(std::size_t i) {
    const inference::Input& input = model_.inputs[i];
    if (input.indices)
      describe(graph_->add_input(), input.name, onnx::TensorProto::INT32, {0});
    else
      describe(graph_->add_input(), input.name, onnx::TensorProto::FLOAT,
               {0, static_cast<std::int64_t>(input.shape.width())});
  }

  onnx::NodeProto& node(const std::string& type, const std::vector<std::string>& inputs,
                        const std::string& output) {
    onnx::NodeProto& out = *graph_->add_node();
    out.set_op_type(type);
    for (const std::string& input : inputs) out.add_input(input);
    out.add_output(output);
    return out;
  }
  std::string step(const std::string& type, const std::vector<std::string>& inputs) {
    const std::string name = fresh();
    node(type, inputs, name);
    return name;
  }
  static void attribute(onnx::NodeProto& to, const std::string& name, std::int64_t number) {
    onnx::AttributeProto& out = *to.add_attribute();
    out.set_name(name);
    out.set_type(onnx::AttributeProto::INT);
    out.set_i(number);
  }
  static void attribute(onnx::NodeProto& to, const std::string& name, float number) {
    onnx::AttributeProto& out = *to.add_attribute();
    out.set_name(name);
    out.set_type(onnx::AttributeProto::FLOAT);
    out.set_f(number);
  }
  static void attribute(onnx::NodeProto& to, const std::string& name,
                        const std::vector<std::int64_t>& numbers) {
    onnx::AttributeProto& out = *to.add_attribute();
    out.set_name(name);
    out.set_type(onnx::AttributeProto::INTS);
    for (const std::int64_t number : numbers) out.add_ints(number);
  }

  std::string constant(const std::vector<float>& numbers, const std::vector<std::int64_t>& sizes) {
    onnx::TensorProto& out = *graph_->add_initializer();
    out.set_name(fresh());
    out.set_data_type(onnx::TensorProto::FLOAT);
    for (const std::int64_t size : sizes) out.add_dims(size);
    out.mutable_float_data()->Add(numbers.begin(), numbers.end());
    return out.name();
  }
  std::string constant(const std::vector<std::int64_t>& numbers) {
    onnx::TensorProto& out = *graph_->add_initializer();
    out.set_name(fresh());
    out.set_data_type(onnx::TensorProto::INT64);
    out.add_dims(static_cast<std::int64_t>(numbers.size()));
    out.mutable_int64_data()->Add(numbers.begin(), numbers.end());
    return out.name();
  }
  // [inputs][outputs], without the padding.
  static std::vector<float> matrix_of(const Tensor& tensor) {
    const std::size_t wide = inference::padded_columns(tensor.columns);
    std::vector<float> out;
    for (std::size_t k = 0; k < tensor.rows; ++k)
      for (std::size_t c = 0; c < tensor.columns; ++c) out.push_back(tensor.numbers[k * wide + c]);
    return out;
  }
  static std::vector<float> vector_of(const Tensor& tensor) {
    return {tensor.numbers.begin(), tensor.numbers.begin() + tensor.columns};
  }
  std::string constant(const Tensor& tensor) {
    const auto rows = static_cast<std::int64_t>(tensor.rows),
               columns = static_cast<std::int64_t>(tensor.columns);
    if (tensor.type == TensorType::kVector) return constant(vector_of(tensor), {columns});
    if (tensor.type == TensorType::kTable)
      return constant({tensor.numbers.begin(), tensor.numbers.end()}, {rows, columns});
    return constant(matrix_of(tensor), {rows, columns});
  }

  Result<void> write_node(const Node& n, std::size_t id) {
    const std::string out = value(static_cast<inference::ValueId>(id));
    std::vector<std::string> in;
    for (const inference::ValueId input : n.inputs) in.push_back(value(input));
    for (const inference::TensorId tensor : n.tensors)
      if (model_.tensors[tensor].type == TensorType::kMatrixI8)
        return fail(Errc::kUnsupported, "ONNX: '{}' is INT8; export the network in FP32",
                    model_.tensors[tensor].name);
    const auto tensor = [&](std::size_t i) -> const Tensor& { return model_.tensors[n.tensors[i]]; };
    switch (n.op) {
      case Op::kEmbedding:
        node("Gather", {constant(tensor(0)), in[0]}, out);
        return {};
      case Op::kLinear:
        return write_linear(n, in, out);
      case Op::kLayerNorm: {
        const std::string x = in.size() > 1 ? step("Add", {in[0], in[1]}) : in[0];
        attribute(node("LayerNormalization", {x, constant(tensor(0)), constant(tensor(1))}, out), "epsilon",
                  n.epsilon);
        return {};
      }
      case Op::kAttention:
        return write_attention(n, in, out);
      case Op::kActivation:
        return activate(n.activation, in[0], out);
      case Op::kAdd:
        node("Add", in, out);
        return {};
      case Op::kLstm:
        write_lstm(n, in[0], out);
        return {};
      case Op::kLast:
        node("Gather", {in[0], constant(std::vector<std::int64_t>{-1})}, out);
        return {};
      default:
        return fail(Errc::kUnsupported, "ONNX: {} is not exported", inference::to_string(n.op));
    }
  }

  Result<void> activate(Activation activation, const std::string& x, const std::string& out) {
    switch (activation) {
      case Activation::kNone:
        node("Identity", {x}, out);
        return {};
      case Activation::kSilu:
        node("Mul", {x, step("Sigmoid", {x})}, out);
        return {};
      case Activation::kSigmoid:
        node("Sigmoid", {x}, out);
        return {};
      case Activation::kTanh:
        node("Tanh", {x}, out);
        return {};
      case Activation::kRelu:
        node("Relu", {x}, out);
        return {};
      case Activation::kGelu:
        break;
    }
    return fail(Errc::kUnsupported, "ONNX: GELU is not exported");
  }

  Result<void> write_linear(const Node& n, const std::vector<std::string>& in, const std::string& out) {
    const auto tensor = [&](std::size_t i) -> const Tensor& { return model_.tensors[n.tensors[i]]; };
    std::string x = step("MatMul", {in[0], constant(tensor(0))});
    if (n.tensors.size() > 1) x = step("Add", {x, constant(tensor(1))});
    if (in.size() == 1) return activate(n.activation, x, out);
    const std::string active = fresh();
    if (const auto done = activate(n.activation, x, active); !done) return done;
    node("Add", {active, in[1]}, out);
    return {};
  }

  Result<void> write_attention(const Node& n, const std::vector<std::string>& in, const std::string& out) {
    if (in.size() != 3) return fail(Errc::kUnsupported, "ONNX: attention over joined q, k and v");
    const auto width = static_cast<std::int64_t>(shapes_[n.inputs[0]].width()),
               heads = static_cast<std::int64_t>(n.heads);
    const std::string split = constant(std::vector<std::int64_t>{-1, heads, width / heads});
    const auto arranged = [&](const std::string& x, const std::vector<std::int64_t>& order) {
      const std::string reshaped = step("Reshape", {x, split}), name = fresh();
      attribute(node("Transpose", {reshaped}, name), "perm", order);
      return name;
    };
    std::string scores = step("MatMul", {arranged(in[0], {1, 0, 2}), arranged(in[1], {1, 2, 0})});
    const auto root = std::sqrt(static_cast<float>(width / heads));
    scores = step("Mul", {scores, constant(std::vector<float>{1.0F / root}, {})});
    if (n.causal) {  // a large negative number where the key is later
      const std::string filled = fresh(), later = fresh();
      onnx::AttributeProto& number =
          *node("ConstantOfShape", {step("Shape", {scores})}, filled).add_attribute();
      number.set_name("value");
      number.set_type(onnx::AttributeProto::TENSOR);
      number.mutable_t()->set_data_type(onnx::TensorProto::FLOAT);
      number.mutable_t()->add_dims(1);
      number.mutable_t()->add_float_data(-1e9F);
      attribute(node("Trilu", {filled, constant(std::vector<std::int64_t>{1})}, later), "upper",
                std::int64_t{1});
      scores = step("Add", {scores, later});
    }
    const std::string shares = fresh(), seen = fresh();
    attribute(node("Softmax", {scores}, shares), "axis", std::int64_t{-1});
    attribute(node("Transpose", {step("MatMul", {shares, arranged(in[2], {1, 0, 2})})}, seen), "perm",
              std::vector<std::int64_t>{1, 0, 2});
    node("Reshape", {seen, constant(std::vector<std::int64_t>{-1, width})}, out);
    return {};
  }

  // [4 · cells][columns] with the gates in ONNX's order, from [columns][4 · cells].
  static std::vector<float> gates_of(const Tensor& tensor, std::size_t cells) {
    const bool bias = tensor.type == TensorType::kVector;
    const std::vector<float> all = bias ? vector_of(tensor) : matrix_of(tensor);
    const std::size_t columns = bias ? 1 : tensor.rows;
    std::vector<float> out;
    for (const std::size_t gate : kLstmGates)
      for (std::size_t c = 0; c < cells; ++c)
        for (std::size_t k = 0; k < columns; ++k) out.push_back(all[k * 4 * cells + gate * cells + c]);
    return out;
  }

  void write_lstm(const Node& n, const std::string& in, const std::string& out) {
    const auto tensor = [&](std::size_t i) -> const Tensor& { return model_.tensors[n.tensors[i]]; };
    const std::size_t cells = tensor(1).rows, directions = n.bidirectional ? 2 : 1;
    std::vector<float> input, recurrent, bias;
    const auto append = [](std::vector<float>& to, const std::vector<float>& from) {
      to.insert(to.end(), from.begin(), from.end());
    };
    for (std::size_t d = 0; d < directions; ++d) {
      append(input, gates_of(tensor(3 * d), cells));
      append(recurrent, gates_of(tensor(3 * d + 1), cells));
      append(bias, gates_of(tensor(3 * d + 2), cells));
      bias.resize(bias.size() + 4 * cells, 0.0F);  // ONNX has a second bias
    }
    const auto size = [](std::size_t s) { return static_cast<std::int64_t>(s); };
    const std::string x = step("Unsqueeze", {in, constant(std::vector<std::int64_t>{1})}), states = fresh(),
                      turned = fresh();
    onnx::NodeProto& lstm =
        node("LSTM",
             {x, constant(input, {size(directions), size(4 * cells), size(tensor(0).rows)}),
              constant(recurrent, {size(directions), size(4 * cells), size(cells)}),
              constant(bias, {size(directions), size(8 * cells)})},
             states);
    attribute(lstm, "hidden_size", size(cells));
    onnx::AttributeProto& direction = *lstm.add_attribute();
    direction.set_name("direction");
    direction.set_type(onnx::AttributeProto::STRING);
    direction.set_s(n.bidirectional ? "bidirectional" : "forward");
    // [tokens][directions][1][cells]
    attribute(node("Transpose", {states}, turned), "perm", std::vector<std::int64_t>{0, 2, 1, 3});
    node("Reshape", {turned, constant(std::vector<std::int64_t>{-1, size(directions * cells)})}, out);
  }

  const Model& model_;
  const std::vector<Shape>& shapes_;
  onnx::GraphProto* graph_ = nullptr;
  int steps_ = 0;
};

}  // namespace

Result<std::string> to_onnx(const Model& model) {
  const auto shapes = inference::shapes_of(model);
  if (!shapes) return tl::unexpected(shapes.error());
  return Writer(model, *shapes).write();
}

}  // namespace skywarden::fit
