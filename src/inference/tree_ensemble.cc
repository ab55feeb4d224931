#include "inference/tree_ensemble.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/contract.h"

namespace skywarden::inference {
namespace {

constexpr std::size_t kTogether = 8;  // walks side by side

// Checks one tree on its own. Children behind their parents make cycles impossible; each node but the root
// having one parent makes it a tree.
Result<void> check_tree(std::size_t number, std::size_t features, std::span<const TreeNode> nodes) {
  if (nodes.empty()) return fail(Errc::kMalformed, "tree {}: no nodes", number);
  if (nodes.size() > TreeLimits::kNodesOfTree)
    return fail(Errc::kLimitReached, "tree {}: {} nodes, expected at most {}", number, nodes.size(),
                TreeLimits::kNodesOfTree);
  std::vector<std::uint8_t> depth(nodes.size(), 0);  // 0: not reached; the root is at 1
  depth[0] = 1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const TreeNode& node = nodes[i];
    if (depth[i] == 0) return fail(Errc::kMalformed, "tree {} node {}: nothing leads to it", number, i);
    if (!std::isfinite(node.value))
      return fail(Errc::kMalformed, "tree {} node {}: expected a finite value", number, i);
    if (node.feature == TreeNode::kLeaf) continue;
    if (node.feature >= features)
      return fail(Errc::kMalformed, "tree {} node {}: feature {} of {}", number, i, node.feature, features);
    if (depth[i] == TreeLimits::kDepth)
      return fail(Errc::kLimitReached, "tree {} node {}: deeper than {}", number, i, TreeLimits::kDepth);
    for (const std::size_t child : {node.left, node.right}) {
      if (child <= i || child >= nodes.size())
        return fail(Errc::kMalformed, "tree {} node {}: child {}, expected {}…{}", number, i, child, i + 1,
                    nodes.size() - 1);
      if (depth[child] != 0)
        return fail(Errc::kMalformed, "tree {} node {}: child {} has a parent already", number, i, child);
      depth[child] = static_cast<std::uint8_t>(depth[i] + 1);
    }
  }
  return {};
}

// Level by level, so that siblings lie side by side.
std::vector<std::size_t> level_order(std::span<const TreeNode> nodes) {
  std::vector<std::size_t> order{0};
  for (std::size_t i = 0; i < order.size(); ++i) {
    const TreeNode& node = nodes[order[i]];
    if (node.feature == TreeNode::kLeaf) continue;
    order.push_back(node.left);
    order.push_back(node.right);
  }
  return order;
}

}  // namespace

Result<TreeEnsemble> TreeEnsemble::make(std::size_t features, float base_score,
                                        std::span<const std::vector<TreeNode>> trees) {
  static_assert(TreeLimits::kFeatures < kMissingLeft - 1U);
  if (features == 0 || features > TreeLimits::kFeatures)
    return fail(Errc::kLimitReached, "{} features, expected 1…{}", features, TreeLimits::kFeatures);
  if (!std::isfinite(base_score)) return fail(Errc::kMalformed, "base score: expected a finite value");
  if (trees.size() > TreeLimits::kTrees)
    return fail(Errc::kLimitReached, "{} trees, expected at most {}", trees.size(), TreeLimits::kTrees);
  TreeEnsemble out;
  out.features_ = features;
  out.base_score_ = base_score;
  std::vector<Node> all;
  for (std::size_t t = 0; t < trees.size(); ++t) {
    const std::span<const TreeNode> nodes = trees[t];
    if (const auto sound = check_tree(t, features, nodes); !sound) return tl::unexpected(sound.error());
    if (all.size() + nodes.size() > TreeLimits::kNodes)
      return fail(Errc::kLimitReached, "tree {}: more than {} nodes in all", t, TreeLimits::kNodes);
    out.roots_.push_back(static_cast<std::uint32_t>(all.size()));
    std::size_t behind = 1, place = 0;  // where the next pair of children goes, and this node
    for (const std::size_t i : level_order(nodes)) {
      Node node{nodes[i].value, 0, 0};
      if (nodes[i].feature != TreeNode::kLeaf) {
        node.split =
            static_cast<std::uint16_t>(nodes[i].feature | (nodes[i].missing_goes_left ? kMissingLeft : 0));
        node.left = static_cast<std::uint16_t>(behind - place);
        behind += 2;
      }
      ++place;
      all.push_back(node);
    }
  }
  all.shrink_to_fit();
  out.nodes_ = std::make_shared<const std::vector<Node>>(std::move(all));
  return out;
}

std::size_t TreeEnsemble::steps() const {
  std::size_t out = 0;
  std::vector<std::uint8_t> depth(nodes_->size(), 1);  // the root is at 1; children lie behind their parents
  for (std::size_t t = 0; t < roots_.size(); ++t) {
    const std::size_t end = t + 1 < roots_.size() ? roots_[t + 1] : nodes_->size();
    std::size_t deepest = 0;
    for (std::size_t i = roots_[t]; i < end; ++i) {
      deepest = std::max<std::size_t>(deepest, depth[i]);
      const Node& node = (*nodes_)[i];
      if (node.leaf()) continue;
      depth[i + node.left] = depth[i + node.left + 1] = static_cast<std::uint8_t>(depth[i] + 1);
    }
    out += deepest;
  }
  return out;
}

std::vector<TreeNode> TreeEnsemble::tree(std::size_t number) const {
  EXPECTS(number < roots_.size());
  const std::size_t begin = roots_[number];
  const std::size_t end = number + 1 < roots_.size() ? roots_[number + 1] : nodes_->size();
  std::vector<TreeNode> out;
  for (std::size_t i = begin; i < end; ++i) {
    const Node& node = (*nodes_)[i];
    if (node.leaf()) {
      out.push_back({TreeNode::kLeaf, false, node.value, 0, 0});
      continue;
    }
    const auto left = static_cast<std::uint16_t>(i - begin + node.left);
    out.push_back({static_cast<std::uint16_t>(node.split & ~kMissingLeft), (node.split & kMissingLeft) != 0,
                   node.value, left, static_cast<std::uint16_t>(left + 1)});
  }
  return out;
}

// A row walks down several trees side by side, so that the wait for memory in one is work in another.
float TreeEnsemble::evaluate(std::span<const float> row) const {
  EXPECTS(row.size() == features_);
  float sum = base_score_;
  std::array<const Node*, kTogether> at;
  for (std::size_t first = 0; first < roots_.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, roots_.size() - first);
    for (std::size_t i = 0; i < kTogether; ++i)
      at[i] = nodes_->data() + roots_[first + std::min(i, count - 1)];
    for (std::size_t moved = 1; moved != 0;) {
      moved = 0;
      for (std::size_t i = 0; i < kTogether; ++i) {
        const std::size_t on = step(*at[i], row.data());
        at[i] += on;
        moved |= on;
      }
    }
    for (std::size_t i = 0; i < count; ++i) sum += at[i]->value;
  }
  return sum;
}

void TreeEnsemble::evaluate_batch(std::span<const float> rows, std::span<float> out) const {
  EXPECTS(rows.size() == out.size() * features_);
  // Rows walk down a tree side by side, for the same reason.
  for (std::size_t first = 0; first < out.size(); first += kTogether) {
    const std::size_t count = std::min(kTogether, out.size() - first);
    std::array<float, kTogether> sums;
    sums.fill(base_score_);
    for (const std::uint32_t root : roots_) {
      std::array<const Node*, kTogether> at;
      at.fill(nodes_->data() + root);
      for (std::size_t moved = 1; moved != 0;) {
        moved = 0;
        for (std::size_t i = 0; i < kTogether; ++i) {
          const std::size_t on = step(*at[i], rows.data() + (first + std::min(i, count - 1)) * features_);
          at[i] += on;
          moved |= on;
        }
      }
      for (std::size_t i = 0; i < count; ++i) sums[i] += at[i]->value;
    }
    std::copy_n(sums.begin(), count, out.begin() + static_cast<std::ptrdiff_t>(first));
  }
}

}  // namespace skywarden::inference
