#include "inference/tree_ensemble.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "inference/tree_codec.h"

namespace skywarden::inference {
namespace {

constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();

using Trees = std::vector<std::vector<TreeNode>>;

TreeNode leaf(float value) {
  return {TreeNode::kLeaf, false, value, 0, 0};
}

// x0 < 1 ? (x1 < 2 ? 10 : 20) : 30; a missing x0 goes right, a missing x1 left.
std::vector<TreeNode> small_tree() {
  return {{0, false, 1.0F, 1, 2}, {1, true, 2.0F, 3, 4}, leaf(30), leaf(10), leaf(20)};
}

Errc refusal(std::vector<TreeNode> tree, std::size_t features = 2) {
  const auto made = TreeEnsemble::make(features, 0.0F, Trees{std::move(tree)});
  REQUIRE_FALSE(made);
  CHECK_FALSE(made.error().message.empty());
  return made.error().code;
}

TEST_CASE("a value goes left when it is less, and a missing one where the tree says") {
  const auto trees = TreeEnsemble::make(2, 0.5F, Trees{small_tree()}).value();
  const auto at = [&](float x0, float x1) { return trees.evaluate(std::array{x0, x1}); };
  CHECK(at(0, 0) == 10.5F);
  CHECK(at(0, 2) == 20.5F);  // equal is not less
  CHECK(at(1, 0) == 30.5F);
  CHECK(at(kMissing, 0) == 30.5F);
  CHECK(at(0, kMissing) == 10.5F);
  CHECK(at(-std::numeric_limits<float>::infinity(), 5) == 20.5F);
}

TEST_CASE("no trees say the base score") {
  const auto trees = TreeEnsemble::make(1, 0.25F, {}).value();
  CHECK(trees.evaluate(std::array{3.0F}) == 0.25F);
  CHECK(decode_trees(encode_trees(trees)).value().base_score() == 0.25F);
}

TEST_CASE("leaves are added as floats in the order of the trees") {
  const Trees trees{{leaf(1e8F)}, {leaf(1.0F)}, {leaf(-1e8F)}};
  CHECK(TreeEnsemble::make(1, 0.0F, trees)->evaluate(std::array{0.0F}) == 0.0F);
  const Trees others{{leaf(1e8F)}, {leaf(-1e8F)}, {leaf(1.0F)}};
  CHECK(TreeEnsemble::make(1, 0.0F, others)->evaluate(std::array{0.0F}) == 1.0F);
}

TEST_CASE("what is no tree is refused") {
  CHECK(refusal({}) == Errc::kMalformed);
  CHECK(refusal({{0, false, 1, 0, 1}, leaf(1)}) == Errc::kMalformed);                       // its own child
  CHECK(refusal({{0, false, 1, 1, 1}, leaf(1)}) == Errc::kMalformed);                       // one child twice
  CHECK(refusal({{0, false, 1, 1, 2}, leaf(1)}) == Errc::kMalformed);                       // beyond the end
  CHECK(refusal({{0, false, 1, 1, 2}, {0, false, 1, 0, 2}, leaf(1)}) == Errc::kMalformed);  // a cycle
  CHECK(refusal({leaf(1), leaf(2)}) == Errc::kMalformed);                                   // never reached
  CHECK(refusal({{2, false, 1, 1, 2}, leaf(1), leaf(2)}) == Errc::kMalformed);              // no such feature
  CHECK(refusal({leaf(kMissing)}) == Errc::kMalformed);
  CHECK(refusal({leaf(1)}, 0) == Errc::kLimitReached);
  CHECK(refusal({leaf(1)}, TreeLimits::kFeatures + 1) == Errc::kLimitReached);
}

TEST_CASE("a tree deeper than the limit is refused") {
  std::vector<TreeNode> chain;
  for (std::size_t i = 0; i < 2 * TreeLimits::kDepth; i += 2) {
    chain.push_back({0, false, 1.0F, static_cast<std::uint16_t>(i + 1), static_cast<std::uint16_t>(i + 2)});
    chain.push_back(leaf(1));
  }
  chain.push_back(leaf(2));
  CHECK(refusal(chain) == Errc::kLimitReached);
}

TEST_CASE("bytes cut anywhere, or with more behind, are refused") {
  const auto trees = TreeEnsemble::make(2, 0.5F, Trees{small_tree(), small_tree()}).value();
  std::vector<std::byte> bytes = encode_trees(trees);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_trees(std::span(bytes).first(size)));
  bytes.push_back(std::byte{0});
  CHECK_FALSE(decode_trees(bytes));
}

}  // namespace
}  // namespace skywarden::inference
