// Reads without entries, leases, and handing over leadership (thesis §6.4, §3.10).
#include <tuple>

#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::size_t kReadsPendingMax = 4096;
constexpr std::size_t kSuccessorsMax = 8;  // members whose outlook is compared before a foreseen cut

}  // namespace

// Reads that come while a round is under way share the next one.
Result<RaftEffects> Raft::read(ReadId id, Instant now) {
  if (role_ != Role::kLeader) return fail(Errc::kUnavailable, "raft: node {} does not lead", self_.value());
  if (log_.term_at(commit_) != state_.term && holds(Rule::kReadAfterOwnTerm))
    return fail(Errc::kUnavailable, "raft: nothing of term {} is committed yet", state_.term.value());
  if (reads_.size() >= kReadsPendingMax)
    return fail(Errc::kUnavailable, "raft: {} reads wait", reads_.size());
  Step step = begin(now);
  if (has_lease(step.now) || !holds(Rule::kReadAsksQuorum)) {
    step.out.reads.push_back({id, commit_});
    return end(std::move(step));
  }
  const bool under_way = !reads_.empty();
  reads_.push_back({id, commit_, round_ + 1});
  if (!under_way) {
    begin_round(step);
    for (const auto& [peer, progress] : progress_)
      if (may_ask(progress)) send_append(step, peer, {});
  }
  answer_reads(step);  // a leader with a quorum of shares of its own asks nobody
  return end(std::move(step));
}

bool Raft::may_ask(const Progress& progress) const {
  return !progress.transfer && !progress.fed() && log_.contains(progress.next.previous());
}

void Raft::begin_round(Step& step) {
  ++round_;
  if (options_.lease) rounds_.emplace_back(round_, step.now);
}

void Raft::round_answered(Step& step, NodeId peer, std::uint64_t round) {
  Progress& progress = progress_.at(peer);
  if (round <= progress.round || round > round_) return;
  progress.round = round;
  answer_reads(step);
}

// The latest round that a quorum has answered shows that until it began there was no later leader.
void Raft::answer_reads(Step& step) {
  if (reads_.empty() && rounds_.empty()) return;
  std::map<NodeId, std::uint64_t> answered{{self_, round_}};
  for (const auto& [peer, progress] : progress_) answered.emplace(peer, progress.round);
  const std::uint64_t round = reached_by_quorum<std::uint64_t>(ruling().shares, answered, 0, round_);
  for (; !rounds_.empty() && rounds_.front().first <= round; rounds_.pop_front()) {
    const Duration length =
        holds(Rule::kLeaseEnds) ? options_.lease_length() : 2 * options_.election_timeout_max;
    lease_until_ = rounds_.front().second + length;
  }
  for (; !reads_.empty() && reads_.front().round <= round; reads_.pop_front())
    step.out.reads.push_back({reads_.front().id, reads_.front().index});
  if (reads_.empty() || reads_.front().round <= round_) return;
  begin_round(step);  // for those that came meanwhile
  for (const auto& [peer, progress] : progress_)
    if (may_ask(progress)) send_append(step, peer, {});
}

void Raft::refuse_reads(Step& step) {
  for (const PendingRead& read : reads_) step.out.reads.push_back({read.id, std::nullopt});
  reads_.clear();
}

bool Raft::has_lease(Instant now) const {
  const bool given_up = lease_given_up_ && holds(Rule::kLeaseEndsWithHandOver);
  return options_.lease && role_ == Role::kLeader && !given_up && now < lease_until_;
}

// ---- handing over

NodeId Raft::successor() const {
  NodeId best = kNobody;
  const auto rank = [&](NodeId node) {
    const LogIndex match = progress_.at(node).match;
    return std::tuple(match == last_index(), share_of(shares(), node), match, UINT32_MAX - node.value());
  };
  for (const auto& [node, progress] : progress_)
    if (share_of(shares(), node) > 0 && !progress.witness && (best == kNobody || rank(node) > rank(best)))
      best = node;
  return best;
}

Result<RaftEffects> Raft::transfer_leadership(NodeId to, Instant now) {
  if (role_ != Role::kLeader) return fail(Errc::kUnavailable, "raft: node {} does not lead", self_.value());
  if (to == kNobody) to = successor();
  if (to == kNobody) return fail(Errc::kUnavailable, "raft: nobody else has a vote");
  if (to == self_ || share_of(shares(), to) == 0 || configuration().witnesses.contains(to))
    return fail(Errc::kOutOfRange, "raft: node {} cannot take over from node {}", to.value(), self_.value());
  Step step = begin(now);
  hand_over_ = HandOver{to, step.now + options_.election_timeout_min};
  hand_over(step);
  return end(std::move(step));
}

// Leadership moves before a foreseen cut: when soon a quorum could not answer this leader in time, but could
// answer another member in half of it, or less, that one takes over while it still can be told.
void Raft::look_ahead(Step& step) {
  const Duration in_time = options_.election_timeout_min;
  outlook_due_ = step.now + in_time;
  const Instant soon = step.now + 2 * in_time;
  const auto own = quorum_answer(self_, soon);
  if (own && *own - soon <= in_time) return;
  NodeId best = kNobody;
  Instant best_answer = own ? soon + (*own - soon) / 2 : Instant::max();
  std::size_t looked_at = 0;
  for (const auto& [node, progress] : progress_) {
    if (share_of(shares(), node) == 0 || progress.witness || progress.match < commit_) continue;
    const auto told = forecast_->arrival(self_, node, step.now);
    if (!told || *told - step.now > in_time) continue;
    if (++looked_at > kSuccessorsMax) break;
    const auto answer = quorum_answer(node, soon);
    if (!answer || *answer >= best_answer) continue;
    best = node;
    best_answer = *answer;
  }
  if (best == kNobody) {
    outlook_due_ = step.now + 8 * in_time;  // it costs too much to ask again soon
    return;
  }
  hand_over_ = HandOver{best, step.now + in_time};
}

// As soon as everything is under way to the other; repeated with heartbeats, for it may be lost. The other
// waits until it has come.
bool Raft::is_sent_everything(const Progress& progress) const {
  return progress.replicating && !progress.transfer && progress.next > last_index();
}

void Raft::hand_over(Step& step) {
  const auto found = progress_.find(hand_over_->to);
  if (found == progress_.end() || !is_sent_everything(found->second)) return;
  const bool holds_all = found->second.match == last_index();
  lease_given_up_ = true;
  send(step, hand_over_->to, state_.term, TimeoutNow{holds_all ? LogIndex() : last_index()});
}

void Raft::on(Step& step, const Message& message, const TimeoutNow& now) {
  if (role_ != Role::kFollower || message.from != leader_) return;
  take_over_at_ = now.upto;
  take_over_until_ = step.now + patience_min();
  take_over(step);
}

// The leader asked for it, and the log has come as far as it said; not when that was long ago, for then it
// leads on.
void Raft::take_over(Step& step) {
  if (!take_over_at_ || last_index() < *take_over_at_) return;
  take_over_at_.reset();
  if (step.now <= take_over_until_ && may_campaign(self_) && state_.term < kTermMax)
    become_candidate(step, true);
}

}  // namespace skywarden::consensus
