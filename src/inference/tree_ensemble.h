// A sum of decision trees over a row of numbers (gradient boosting, Friedman, 2001), evaluated exactly as
// XGBoost 1.7 evaluates it (Chen and Guestrin, 2016): thresholds and leaves are 32-bit floats, a value goes
// left when it is less than the threshold, a missing value (NaN) goes where training found it better off, and
// leaves are added to the base score in the order of the trees, one float addition each. The result is the
// margin, bit for bit; what objective turns it into a probability is the caller's matter.
//
// All trees lie in one array of eight bytes a node, which copies of an ensemble share: nothing is allocated
// in evaluation, and every loaded ensemble has been checked so that evaluation needs no checks. Categorical
// splits and vector leaves do not exist here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"

namespace skywarden::inference {

struct TreeLimits {
  static constexpr std::size_t kFeatures = 4096;
  static constexpr std::size_t kTrees = 20'000;
  static constexpr std::size_t kNodes = 4'000'000;     // of all trees
  static constexpr std::size_t kNodesOfTree = 65'535;  // offsets inside a tree are 16 bits
  static constexpr std::size_t kDepth = 64;            // of a tree
};

// A node as a trainer or a file states it. Children are positions within the tree, always behind their
// parent.
struct TreeNode {
  static constexpr std::uint16_t kLeaf = 0xFFFF;
  std::uint16_t feature = kLeaf;
  bool missing_goes_left = false;
  float value = 0.0F;  // threshold, or what the leaf adds
  std::uint16_t left = 0, right = 0;
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

class TreeEnsemble {
 public:
  TreeEnsemble() = default;
  // kMalformed for what is no tree (a child that is not behind its parent or has two parents, a node that
  // nothing reaches, a feature that does not exist, a value that is not finite), kLimitReached beyond
  // TreeLimits. The message names tree and node.
  [[nodiscard]] static Result<TreeEnsemble> make(std::size_t features, float base_score,
                                                 std::span<const std::vector<TreeNode>> trees);

  [[nodiscard]] std::size_t features() const { return features_; }
  [[nodiscard]] std::size_t trees() const { return roots_.size(); }
  [[nodiscard]] std::size_t nodes() const { return nodes_->size(); }
  // Nodes that a row passes at most, leaves included, in all trees together.
  [[nodiscard]] std::size_t steps() const;
  [[nodiscard]] float base_score() const { return base_score_; }
  // In the order in which they were given, for writing them down again.
  [[nodiscard]] std::vector<TreeNode> tree(std::size_t number) const;

  // `row` has as many values as there are features; NaN is missing.
  [[nodiscard]] float evaluate(std::span<const float> row) const;
  // Rows one behind the other; the same bits as row by row, several rows at once in each tree.
  void evaluate_batch(std::span<const float> rows, std::span<float> out) const;

 private:
  struct Node {
    float value = 0.0F;
    std::uint16_t split = 0;  // feature, and kMissingLeft
    std::uint16_t left = 0;   // how far behind this node; the right child follows it. 0: a leaf
    [[nodiscard]] bool leaf() const { return left == 0; }
  };
  static constexpr std::uint16_t kMissingLeft = 0x8000;
  static_assert(sizeof(Node) == 8);

  // How far to go on from a node; 0 from a leaf. Without branches, which could not be foretold.
  [[nodiscard]] static std::size_t step(const Node& node, const float* row) {
    const float value = row[node.split & ~kMissingLeft];
    const bool goes_left =
        (value < node.value) | ((value != value) & ((node.split & kMissingLeft) != 0));  // NaN is missing
    const std::size_t on = std::size_t{node.left} + (goes_left ? 0 : 1);
    return node.leaf() ? 0 : on;
  }

  std::size_t features_ = 0;
  float base_score_ = 0.0F;
  std::shared_ptr<const std::vector<Node>> nodes_ = std::make_shared<const std::vector<Node>>();
  std::vector<std::uint32_t> roots_;
};

}  // namespace skywarden::inference
