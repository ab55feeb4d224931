#include "consensus/commit_counter.h"

namespace skywarden::consensus {

CommitCounter::CommitCounter(const Shares& shares) {
  for (const auto& [node, share] : shares)
    if (share > 0) voters_.emplace(node, Voter{share, LogIndex()});
  if (voters_.empty()) return;
  quorum_ = quorum(shares);
  index_ = LogIndex();
}

void CommitCounter::acknowledge(NodeId node, LogIndex index) {
  const auto found = voters_.find(node);
  if (found == voters_.end() || index <= found->second.acknowledged) return;
  auto& [share, acknowledged] = found->second;
  if (index > index_) {
    if (acknowledged > index_) {  // it moves up among those above
      const auto old = held_.find(acknowledged);
      old->second -= share;
      if (old->second == 0) held_.erase(old);
    } else {
      above_ += share;
    }
    held_[index] += share;
  }
  acknowledged = index;
  while (above_ >= quorum_) {  // all those above hold the lowest of their indices
    const auto lowest = held_.begin();
    index_ = lowest->first;
    above_ -= lowest->second;
    held_.erase(lowest);
  }
}

}  // namespace skywarden::consensus
