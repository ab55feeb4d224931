// The committed index of committed_index(), kept up to date acknowledgement by acknowledgement instead of
// sorted anew for each. Invariant between calls: of the shares, `above_` have acknowledged more than index(),
// and that is less than a quorum; `held_` says how many at each such index. So an acknowledgement costs a
// search among the indices above, and every index is passed once: O(log n), amortised, where sorting cost O(n
// log n).
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "base/ids.h"
#include "consensus/quorum.h"

namespace skywarden::consensus {

class CommitCounter {
 public:
  CommitCounter() = default;  // restrains nobody, as shares without any
  explicit CommitCounter(const Shares& shares);

  // Acknowledgements only grow; a smaller one, and one of a node without shares, changes nothing.
  void acknowledge(NodeId node, LogIndex index);
  [[nodiscard]] LogIndex index() const { return index_; }

 private:
  struct Voter {
    std::uint64_t share = 0;
    LogIndex acknowledged;
  };
  std::map<NodeId, Voter> voters_;
  std::map<LogIndex, std::uint64_t> held_;
  std::uint64_t quorum_ = 0;
  std::uint64_t above_ = 0;
  LogIndex index_{UINT64_MAX};
};

// Both halves of a joint epoch; the outgoing one restrains nobody when there is none.
class JointCommitCounter {
 public:
  JointCommitCounter() = default;
  explicit JointCommitCounter(const JointShares& shares)
      : incoming_(shares.incoming), outgoing_(shares.outgoing) {}

  void acknowledge(NodeId node, LogIndex index) {
    incoming_.acknowledge(node, index);
    outgoing_.acknowledge(node, index);
  }
  [[nodiscard]] LogIndex index() const { return std::min(incoming_.index(), outgoing_.index()); }
  [[nodiscard]] LogIndex index_of_incoming() const { return incoming_.index(); }

 private:
  CommitCounter incoming_, outgoing_;
};

}  // namespace skywarden::consensus
