#include "consensus/raft.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"
#include "consensus/rule.h"

namespace skywarden::consensus {

namespace {

Log log_of(Persisted& persisted) {
  tidy(persisted);
  return Log(std::move(persisted.log), persisted.snapshot ? persisted.snapshot->last : LogPosition{});
}

ConfigurationHistory beginning_of(const Persisted& persisted, Shares founding) {
  if (persisted.snapshot) return {persisted.snapshot->last.index, persisted.snapshot->configuration};
  return {LogIndex(), Configuration{Epoch(), {std::move(founding), {}}, {}, 0}};
}

// Requests that promise nothing beyond what a quorum has settled, see raft.h. A leader's term is durable.
bool may_go_ahead(const MessageBody& body) {
  return std::holds_alternative<AppendRequest>(body) || std::holds_alternative<SnapshotChunk>(body) ||
         std::holds_alternative<TimeoutNow>(body) || std::holds_alternative<Relayed>(body) ||
         std::holds_alternative<RelayedChunk>(body) || std::holds_alternative<Probe>(body) ||
         std::holds_alternative<ProbeReply>(body) || !holds(Rule::kAnswersWaitForDisk);
}

}  // namespace

Raft::Raft(NodeId self, Shares founding, Persisted persisted, RaftOptions options, Random random, Instant now,
           const datum::ArrivalForecast* forecast, Storage storage)
    : self_(self),
      options_(options),
      random_(random),
      forecast_(forecast),
      state_(persisted.state),
      log_(log_of(persisted)),
      disk_(storage, log_.last_index()),
      configurations_(beginning_of(persisted, std::move(founding))),
      commit_(log_.base().index),
      now_(now),
      handed_on_(commit_) {
  EXPECTS(shares().empty() || validate(shares()));
  EXPECTS(options_.validate());
  EXPECTS(state_.term >= log_.last().term);
  // It may have promised not to vote, just before it went down.
  const bool promised = options_.lease && state_.term > Term() && holds(Rule::kLeaseOutlivesRestart);
  leader_heard_ = promised ? now : Instant::min();
  if (persisted.snapshot) snapshot_ = encode_both(*persisted.snapshot);
  read_configurations();
  note_lacking_anew(persisted.snapshot && persisted.snapshot->withheld);
  role_ = resting_role();
  arm_election(now);
}

// ---- entry points

Raft::Step Raft::begin(Instant now) {
  now_ = std::max(now_, now);
  return Step{now_, state_, {}};
}

RaftEffects Raft::end(Step step) {
  if (commit_ > handed_on_) hand_on(step);
  if (state_ != step.before) step.out.persist.state = state_;
  if (!step.out.persist.empty()) disk_.began(last_index(), step.out.persist.state.has_value());
  step.out.write = disk_.latest();
  return std::move(step.out);
}

RaftEffects Raft::tick(Instant now) {
  Step step = begin(now);
  if (step.now < next_deadline()) return end(std::move(step));
  switch (role_) {
    case Role::kLeader:
      tick_leader(step);
      break;
    case Role::kPreCandidate:
    case Role::kCandidate:
      tick_candidate(step);
      break;
    case Role::kFollower:
    case Role::kLearner:
      tick_follower(step);
      break;
  }
  tick_feeds(step);  // last, for the term may have moved
  return end(std::move(step));
}

RaftEffects Raft::receive(const Message& message, Instant now) {
  Step step = begin(now);
  const bool plausible = message.to == self_ && validate(message) && !is_withheld_from(message);
  if (plausible) heard_of(message.from, step.now);
  if (plausible && settle_term(step, message))
    std::visit([&](const auto& body) { on(step, message, body); }, message.body);
  return end(std::move(step));
}

Result<RaftEffects> Raft::propose(Payload payload, Instant now) {
  std::vector<Payload> one;
  one.push_back(std::move(payload));
  return propose_all(std::move(one), now);
}

Result<RaftEffects> Raft::propose_all(std::vector<Payload> payloads, Instant now) {
  std::size_t after = uncommitted_bytes_;
  for (const Payload& payload : payloads) {
    if (payload.empty() || payload.size() > options_.bytes_per_message_max)
      return fail(Errc::kOutOfRange, "raft: proposal of {} bytes, expected 1…{}", payload.size(),
                  options_.bytes_per_message_max);
    after += payload.size() + kEntryOverheadBytes;
  }
  if (role_ != Role::kLeader) return fail(Errc::kUnavailable, "raft: node {} does not lead", self_.value());
  if (hand_over_)
    return fail(Errc::kUnavailable, "raft: leadership passes to node {}", hand_over_->to.value());
  if (uncommitted_bytes_ > 0 && after > options_.uncommitted_bytes_max)
    return fail(Errc::kUnavailable, "raft: {} bytes await commitment", uncommitted_bytes_);
  Step step = begin(now);
  for (Payload& payload : payloads) append_own(step, std::move(payload), EntryKind::kProposal);
  if (!payloads.empty()) replicate(step);
  return end(std::move(step));
}

Instant Raft::next_deadline() const {
  const Instant feeds = feeds_due();
  switch (role_) {
    case Role::kLeader:
      return std::min(feeds, hand_over_ ? std::min(heartbeat_due_, hand_over_->until) : heartbeat_due_);
    case Role::kPreCandidate:
    case Role::kCandidate:
      return std::min({feeds, election_deadline_, repeat_due_});
    case Role::kFollower:
    case Role::kLearner:
      break;
  }
  return std::min(feeds, follower_deadline());
}

std::vector<NodeId> Raft::holders(LogIndex index) const {
  std::vector<NodeId> nodes;
  if (role_ != Role::kLeader || !log_.contains(index)) return nodes;
  for (const auto& [node, share] : shares()) {
    const auto found = progress_.find(node);
    const bool own = node == self_ && disk_.kept(last_index()) >= index;
    if (own || (found != progress_.end() && found->second.match >= index)) nodes.push_back(node);
  }
  return nodes;
}

RaftEffects Raft::persisted(Write upto, Instant now) {
  Step step = begin(now);
  disk_.done(upto);
  if (role_ == Role::kCandidate && disk_.keeps_state() && !votes_.contains(self_))
    record_vote(step, self_, true);
  if (role_ == Role::kLeader) {
    acknowledge_own();
    if (commit_by_quorum(step)) after_commit(step);
  }
  return end(std::move(step));
}

std::optional<std::uint64_t> Raft::lag(NodeId member) const {
  const auto found = progress_.find(member);
  if (role_ != Role::kLeader || found == progress_.end()) return std::nullopt;
  return last_index().value() - found->second.match.value();
}

// ---- time

void Raft::tick_leader(Step& step) {
  if (!quorum_answers(step.now)) {
    become_follower(step, state_.term, kNobody);
    return;
  }
  if (hand_over_ && step.now >= hand_over_->until) hand_over_.reset();  // it did not come about; lead on
  if (step.now < heartbeat_due_) return;
  heartbeat_due_ = step.now + options_.heartbeat;
  if (options_.lease) begin_round(step);
  broadcast_heartbeat(step);
  if (forecast_ != nullptr && !hand_over_ && step.now >= outlook_due_) look_ahead(step);
  if (hand_over_) hand_over(step);
}

// The own patience has ended: who asked before is answered, and the own question decided.
void Raft::tick_lonely(Step& step) {
  lonely_due_ = Instant::max();
  if (take_over_at_) take_over(step);
  if (hears_leader(step.now)) return;
  if (waiting_) {
    const Claim claim = *waiting_;
    waiting_.reset();
    if (waiting_term_ > state_.term && is_complete_enough(claim.last) && answer_pre_vote(step, claim))
      send(step, claim.candidate, waiting_term_, PreVoteReply{true});
  }
  if (sounding_ && role_ == Role::kFollower) record_grant(step, self_, true);
}

void Raft::tick_follower(Step& step) {
  if (step.now >= lonely_due_) tick_lonely(step);
  if (role_ != Role::kFollower && role_ != Role::kLearner) return;
  if (step.now < election_deadline_) {
    if (role_ == Role::kFollower && step.now >= sound_due_) sound(step);
    return;
  }
  if (const auto due = leader_due(step.now)) {
    wait_for_leader(*due, step.now);
  } else if (role_ == Role::kFollower) {
    become_pre_candidate(step);
  } else {
    become_follower(step, state_.term, kNobody);
    election_deadline_ = Instant::max();
    if (relay_heard_ > Instant::min()) ask_somebody(step);
  }
}

void Raft::tick_candidate(Step& step) {
  // While the own vote is not yet on the disk a new term would only mean to write another.
  const bool own_pending = role_ == Role::kCandidate && !votes_.contains(self_);
  if (step.now >= election_deadline_ && own_pending) arm_election(step.now);
  if (step.now >= election_deadline_) {
    const auto answered = forecast_ == nullptr ? std::nullopt : quorum_answer(self_, round_began_);
    if (!answered || *answered + patience_min() <= step.now) {
      // Answers may be on their way: the next round takes longer.
      round_trip_ = std::max(round_trip_, step.now - round_began_);
      become_pre_candidate(step);
      return;
    }
    election_deadline_ = *answered + patience();
  }
  if (step.now < repeat_due_) return;
  repeat_due_ = step.now + options_.heartbeat;
  request_votes(step);
}

bool Raft::quorum_answers(Instant now) {
  std::map<NodeId, Instant> until{{self_, now}};
  for (auto& [peer, progress] : progress_)
    if (progress.votes) until.emplace(peer, answers_until(peer, progress, now));
  return reached_by_quorum(ruling().shares, until, Instant::min(), now) >= now;
}

// Until when a peer is not missed: its silence is no longer than usual, or it could not have answered yet.
Instant Raft::answers_until(NodeId peer, Progress& progress, Instant now) const {
  const Duration patience = patience_with(progress.silence, options_.election_timeout_max);
  const Instant heard = progress.silence.last_heard();
  if (heard + patience >= now || forecast_ == nullptr) return heard + patience;
  if (!progress.answer_due)
    progress.answer_due = answer_of(peer, self_, heard + options_.heartbeat).value_or(heard);
  return *progress.answer_due + patience;
}

// ---- small change

void Raft::send(Step& step, NodeId to, Term term, MessageBody body) const {
  const bool ahead = disk_.storage() == Storage::kMeanwhile && may_go_ahead(body);
  (ahead ? step.out.send_ahead : step.out.send).push_back(Message{self_, to, term, std::move(body)});
}

void Raft::trace(Step& step, TraceKind kind, std::uint64_t first, std::uint64_t second,
                 std::uint64_t third) const {
  step.out.trace.push_back(TraceEvent{step.now, self_, kind, first, second, third});
}

}  // namespace skywarden::consensus
