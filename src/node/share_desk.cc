#include "node/share_desk.h"

#include <algorithm>
#include <utility>

namespace skywarden::node {

using namespace consensus;

namespace {

constexpr int kOutlooks = 4;  // at which a message is imagined to be sent, over the half hour to come
constexpr Instant kAlways = Instant::min() + std::chrono::hours(1);  // room for a probation
constexpr Duration kOutlookEvery = std::chrono::minutes(10);
constexpr Duration kOutlookHolds = std::chrono::minutes(20);

}  // namespace

void JoinedMembers::follow(const JointShares& shares, Instant now) {
  std::vector<NodeId> present = members(shares);
  std::erase_if(since_, [&](const auto& each) { return !names(shares, each.first); });
  if (members_)
    for (const NodeId node : present)
      if (!std::binary_search(members_->begin(), members_->end(), node)) since_.emplace(node, now);
  members_ = std::move(present);
}

ShareDesk::ShareDesk(NodeId self, const ShareDeskOptions& options, const datum::ArrivalForecast* forecast,
                     Duration in_time, Random random, Instant now)
    : self_(self),
      options_(options),
      forecast_(forecast),
      in_time_(in_time),
      trips_(self, options_.probes, random, now),
      policy_(options_.policy),
      due_(now) {}

void ShareDesk::sent(const Message& message, Instant now) {
  const auto* append = std::get_if<AppendRequest>(&message.body);
  if (append != nullptr && !append->entries.empty())
    trips_.entry_sent(message.to, append->entries.back().index, now);
}

void ShareDesk::received(const Message& message, Instant now) {
  trips_.answered(message, now);
  const auto* reply = std::get_if<AppendReply>(&message.body);
  if (reply != nullptr && reply->accepted) trips_.entry_acknowledged(message.from, reply->index, now);
}

std::vector<Message> ShareDesk::probe(const Raft& raft, Instant now) {
  if (now < due_) return {};
  due_ = now + options_.probes.every / 4;
  std::vector<NodeId> measured = members(raft.configuration().shares);
  std::erase_if(measured, [&](NodeId node) { return options_.listeners.contains(node); });
  std::vector<Message> probes = trips_.probe(measured, now);
  for (Message& probe : probes) probe.term = raft.term();
  return probes;
}

// Who belongs to the group without only listening, and what is declared about them.
Membership ShareDesk::candidates(const Raft& raft) const {
  Membership current = membership_of(raft.configuration());
  current.failures_max = options_.failures_max;
  current.domains.insert(options_.domains.begin(), options_.domains.end());
  std::erase_if(current.shares,
                [&](const auto& member) { return options_.listeners.contains(member.first); });
  std::erase_if(current.domains, [&](const auto& each) { return !current.shares.contains(each.first); });
  return current;
}

// The share of the coming half hour in which a message would be there in time.
Score ShareDesk::stability(NodeId node, Instant now) {
  if (forecast_ == nullptr) return kScoreNeutral;
  const auto known = outlooks_.find(node);
  if (known != outlooks_.end() && now < known->second.made + kOutlookHolds) return known->second.score;
  int in_time = 0;
  for (int i = 0; i < kOutlooks; ++i) {
    const Instant sent = now + i * kOutlookEvery;
    const auto there = forecast_->arrival(self_, node, sent);
    if (there && *there - sent <= in_time_) ++in_time;
  }
  const Score score = kScoreMax * in_time / kOutlooks;
  outlooks_[node] = {now, score};
  return score;
}

std::optional<Membership> ShareDesk::want(const Raft& raft, const JoinedMembers& joined, Instant now) {
  const Membership current = candidates(raft);
  std::map<NodeId, Standing> standings;
  for (const auto& [node, share] : current.shares) {
    Standing standing;
    standing.distance = trips_.distance(node);
    if (const Trust* trust = trips_.trust(node)) {
      standing.trust = trust->score(now, trips_.trust_options);
      standing.malicious = trust->malicious();
    }
    if (const Bandwidth* bandwidth = trips_.bandwidth(node))
      standing.bandwidth = bandwidth->score(now, trips_.bandwidth_options);
    standing.stability = node == self_ ? kScoreMax : stability(node, now);
    const auto since = joined.since().find(node);
    standing.member_since = since == joined.since().end() ? kAlways : since->second;
    standing.caught_up = raft.lag(node).value_or(0) <= options_.behind_max;
    standings.emplace(node, standing);
  }
  auto wanted = policy_.want(current, self_, standings, now);
  if (!wanted) return std::nullopt;
  reasons_ = std::move(wanted->reasons);
  for (const auto& [node, share] : raft.shares())
    if (options_.listeners.contains(node)) wanted->membership.shares.emplace(node, 0);
  return std::move(wanted->membership);
}

}  // namespace skywarden::node
