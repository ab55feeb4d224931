#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/random.h"
#include "inference/tree_codec.h"
#include "inference/tree_ensemble.h"

namespace skywarden::inference {
namespace {

constexpr std::size_t kFeatures = 5;

float some_value(Random& random) {
  return static_cast<float>(static_cast<std::int64_t>(random.below(9)) - 4) *
         0.5F;  // thresholds are often met
}

// Splits leaves at random; positions are in the order of splitting, not level by level.
std::vector<TreeNode> some_tree(Random& random) {
  std::vector<TreeNode> nodes(1);
  const std::size_t splits = random.below(20);
  for (std::size_t i = 0; i < splits; ++i) {
    const std::size_t at = random.below(nodes.size());
    if (nodes[at].feature != TreeNode::kLeaf) continue;
    const auto left = static_cast<std::uint16_t>(nodes.size());
    const auto feature = static_cast<std::uint16_t>(random.below(kFeatures));
    const bool missing_left = random.chance(0.5);
    nodes[at] = {feature, missing_left, some_value(random), left, static_cast<std::uint16_t>(left + 1)};
    nodes.resize(nodes.size() + 2);
    if (random.chance(0.5)) std::swap(nodes[at].left, nodes[at].right);
  }
  for (TreeNode& node : nodes)
    if (node.feature == TreeNode::kLeaf) node.value = static_cast<float>(random.normal(0.0, 1.0));
  return nodes;
}

std::vector<float> some_rows(Random& random, std::size_t count) {
  std::vector<float> out;
  for (std::size_t i = 0; i < count * kFeatures; ++i) {
    const bool missing = random.chance(0.2);
    const float value = some_value(random);
    out.push_back(missing ? std::numeric_limits<float>::quiet_NaN() : value);
  }
  return out;
}

// The rule as it is written down, on the nodes as they were given.
float slowly(float base_score, const std::vector<std::vector<TreeNode>>& trees, const float* row) {
  float sum = base_score;
  for (const std::vector<TreeNode>& tree : trees) {
    std::size_t at = 0;
    while (tree[at].feature != TreeNode::kLeaf) {
      const float value = row[tree[at].feature];
      const bool left = std::isnan(value) ? tree[at].missing_goes_left : value < tree[at].value;
      at = left ? tree[at].left : tree[at].right;
    }
    sum = sum + tree[at].value;
  }
  return sum;
}

bool same_bits(float a, float b) {
  return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

TEST_CASE("single rows, batches and read-back trees say what the slow rule says, to the bit") {
  rc::check([](std::uint64_t seed) {
    Random random(seed);
    std::vector<std::vector<TreeNode>> trees;
    const std::size_t count = random.below(12);
    for (std::size_t t = 0; t < count; ++t) trees.push_back(some_tree(random));
    const auto base_score = static_cast<float>(random.normal(0.0, 1.0));
    const auto made = TreeEnsemble::make(kFeatures, base_score, trees);
    RC_ASSERT(made.has_value());
    const std::vector<std::byte> bytes = encode_trees(*made);
    const auto read = decode_trees(bytes);
    RC_ASSERT(read.has_value());
    RC_ASSERT(encode_trees(*read) == bytes);

    const std::size_t rows = 1 + random.below(20);
    const std::vector<float> values = some_rows(random, rows);
    std::vector<float> batch(rows);
    read->evaluate_batch(values, batch);
    for (std::size_t i = 0; i < rows; ++i) {
      const std::span<const float> row = std::span(values).subspan(i * kFeatures, kFeatures);
      const float expected = slowly(base_score, trees, row.data());
      RC_ASSERT(same_bits(made->evaluate(row), expected));
      RC_ASSERT(same_bits(batch[i], expected));
    }
  });
}

TEST_CASE("a changed byte is refused or still a sound ensemble") {
  rc::check([](std::uint64_t seed) {
    Random random(seed);
    std::vector<std::byte> bytes = encode_trees(
        TreeEnsemble::make(kFeatures, 0.0F, std::vector{some_tree(random), some_tree(random)}).value());
    const std::size_t at = random.below(bytes.size());
    bytes[at] ^= static_cast<std::byte>(1 + random.below(255));
    const auto read = decode_trees(bytes);
    if (!read) {
      RC_ASSERT(!read.error().message.empty());
      return;
    }
    RC_ASSERT(encode_trees(*read) == bytes);
    const std::vector<float> row(read->features(), 0.5F);
    RC_ASSERT(!std::isnan(read->evaluate(row)));
  });
}

}  // namespace
}  // namespace skywarden::inference
