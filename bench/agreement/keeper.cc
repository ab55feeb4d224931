#include "agreement/keeper.h"

#include "consensus/stability.h"

namespace skywarden::agreement {

using namespace consensus;

namespace {

constexpr Duration kSlowLeader =
    std::chrono::milliseconds(70);        // ten times the nearest neighbour's round trip
constexpr std::uint64_t kBehindMax = 64;  // entries
constexpr std::uint64_t kStepsToDecide = 5;
constexpr std::size_t kMeasuredMin = 8;  // members, before a leader judges itself

}  // namespace

Keeper::Keeper(World& world, bool changes) : world_(world), changes_(changes) {}

void Keeper::sent(const Message& message) {
  if (!memory_ || message.from != memory_->leader) return;
  if (const auto* append = std::get_if<AppendRequest>(&message.body); append && !append->entries.empty())
    memory_->trips.entry_sent(message.to, append->entries.back().index, world_.now());
}

void Keeper::delivered(const Message& message) {
  if (!memory_ || message.to != memory_->leader) return;
  memory_->trips.answered(message, world_.now());
  if (const auto* reply = std::get_if<AppendReply>(&message.body); reply && reply->accepted)
    memory_->trips.entry_acknowledged(message.from, reply->index, world_.now());
}

// The links of this shell never break, so contacts last beyond any horizon.
std::map<NodeId, Standing> Keeper::standings() const {
  const Raft& raft = world_.raft(memory_->leader);
  const Instant now = world_.now();
  const Score steady = stability(datum::Contact{now, Instant::max(), {}, {}}, 0, now, {});
  std::map<NodeId, Standing> known;
  for (const auto& [node, share] : raft.shares()) {
    Standing standing;
    standing.distance = memory_->trips.distance(node);
    if (const Trust* trust = memory_->trips.trust(node))
      standing.trust = trust->score(now, memory_->trips.trust_options);
    if (const Bandwidth* bandwidth = memory_->trips.bandwidth(node))
      standing.bandwidth = bandwidth->score(now, memory_->trips.bandwidth_options);
    standing.stability = steady;
    const auto since = since_.find(node);
    standing.member_since = since == since_.end() ? Instant::min() + std::chrono::hours(1) : since->second;
    standing.caught_up = raft.lag(node).value_or(0) <= kBehindMax;
    known.emplace(node, standing);
  }
  return known;
}

void Keeper::step() {
  const NodeId leader = world_.leader();
  if (leader == kNobody || !world_.alive(leader)) {
    memory_.reset();
    return;
  }
  const Instant now = world_.now();
  if (!memory_ || memory_->leader != leader)
    memory_.emplace(
        Memory{leader, RoundTrips(leader, {}, world_.random().fork(world_.raft(leader).term().value()), now),
               SharePolicy({})});
  const Raft& raft = world_.raft(leader);
  std::vector<NodeId> peers;
  for (const auto& [node, share] : raft.shares()) {
    peers.push_back(node);
    auto& largest = largest_[node];
    largest = std::max(largest, share);
  }
  for (Message& probe : memory_->trips.probe(peers, now)) {
    probe.term = raft.term();
    world_.post(probe);
  }
  if (++steps_ % kStepsToDecide != 0) return;
  if (!changes_ || !raft.configuration_committed() || raft.configuration().joint()) return;
  const auto wanted = memory_->policy.want(membership_of(raft.configuration()), leader, standings(), now);
  if (!wanted) return;
  if (auto effects = world_.raft(leader).change_membership(wanted->membership, now)) {
    ++changed_;
    world_.perform(leader, std::move(*effects));
  }
}

NodeId Keeper::who_should_lead_instead() const {
  if (!memory_) return kNobody;
  std::pair<Duration, NodeId> nearest{Duration::max(), kNobody};
  Duration quickest = Duration::max();  // of the last answers
  std::size_t measured = 0;
  for (const auto& [node, share] : world_.raft(memory_->leader).shares())
    if (const auto distance = memory_->trips.distance(node); distance && share > 0) {
      ++measured;
      nearest = std::min(nearest, {*distance, node});
      quickest = std::min(quickest, memory_->trips.latest(node).value_or(Duration::max()));
    }
  return measured >= kMeasuredMin && quickest > kSlowLeader ? nearest.second : kNobody;
}

std::uint64_t Keeper::largest_share(NodeId node) const {
  const auto found = largest_.find(node);
  return found == largest_.end() ? 0 : found->second;
}

}  // namespace skywarden::agreement
