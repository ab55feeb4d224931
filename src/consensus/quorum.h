// Who decides: integer vote shares instead of one vote a head. A quorum is more than half of all shares, so
// any two quorums of one configuration meet in a node that holds some of them, and Raft's proofs carry over
// unchanged. Zero shares make a learner: it follows the log and decides nothing. Also here: the joint rule
// for changing shares (Ongaro 2014, "Consensus: Bridging Theory and Practice", §4.3) and the condition under
// which a direct switch is just as safe. Pure arithmetic; who may change shares, and when, is not decided
// here.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace skywarden::consensus {

using Shares = std::map<NodeId, std::uint64_t>;
using Votes = std::map<NodeId, bool>;  // who has not answered is absent
using Acknowledged = std::map<NodeId, LogIndex>;

inline constexpr std::uint64_t kShareTotalMax = std::uint64_t{1} << 62;  // sums of two totals never overflow
inline constexpr std::size_t kGroupNodesMax = 4096;

enum class VoteResult { kPending, kWon, kLost };

// What a group must satisfy before it can decide anything: named nodes, somebody with a share, sums in range.
[[nodiscard]] Result<void> validate(const Shares& shares);

[[nodiscard]] std::uint64_t total_shares(const Shares& shares);  // W
[[nodiscard]] std::uint64_t quorum(const Shares& shares);        // q = floor(W / 2) + 1
[[nodiscard]] std::uint64_t share_of(const Shares& shares, NodeId node);

// The largest value that nodes with a quorum of shares have reached; who is absent from `values` has reached
// `floor`. A configuration without any share restrains nobody: the answer is `unrestrained` (the joint rule
// below needs this neutral element).
template <typename Value>
[[nodiscard]] Value reached_by_quorum(const Shares& shares, const std::map<NodeId, Value>& values,
                                      Value floor, Value unrestrained) {
  if (total_shares(shares) == 0) return unrestrained;
  std::vector<std::pair<Value, std::uint64_t>> reached;  // value, share
  for (const auto& [node, share] : shares) {
    const auto found = values.find(node);
    if (share > 0) reached.emplace_back(found == values.end() ? floor : found->second, share);
  }
  std::sort(reached.begin(), reached.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  const std::uint64_t needed = quorum(shares);
  std::uint64_t counted = 0;
  for (const auto& [value, share] : reached) {
    counted += share;
    if (counted >= needed) return value;
  }
  return floor;
}

// The highest index held by a quorum. Without any share: the largest possible index.
[[nodiscard]] LogIndex committed_index(const Shares& shares, const Acknowledged& acknowledged);
// Won by a quorum of yes, lost once the rest could no longer make one. Without any share: won.
[[nodiscard]] VoteResult vote_result(const Shares& shares, const Votes& votes);

// Between two configurations both must agree, for commits and for elections. An empty `outgoing` means that
// no change is under way.
struct JointShares {
  Shares incoming;
  Shares outgoing;
  friend bool operator==(const JointShares&, const JointShares&) = default;
};
template <typename Value>
[[nodiscard]] Value reached_by_quorum(const JointShares& shares, const std::map<NodeId, Value>& values,
                                      Value floor, Value unrestrained) {
  return std::min(reached_by_quorum(shares.incoming, values, floor, unrestrained),
                  reached_by_quorum(shares.outgoing, values, floor, unrestrained));
}
[[nodiscard]] LogIndex committed_index(const JointShares& shares, const Acknowledged& acknowledged);
[[nodiscard]] VoteResult vote_result(const JointShares& shares, const Votes& votes);

[[nodiscard]] bool names(const JointShares& shares, NodeId node);      // a member, be it a learner
[[nodiscard]] bool has_vote(const JointShares& shares, NodeId node);   // holds shares in either half
[[nodiscard]] std::vector<NodeId> members(const JointShares& shares);  // of both halves, ascending

// True when every quorum of `from` meets every quorum of `to`, judged by q_from + q_to > Σ max(from, to): two
// disjoint sets of nodes cannot hold more than that sum between them. Sufficient, not necessary; when false
// the change goes through JointShares.
[[nodiscard]] bool direct_switch_allowed(const Shares& from, const Shares& to);

}  // namespace skywarden::consensus
