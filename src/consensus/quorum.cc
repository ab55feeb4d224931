#include "consensus/quorum.h"

#include "base/contract.h"

namespace skywarden::consensus {

Result<void> validate(const Shares& shares) {
  if (shares.size() > kGroupNodesMax)
    return fail(Errc::kLimitReached, "vote shares: {} nodes, at most {} allowed", shares.size(),
                kGroupNodesMax);
  if (shares.contains(kNobody)) return fail(Errc::kOutOfRange, "vote shares: node 0 is nobody");
  std::uint64_t total = 0;
  for (const auto& [node, share] : shares) {
    if (share > kShareTotalMax - total)
      return fail(Errc::kOutOfRange, "vote shares: the sum exceeds {} at node {}", kShareTotalMax,
                  node.value());
    total += share;
  }
  if (total == 0) return fail(Errc::kOutOfRange, "vote shares: nobody holds any");
  return {};
}

std::uint64_t total_shares(const Shares& shares) {
  std::uint64_t total = 0;
  for (const auto& [node, share] : shares) {
    EXPECTS(share <= kShareTotalMax - total);
    total += share;
  }
  return total;
}

std::uint64_t quorum(const Shares& shares) {
  return total_shares(shares) / 2 + 1;
}

std::uint64_t share_of(const Shares& shares, NodeId node) {
  const auto found = shares.find(node);
  return found == shares.end() ? 0 : found->second;
}

LogIndex committed_index(const Shares& shares, const Acknowledged& acknowledged) {
  return reached_by_quorum(shares, acknowledged, LogIndex(), LogIndex(UINT64_MAX));
}

VoteResult vote_result(const Shares& shares, const Votes& votes) {
  const std::uint64_t total = total_shares(shares);
  if (total == 0) return VoteResult::kWon;
  std::uint64_t yes = 0;
  std::uint64_t no = 0;
  for (const auto& [node, vote] : votes) (vote ? yes : no) += share_of(shares, node);
  const std::uint64_t needed = quorum(shares);
  if (yes >= needed) return VoteResult::kWon;
  return total - no >= needed ? VoteResult::kPending : VoteResult::kLost;
}

LogIndex committed_index(const JointShares& shares, const Acknowledged& acknowledged) {
  return std::min(committed_index(shares.incoming, acknowledged),
                  committed_index(shares.outgoing, acknowledged));
}

VoteResult vote_result(const JointShares& shares, const Votes& votes) {
  const VoteResult incoming = vote_result(shares.incoming, votes);
  const VoteResult outgoing = vote_result(shares.outgoing, votes);
  if (incoming == outgoing) return incoming;
  if (incoming == VoteResult::kLost || outgoing == VoteResult::kLost) return VoteResult::kLost;
  return VoteResult::kPending;
}

bool names(const JointShares& shares, NodeId node) {
  return shares.incoming.contains(node) || shares.outgoing.contains(node);
}

bool has_vote(const JointShares& shares, NodeId node) {
  return share_of(shares.incoming, node) > 0 || share_of(shares.outgoing, node) > 0;
}

std::vector<NodeId> members(const JointShares& shares) {
  std::vector<NodeId> nodes;
  for (const auto& [node, share] : shares.incoming) nodes.push_back(node);
  for (const auto& [node, share] : shares.outgoing)
    if (!shares.incoming.contains(node)) nodes.push_back(node);
  std::sort(nodes.begin(), nodes.end());
  return nodes;
}

bool direct_switch_allowed(const Shares& from, const Shares& to) {
  std::uint64_t largest = 0;  // Σ max(from, to), at most the sum of both totals
  for (const auto& [node, share] : from) largest += std::max(share, share_of(to, node));
  for (const auto& [node, share] : to)
    if (!from.contains(node)) largest += share;
  return quorum(from) + quorum(to) > largest;
}

}  // namespace skywarden::consensus
