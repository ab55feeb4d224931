#include "node/relay_desk.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace skywarden::node {

using namespace consensus;

namespace {

constexpr int kMoreAfter = 2;  // times in_time

}  // namespace

RelayChoice choose_children(NodeId self, const RelayQuestion& question,
                            const datum::ArrivalForecast* forecast, Instant now) {
  const auto arrival = [&](NodeId from, NodeId to) {
    return forecast == nullptr ? std::optional(now) : forecast->arrival(from, to, now);
  };
  RelayChoice choice{{}, Instant::min()};
  if (self == question.leader) return choice;
  for (const NodeId listener : question.listeners) {
    if (question.leader != kNobody) {
      const auto told = arrival(question.leader, listener);
      if (told && *told <= now + question.in_time) continue;
    }
    const auto mine = arrival(self, listener);
    if (!mine) continue;
    std::size_t sooner = 0;
    for (const NodeId voter : question.voters) {
      if (sooner == question.feeds) break;
      if (voter == self || voter == question.leader) continue;
      const auto there = arrival(voter, listener);
      if (there && std::pair(*there, voter) < std::pair(*mine, self)) ++sooner;
    }
    if (sooner >= question.feeds) continue;
    choice.children.insert(listener);
    choice.answered_by = std::max(choice.answered_by, *mine);
  }
  return choice;
}

RelayDesk::RelayDesk(NodeId self, std::size_t feeds, std::set<NodeId> ground, Duration in_time,
                     const datum::ArrivalForecast* forecast)
    : self_(self), feeds_(feeds), ground_(std::move(ground)), in_time_(in_time), forecast_(forecast) {}

RelayChoice RelayDesk::choose(const Raft& raft, Instant now) {
  const JointShares& shares = raft.configuration().shares;
  if (!has_vote(shares, self_)) return {};
  std::vector<NodeId> voters, listeners;
  for (const NodeId node : members(shares)) {
    if (has_vote(shares, node)) {
      if (node != lost_) voters.push_back(node);
    } else if (ground_.empty() || ground_.contains(node)) {
      listeners.push_back(node);
    }
  }
  const auto joined = lost_ == kNobody ? 0 : (now - lost_at_) / (kMoreAfter * in_time_);
  const std::size_t feeds = feeds_ + static_cast<std::size_t>(joined);
  more_may_join_ = lost_ != kNobody && !listeners.empty() && feeds < voters.size();
  return choose_children(self_, {leader_, voters, listeners, in_time_, feeds}, forecast_, now);
}

void RelayDesk::follow(NodeId leader, Instant now) {
  if (leader == leader_) return;
  lost_ = leader == kNobody ? leader_ : kNobody;
  lost_at_ = now;
  leader_ = leader;
}

std::optional<RelayDuty> RelayDesk::duty(const Raft& raft, Instant now) {
  const bool news = raft.leader() != leader_ || raft.commit_index() != committed_;
  if (feeds_ == 0 || (!news && now < again_)) return std::nullopt;
  const bool overdue = !news && (raft.is_handing_on() || more_may_join_);
  again_ = Instant::max();
  if (!news && !overdue) return std::nullopt;
  follow(raft.leader(), now);
  const LogIndex before = std::exchange(committed_, raft.commit_index());
  RelayChoice choice = choose(raft, now);
  if (!choice.children.empty()) again_ = std::max(choice.answered_by, now) + in_time_;
  if (more_may_join_) again_ = std::min(again_, now + kMoreAfter * in_time_);
  if (choice.children == children_) return std::nullopt;
  children_ = choice.children;
  return RelayDuty{std::move(choice.children), {}, before};
}

}  // namespace skywarden::node
