#include "inference/tree_codec.h"

#include <bit>
#include <cstdint>

#include "base/little_endian.h"

namespace skywarden::inference {
namespace {

constexpr std::uint16_t kMissingLeft = 0x8000;

class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> all) : all_(all) {}
  [[nodiscard]] bool has(std::size_t count) const { return all_.size() - at_ >= count; }
  [[nodiscard]] std::size_t left() const { return all_.size() - at_; }
  std::uint32_t take(std::size_t bytes) {  // only after has(bytes)
    const auto taken = all_.subspan(at_, bytes);
    at_ += bytes;
    return static_cast<std::uint32_t>(little_endian(taken));
  }

 private:
  std::span<const std::byte> all_;
  std::size_t at_ = 0;
};

constexpr std::size_t kHeadBytes = 12, kTreeHeadBytes = 2, kNodeBytes = 6;

Result<std::vector<TreeNode>> read_tree(std::size_t number, Bytes& in) {
  if (!in.has(kTreeHeadBytes)) return fail(Errc::kMalformed, "tree {}: the bytes end before it", number);
  const std::size_t count = in.take(2);
  if (!in.has(count * kNodeBytes))
    return fail(Errc::kMalformed, "tree {}: {} nodes expected, the bytes end before", number, count);
  std::vector<TreeNode> nodes(count);
  std::size_t behind = 1;
  for (TreeNode& node : nodes) {
    const auto split = static_cast<std::uint16_t>(in.take(2));
    node.value = std::bit_cast<float>(in.take(4));
    if (split == TreeNode::kLeaf) continue;
    node.feature = static_cast<std::uint16_t>(split & ~kMissingLeft);
    node.missing_goes_left = (split & kMissingLeft) != 0;
    if (behind + 2 > count)
      return fail(Errc::kMalformed, "tree {}: an inner node's children lie beyond its {} nodes", number,
                  count);
    node.left = static_cast<std::uint16_t>(behind);
    node.right = static_cast<std::uint16_t>(behind + 1);
    behind += 2;
  }
  return nodes;
}

}  // namespace

std::vector<std::byte> encode_trees(const TreeEnsemble& ensemble) {
  std::vector<std::byte> out;
  out.reserve(kHeadBytes + ensemble.trees() * kTreeHeadBytes + ensemble.nodes() * kNodeBytes);
  append_little_endian(out, static_cast<std::uint32_t>(ensemble.features()), 4);
  append_little_endian(out, std::bit_cast<std::uint32_t>(ensemble.base_score()), 4);
  append_little_endian(out, static_cast<std::uint32_t>(ensemble.trees()), 4);
  for (std::size_t t = 0; t < ensemble.trees(); ++t) {
    const std::vector<TreeNode> nodes = ensemble.tree(t);
    append_little_endian(out, static_cast<std::uint32_t>(nodes.size()), 2);
    for (const TreeNode& node : nodes) {
      const bool leaf = node.feature == TreeNode::kLeaf;
      append_little_endian(
          out, leaf ? TreeNode::kLeaf : node.feature | (node.missing_goes_left ? kMissingLeft : 0U), 2);
      append_little_endian(out, std::bit_cast<std::uint32_t>(node.value), 4);
    }
  }
  return out;
}

Result<TreeEnsemble> decode_trees(std::span<const std::byte> bytes) {
  Bytes in(bytes);
  if (!in.has(kHeadBytes))
    return fail(Errc::kMalformed, "trees: {} bytes, expected a head of 12", bytes.size());
  const std::size_t features = in.take(4);
  const float base_score = std::bit_cast<float>(in.take(4));
  const std::size_t count = in.take(4);
  if (count > TreeLimits::kTrees || count * (kTreeHeadBytes + kNodeBytes) > in.left())
    return fail(Errc::kLimitReached, "trees: {} trees in {} bytes", count, bytes.size());
  std::vector<std::vector<TreeNode>> trees;
  for (std::size_t t = 0; t < count; ++t) {
    auto tree = read_tree(t, in);
    if (!tree) return tl::unexpected(tree.error());
    trees.push_back(std::move(*tree));
  }
  if (in.left() != 0) return fail(Errc::kMalformed, "trees: {} bytes too many", in.left());
  return TreeEnsemble::make(features, base_score, trees);
}

}  // namespace skywarden::inference
