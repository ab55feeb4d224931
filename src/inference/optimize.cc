#include "inference/optimize.h"

#include <array>
#include <map>
#include <utility>

#include "inference/check_model.h"

namespace skywarden::inference {
namespace {

class Rewriter {
 public:
  explicit Rewriter(Model model) : model_(std::move(model)) { count_uses(); }

  Model result() {
    for (Node& node : model_.nodes)
      if (node.op == Op::kAttention) merge_projections(node);
    for (Node& node : model_.nodes) {
      if (node.op == Op::kActivation) take_linear(node);
      if (node.op == Op::kAdd) take_summand(node);
      if (node.op == Op::kLayerNorm) take_addition(node);
    }
    drop_unused();
    return std::move(model_);
  }

 private:
  void count_uses() {
    uses_.assign(model_.inputs.size() + model_.nodes.size(), 0);
    for (const Node& node : model_.nodes)
      for (const ValueId v : node.inputs) ++uses_[v];
    for (const Output& output : model_.outputs) ++uses_[output.value];
  }

  // The node that makes a value, when it is of that operation and nobody else uses it.
  Node* sole(ValueId value, Op op) {
    if (value < model_.inputs.size() || uses_[value] != 1) return nullptr;
    Node& node = model_.nodes[value - model_.inputs.size()];
    return node.op == op ? &node : nullptr;
  }

  void merge_projections(Node& attention) {
    if (attention.inputs.size() != 3) return;
    std::array<Node*, 3> maps{};
    for (std::size_t i = 0; i < 3; ++i) {
      maps[i] = sole(attention.inputs[i], Op::kLinear);
      if (maps[i] == nullptr || !alike(*maps[i], *maps[0])) return;
    }
    std::vector<TensorId> merged;
    for (std::size_t part = 0; part < maps[0]->tensors.size(); ++part)
      merged.push_back(
          side_by_side({maps[0]->tensors[part], maps[1]->tensors[part], maps[2]->tensors[part]}));
    maps[0]->tensors = merged;
    for (const std::size_t i : {1, 2}) {
      --uses_[attention.inputs[i]];
      --uses_[maps[i]->inputs[0]];
    }
    attention.inputs.resize(1);
  }

  bool alike(const Node& a, const Node& b) const {
    const Tensor &m = model_.tensors[a.tensors[0]], &n = model_.tensors[b.tensors[0]];
    return a.inputs == b.inputs && a.inputs.size() == 1 && a.activation == b.activation &&
           a.tensors.size() == b.tensors.size() && m.type == n.type && m.columns == n.columns &&
           m.columns % kLanes == 0 && 3 * m.columns <= kWidthMax;
  }

  // Columns of three tensors as one. Layers that share their three share the one as well.
  TensorId side_by_side(const std::array<TensorId, 3>& parts) {
    const auto known = merged_.find(parts);
    if (known != merged_.end()) return known->second;
    Tensor all = model_.tensors[parts[0]];
    const std::size_t columns = all.columns;
    for (const std::size_t i : {1, 2}) {
      const Tensor& next = model_.tensors[parts[i]];
      all.name += "+" + next.name;
      all.columns += next.columns;
      all.bytes.insert(all.bytes.end(), next.bytes.begin(), next.bytes.end());
      all.scale.insert(all.scale.end(), next.scale.begin(), next.scale.end());
      all.offset.insert(all.offset.end(), next.offset.begin(), next.offset.end());
    }
    if (all.type != TensorType::kMatrixI8) {
      all.numbers.clear();
      for (std::size_t row = 0; row < all.rows; ++row)
        for (const TensorId part : parts) {
          const float* from = model_.tensors[part].numbers.data() + row * columns;
          all.numbers.insert(all.numbers.end(), from, from + columns);
        }
    }
    const auto id = static_cast<TensorId>(model_.tensors.size());
    model_.tensors.push_back(std::move(all));
    merged_.emplace(parts, id);
    return id;
  }

  void take_linear(Node& activation) {
    const Node* linear = sole(activation.inputs[0], Op::kLinear);
    if (linear == nullptr || linear->activation != Activation::kNone || linear->inputs.size() != 1) return;
    const Activation kind = activation.activation;
    --uses_[activation.inputs[0]];
    activation = *linear;
    activation.activation = kind;
  }

  void take_summand(Node& addition) {
    for (const std::size_t i : {0, 1}) {
      const Node* linear = sole(addition.inputs[i], Op::kLinear);
      if (linear == nullptr || linear->inputs.size() != 1) continue;
      const ValueId other = addition.inputs[1 - i];
      --uses_[addition.inputs[i]];
      addition = *linear;
      addition.inputs.push_back(other);
      return;
    }
  }

  void take_addition(Node& norm) {
    if (norm.inputs.size() != 1) return;
    const Node* addition = sole(norm.inputs[0], Op::kAdd);
    if (addition == nullptr) return;
    --uses_[norm.inputs[0]];
    norm.inputs = addition->inputs;
  }

  void drop_unused() {
    const std::size_t first = model_.inputs.size();
    std::vector<bool> needed(first + model_.nodes.size());
    for (const Output& output : model_.outputs) needed[output.value] = true;
    for (std::size_t i = model_.nodes.size(); i-- > 0;)
      if (needed[first + i])
        for (const ValueId v : model_.nodes[i].inputs) needed[v] = true;
    std::vector<ValueId> now(needed.size());
    std::vector<Node> kept;
    for (std::size_t v = 0; v < needed.size(); ++v) {
      now[v] = static_cast<ValueId>(v < first ? v : first + kept.size());
      if (v >= first && needed[v]) kept.push_back(std::move(model_.nodes[v - first]));
    }
    for (Node& node : kept)
      for (ValueId& v : node.inputs) v = now[v];
    for (Output& output : model_.outputs) output.value = now[output.value];
    model_.nodes = std::move(kept);
    drop_unused_tensors();
  }

  void drop_unused_tensors() {
    std::vector<TensorId> now(model_.tensors.size(), 0);
    for (const Node& node : model_.nodes)
      for (const TensorId t : node.tensors) now[t] = 1;
    std::vector<Tensor> kept;
    for (std::size_t t = 0; t < now.size(); ++t) {
      if (now[t] == 0) continue;
      now[t] = static_cast<TensorId>(kept.size());
      kept.push_back(std::move(model_.tensors[t]));
    }
    for (Node& node : model_.nodes)
      for (TensorId& t : node.tensors) t = now[t];
    model_.tensors = std::move(kept);
  }

  Model model_;
  std::vector<std::size_t> uses_;
  std::map<std::array<TensorId, 3>, TensorId> merged_;
};

}  // namespace

Model optimized(Model model) {
  return Rewriter(std::move(model)).result();
}

}  // namespace skywarden::inference
