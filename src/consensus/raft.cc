#include "consensus/raft.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/contract.h"
#include "base/hash.h"

namespace skywarden::consensus {
namespace {

constexpr std::int64_t kSilentBeats = 8;         // a silent voter is asked every so many heartbeats at least
constexpr std::uint64_t kLearnerBeats = 8;       // a learner at rest hears one heartbeat of so many
constexpr std::size_t kEntryOverheadBytes = 64;  // so that many tiny proposals are bounded as well

std::size_t cost(const Entry& entry) {
  return entry.payload.size() + kEntryOverheadBytes;
}

std::uint64_t fingerprint(const Payload& payload) {
  Fnv1a hash;
  hash.add(std::span<const std::byte>(payload));
  return hash.value();
}

}  // namespace

Raft::Raft(NodeId self, Shares shares, Persisted persisted, RaftOptions options, Random random, Instant now)
    : self_(self),
      shares_(std::move(shares)),
      options_(options),
      random_(random),
      state_(persisted.state),
      log_(std::move(persisted.log)),
      now_(now) {
  EXPECTS(validate(shares_));
  EXPECTS(shares_.contains(self_));
  EXPECTS(options_.validate());
  EXPECTS(state_.term >= log_.last().term);
  role_ = resting_role();
  arm_election(now);
}

// ---- entry points

Raft::Step Raft::begin(Instant now) {
  now_ = std::max(now_, now);
  return Step{now_, state_, {}};
}

RaftEffects Raft::end(Step step) const {
  if (state_ != step.before) step.out.persist.state = state_;
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
      become_pre_candidate(step);
      break;
    case Role::kLearner:
      become_follower(step, state_.term, kNobody);
      election_deadline_ = Instant::max();
      break;
  }
  return end(std::move(step));
}

RaftEffects Raft::receive(const Message& message, Instant now) {
  Step step = begin(now);
  const bool plausible = message.to == self_ && shares_.contains(message.from) && validate(message);
  if (plausible) asked_.erase(message.from);
  if (plausible && settle_term(step, message))
    std::visit([&](const auto& body) { on(step, message, body); }, message.body);
  return end(std::move(step));
}

Result<RaftEffects> Raft::propose(Payload payload, Instant now) {
  if (payload.empty() || payload.size() > options_.bytes_per_message_max)
    return fail(Errc::kOutOfRange, "raft: proposal of {} bytes, expected 1…{}", payload.size(),
                options_.bytes_per_message_max);
  if (role_ != Role::kLeader) return fail(Errc::kUnavailable, "raft: node {} does not lead", self_.value());
  const std::size_t after = uncommitted_bytes_ + payload.size() + kEntryOverheadBytes;
  if (uncommitted_bytes_ > 0 && after > options_.uncommitted_bytes_max)
    return fail(Errc::kUnavailable, "raft: {} bytes await commitment", uncommitted_bytes_);
  Step step = begin(now);
  append_own(step, std::move(payload));
  for (const auto& [peer, progress] : progress_) send_entries(step, peer);
  return end(std::move(step));
}

Instant Raft::next_deadline() const {
  switch (role_) {
    case Role::kLeader:
      return heartbeat_due_;
    case Role::kPreCandidate:
    case Role::kCandidate:
      return std::min(election_deadline_, repeat_due_);
    case Role::kFollower:
    case Role::kLearner:
      break;
  }
  return election_deadline_;
}

std::vector<NodeId> Raft::holders(LogIndex index) const {
  std::vector<NodeId> nodes;
  if (role_ != Role::kLeader || !log_.contains(index)) return nodes;
  for (const auto& [node, share] : shares_)
    if (node == self_ || progress_.at(node).match >= index) nodes.push_back(node);
  return nodes;
}

// ---- time

void Raft::tick_leader(Step& step) {
  if (!quorum_answers(step.now)) {
    become_follower(step, state_.term, kNobody);
    return;
  }
  heartbeat_due_ = step.now + options_.heartbeat;
  broadcast_heartbeat(step);
}

void Raft::tick_candidate(Step& step) {
  if (step.now >= election_deadline_) {
    become_pre_candidate(step);
    return;
  }
  repeat_due_ = step.now + options_.heartbeat;
  request_votes(step);
}

bool Raft::quorum_answers(Instant now) const {
  std::map<NodeId, Instant> heard{{self_, now}};
  for (const auto& [peer, progress] : progress_) heard.emplace(peer, progress.heard);
  return reached_by_quorum(shares_, heard, Instant::min(), now) + options_.election_timeout_max >= now;
}

void Raft::arm_election(Instant now) {
  const auto spread =
      static_cast<std::uint64_t>((options_.election_timeout_max - options_.election_timeout_min).count());
  Duration patience = options_.election_timeout_min + Duration(random_.below(spread + 1));
  if (share_of(shares_, self_) == 0) patience *= kLearnerBeats;  // it hears so much more seldom
  election_deadline_ = now + patience;
}

// After a lost round: soon, because no leader is being waited for, yet apart from the others who lost with
// us.
void Raft::arm_retry(Instant now) {
  const Duration half = options_.election_timeout_min / 2;
  election_deadline_ = now + half + Duration(random_.below(static_cast<std::uint64_t>(half.count()) + 1));
}

// ---- elections

Role Raft::resting_role() const {
  return share_of(shares_, self_) > 0 ? Role::kFollower : Role::kLearner;
}

bool Raft::hears_leader(Instant now) const {
  if (leader_ == self_) return true;
  return leader_ != kNobody && now < leader_heard_ + options_.election_timeout_min;
}

void Raft::become_follower(Step& step, Term term, NodeId leader) {
  EXPECTS(term >= state_.term);
  const bool was_resting = role_ == resting_role();
  const bool changed = !was_resting || term != state_.term || leader != leader_;
  if (term > state_.term) state_ = {term, kNobody};
  role_ = resting_role();
  leader_ = leader;
  if (leader != kNobody) asked_.clear();
  votes_.clear();
  progress_.clear();
  if (!was_resting) arm_election(step.now);
  if (changed) trace(step, TraceKind::kBecameFollower, term.value(), leader.value());
}

void Raft::start_round(Step& step, Role role) {
  role_ = role;
  leader_ = kNobody;
  votes_.clear();
  arm_election(step.now);
  repeat_due_ = step.now + options_.heartbeat;
  trace(step, TraceKind::kBecameCandidate, state_.term.value(), role == Role::kPreCandidate ? 1 : 0);
  record_vote(step, self_, true);
  if (role_ == role) request_votes(step);  // otherwise the own share was enough and the next step is taken
}

void Raft::become_pre_candidate(Step& step) {
  if (state_.term >= kTermMax) {  // only a liar brings a group here; there is no term left to begin
    arm_election(step.now);
    return;
  }
  start_round(step, Role::kPreCandidate);
}

void Raft::become_candidate(Step& step) {
  asked_.clear();
  state_ = {state_.term.next(), self_};
  start_round(step, Role::kCandidate);
}

void Raft::become_leader(Step& step) {
  role_ = Role::kLeader;
  leader_ = self_;
  asked_.clear();
  votes_.clear();
  progress_.clear();
  for (const auto& [node, share] : shares_) {
    if (node == self_) continue;
    Progress& progress = progress_[node];
    progress.next = last_index().next();
    progress.heard = step.now;
  }
  uncommitted_bytes_ = 0;
  if (last_index() > commit_)
    for (const Entry& entry : log_.between(commit_.next(), last_index())) uncommitted_bytes_ += cost(entry);
  beats_ = 0;
  heartbeat_due_ = step.now + options_.heartbeat;
  trace(step, TraceKind::kBecameLeader, state_.term.value());
  append_own(step, {});  // entries of earlier terms are committed through this one only (Raft §5.4.2)
  broadcast_due(step);
}

bool Raft::asks_now(NodeId voter, Instant now) {
  const auto [found, fresh] = asked_.try_emplace(voter);
  Asked& asked = found->second;
  if (!fresh && now < asked.again) return false;
  asked.gap = fresh ? options_.heartbeat : std::min(2 * asked.gap, kSilentBeats * options_.heartbeat);
  asked.again = now + asked.gap;
  return true;
}

void Raft::request_votes(Step& step) {
  for (const auto& [node, share] : shares_) {
    if (share == 0 || node == self_ || votes_.contains(node) || !asks_now(node, step.now)) continue;
    if (role_ == Role::kPreCandidate)
      send(step, node, state_.term.next(), PreVoteRequest{log_.last()});
    else
      send(step, node, state_.term, VoteRequest{log_.last()});
  }
}

void Raft::record_vote(Step& step, NodeId voter, bool granted) {
  votes_.emplace(voter, granted);
  switch (vote_result(shares_, votes_)) {
    case VoteResult::kPending:
      return;
    case VoteResult::kLost:
      become_follower(step, state_.term, kNobody);
      arm_retry(step.now);
      return;
    case VoteResult::kWon:
      if (role_ == Role::kPreCandidate)
        become_candidate(step);
      else
        become_leader(step);
      return;
  }
}

// Of two pre-candidates who learn of each other one should stand back, or both might split the vote. The
// better log goes first, then the larger share, then the smaller id.
bool Raft::yields_to(NodeId rival, LogPosition rival_last) const {
  const auto rank = [&](NodeId node, LogPosition last) {
    return std::tuple(last.term, last.index, share_of(shares_, node), UINT32_MAX - node.value());
  };
  return rank(rival, rival_last) > rank(self_, log_.last());
}

// False: the message has been dealt with, or is not worth dealing with, because of its term alone.
bool Raft::settle_term(Step& step, const Message& message) {
  const bool asks_vote = std::holds_alternative<VoteRequest>(message.body);
  const bool is_pre_vote = std::holds_alternative<PreVoteRequest>(message.body) ||
                           std::holds_alternative<PreVoteReply>(message.body);
  if (is_pre_vote || message.term == state_.term) return true;
  if (message.term > state_.term) {
    if (asks_vote && hears_leader(step.now)) return false;  // would only disrupt (thesis §4.2.3)
    become_follower(step, message.term, kNobody);
    return true;
  }
  // An older term. Whoever still asks in it must hear of ours; old answers mean nothing.
  if (asks_vote) send(step, message.from, state_.term, VoteReply{false});
  if (const auto* append = std::get_if<AppendRequest>(&message.body))
    send(step, message.from, state_.term, AppendReply{false, append->previous.index, {}});
  return false;
}

void Raft::on(Step& step, const Message& message, const PreVoteRequest& request) {
  bool granted = message.term > state_.term && log_.is_no_newer_than(request.last) && !hears_leader(step.now);
  if (granted && role_ == Role::kPreCandidate) {
    granted = yields_to(message.from, request.last);
    // Once only: a rival that can ask but never hears an answer must not hold everybody back for ever.
    if (granted && !yielded_) {
      yielded_ = true;
      become_follower(step, state_.term, kNobody);
    }
  }
  send(step, message.from, granted ? message.term : state_.term, PreVoteReply{granted});
}

void Raft::on(Step& step, const Message& message, const PreVoteReply& reply) {
  if (!reply.granted && message.term > state_.term) {
    become_follower(step, message.term, kNobody);
    return;
  }
  if (role_ != Role::kPreCandidate) return;
  if (reply.granted && message.term != state_.term.next()) return;  // of an earlier round
  record_vote(step, message.from, reply.granted);
}

void Raft::on(Step& step, const Message& message, const VoteRequest& request) {
  const bool free = state_.voted_for == message.from || (state_.voted_for == kNobody && leader_ == kNobody);
  const bool granted = free && log_.is_no_newer_than(request.last);
  if (granted) {
    become_follower(step, state_.term, leader_);
    state_.voted_for = message.from;
    arm_election(step.now);
  }
  send(step, message.from, state_.term, VoteReply{granted});
}

void Raft::on(Step& step, const Message& message, const VoteReply& reply) {
  if (role_ == Role::kCandidate) record_vote(step, message.from, reply.granted);
}

// ---- replication, the follower's side

// A committed entry is never given up: a request that contradicts one cannot come from an honest leader.
bool Raft::contradicts_commits(const AppendRequest& request) const {
  const auto contradicts = [&](LogPosition p) { return p.index <= commit_ && !log_.matches(p); };
  return contradicts(request.previous) ||
         std::any_of(request.entries.begin(), request.entries.end(),
                     [&](const Entry& e) { return contradicts({e.index, e.term}); });
}

void Raft::on(Step& step, const Message& message, const AppendRequest& request) {
  const bool second_leader = leader_ != kNobody && leader_ != message.from;  // never two in one term
  if (second_leader || share_of(shares_, message.from) == 0) return;
  become_follower(step, state_.term, message.from);
  leader_heard_ = step.now;
  yielded_ = false;
  arm_election(step.now);
  if (contradicts_commits(request)) return;
  if (!log_.matches(request.previous)) {
    const LogPosition hint = log_.last_at_most(request.previous.index, request.previous.term);
    send(step, message.from, state_.term, AppendReply{false, request.previous.index, hint});
    return;
  }
  append_foreign(step, request.entries);
  const LogIndex agreed = request.entries.empty() ? request.previous.index : request.entries.back().index;
  commit_up_to(step, std::min(request.commit, agreed));
  send(step, message.from, state_.term, AppendReply{true, agreed, {}});
}

void Raft::append_foreign(Step& step, std::span<const Entry> entries) {
  // What is there already stays: a late copy of an old request must not cut off what came after it.
  while (!entries.empty() && log_.matches({entries.front().index, entries.front().term}))
    entries = entries.subspan(1);
  if (entries.empty()) return;
  const LogIndex first = entries.front().index;
  if (log_.contains(first)) {
    log_.truncate_from(first);
    step.out.persist.truncate_from = first;
  }
  for (const Entry& entry : entries) {
    log_.append(entry);
    trace(step, TraceKind::kEntryAppended, entry.index.value(), entry.term.value(),
          fingerprint(entry.payload));
  }
  step.out.persist.append.assign(entries.begin(), entries.end());
}

// ---- replication, the leader's side

void Raft::append_own(Step& step, Payload payload) {
  Entry entry{state_.term, last_index().next(), std::move(payload)};
  trace(step, TraceKind::kEntryAppended, entry.index.value(), entry.term.value(), fingerprint(entry.payload));
  uncommitted_bytes_ += cost(entry);
  step.out.persist.append.push_back(entry);
  log_.append(std::move(entry));
  commit_by_quorum(step);  // a leader with a quorum of shares of its own needs nobody else
}

void Raft::on(Step& step, const Message& message, const AppendReply& reply) {
  if (role_ != Role::kLeader || reply.index > last_index()) return;
  progress_.at(message.from).heard = step.now;
  if (reply.accepted)
    accepted(step, message.from, reply.index);
  else
    refused(step, message.from, reply);
}

void Raft::accepted(Step& step, NodeId peer, LogIndex index) {
  Progress& progress = progress_.at(peer);
  progress.confirm(index);
  const LogIndex before = commit_;
  if (index > commit_) commit_by_quorum(step);
  if (commit_ > before)
    broadcast_due(step);  // followers act on commits: do not let them wait for a heartbeat
  else
    send_due(step, peer);
}

void Raft::refused(Step& step, NodeId peer, const AppendReply& reply) {
  Progress& progress = progress_.at(peer);
  const bool stale = reply.index <= progress.match ||  // since then it agreed
                     (!progress.replicating && reply.index != progress.next.previous());  // an earlier probe
  if (stale) return;
  // Skip back whole terms: the follower named where it could agree, our own log narrows it further.
  const LogIndex below = std::min(reply.hint.index, reply.index.previous());
  progress.probe_after(std::max(progress.match, log_.last_at_most(below, reply.hint.term).index));
  send_entries(step, peer);
}

// As many entries as the window takes.
void Raft::send_entries(Step& step, NodeId peer) {
  const Progress& progress = progress_.at(peer);
  while (progress.may_send(options_.inflight_max)) {
    const auto entries = log_.after(progress.next.previous(), options_.entries_per_message_max,
                                    options_.bytes_per_message_max);
    if (entries.empty() && progress.replicating) return;
    send_append(step, peer, entries);
  }
}

// Entries, or at least the commit index if the follower has not been told of it.
void Raft::send_due(Step& step, NodeId peer) {
  send_entries(step, peer);
  const Progress& progress = progress_.at(peer);
  if (progress.replicating && progress.commit_told < std::min(commit_, progress.next.previous()))
    send_append(step, peer, {});
}

void Raft::send_append(Step& step, NodeId peer, std::span<const Entry> entries) {
  Progress& progress = progress_.at(peer);
  const LogIndex previous = progress.next.previous();
  const LogIndex agreed(previous.value() + entries.size());  // once this arrives
  send(step, peer, state_.term,
       AppendRequest{{previous, log_.term_at(previous)}, commit_, {entries.begin(), entries.end()}});
  progress.commit_told = std::min(commit_, agreed);
  progress.sent(entries.size());
}

void Raft::broadcast_due(Step& step) {
  for (const auto& [peer, progress] : progress_) send_due(step, peer);
}

// Each heartbeat asks about the place up to which everything was sent, so that a loss shows in the answer. No
// quorum waits for learners: one that has everything is asked now and then, so that hundreds may listen.
void Raft::broadcast_heartbeat(Step& step) {
  const bool learners_too = beats_++ % kLearnerBeats == 0;
  for (const auto& [peer, progress] : progress_) {
    const bool rests =
        shares_.at(peer) == 0 && progress.match == last_index() && progress.heard > committed_at_;
    if (learners_too || !rests) send_append(step, peer, {});
  }
}

void Raft::commit_by_quorum(Step& step) {
  Acknowledged held{{self_, last_index()}};
  for (const auto& [peer, progress] : progress_) held.emplace(peer, progress.match);
  const LogIndex index = committed_index(shares_, held);
  // Only entries of the own term are committed by counting; earlier ones follow from them (Raft §5.4.2).
  if (index > commit_ && log_.term_at(index) == state_.term) commit_up_to(step, index);
}

void Raft::commit_up_to(Step& step, LogIndex index) {
  if (index <= commit_) return;
  for (const Entry& entry : log_.between(commit_.next(), index)) {
    trace(step, TraceKind::kEntryCommitted, entry.index.value(), entry.term.value(),
          fingerprint(entry.payload));
    if (role_ == Role::kLeader) uncommitted_bytes_ -= cost(entry);
    step.out.committed.push_back(entry);
  }
  commit_ = index;
  committed_at_ = step.now;
}

// ---- small change

template <typename Body>
void Raft::send(Step& step, NodeId to, Term term, Body body) const {
  step.out.send.push_back(Message{self_, to, term, std::move(body)});
}

void Raft::trace(Step& step, TraceKind kind, std::uint64_t first, std::uint64_t second,
                 std::uint64_t third) const {
  step.out.trace.push_back(TraceEvent{step.now, self_, kind, first, second, third});
}

}  // namespace skywarden::consensus
