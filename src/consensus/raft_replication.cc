// Replication: the follower's side and the leader's (Raft §5.3, §5.4.2; thesis §10.2 for pipelining).
#include <algorithm>
#include <utility>

#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::uint64_t kLearnerBeats = 8;  // a learner at rest hears one heartbeat of so many

}  // namespace

// ---- replication, the follower's side

// A committed entry is never given up: a request that contradicts one cannot come from an honest leader.
bool Raft::contradicts_commits(LogPosition previous, std::span<const Entry> entries) const {
  const auto contradicts = [&](LogPosition p) {
    return p.index <= commit_ && p.index >= log_.base().index && !log_.matches(p);
  };
  return contradicts(previous) || std::any_of(entries.begin(), entries.end(),
                                              [&](const Entry& e) { return contradicts({e.index, e.term}); });
}

// False: it cannot be the leader of this term, for that is somebody else.
bool Raft::follow(Step& step, NodeId leader) {
  if (leader_ != kNobody && leader_ != leader) return false;
  if (leader_ != leader) {
    silence_.begin(step.now);
    round_trip_ /= 2;
  }
  needed_ = false;
  become_follower(step, state_.term, leader);
  silence_.heard(step.now, options_.heartbeat);
  leader_heard_ = step.now;
  yielded_ = false;
  stop_sounding();
  arm_election(step.now);
  return true;
}

void Raft::on(Step& step, const Message& message, const AppendRequest& request) {
  if (!follow(step, message.from) || contradicts_commits(request.previous, request.entries)) return;
  commit_heard_ = std::max(commit_heard_, request.commit);
  // What was compacted was committed, so the leader's log agrees about it.
  const LogPosition base = log_.base();
  const std::uint64_t gone = base.index.value() - std::min(base.index, request.previous.index).value();
  const auto entries = std::span(request.entries).subspan(std::min(gone, request.entries.size()));
  if (gone == 0 && !log_.matches(request.previous)) {
    const LogPosition hint = log_.last_at_most(request.previous.index, request.previous.term);
    send(step, message.from, state_.term, AppendReply{false, request.previous.index, hint, request.round});
    return;
  }
  append_foreign(step, entries);
  const LogIndex agreed(request.previous.index.value() + request.entries.size());
  const LogIndex certain = holds(Rule::kCommitWhatAgrees) ? agreed : last_index();
  commit_up_to(step, std::min(commit_heard_, certain));
  take_resting_role(step);
  send(step, message.from, state_.term, AppendReply{true, agreed, {}, request.round});
  // In a step of its own, for what this one says is of this term.
  if (take_over_at_ && last_index() >= *take_over_at_) lonely_due_ = step.now;
}

void Raft::append_foreign(Step& step, std::span<const Entry> entries) {
  // What is there already stays: a late copy of an old request must not cut off what came after it.
  while (!entries.empty() && log_.matches({entries.front().index, entries.front().term}))
    entries = entries.subspan(1);
  if (entries.empty()) return;
  const LogIndex first = entries.front().index;
  if (log_.contains(first)) {
    log_.truncate_from(first);
    note_cut(first);
    disk_.cut_behind(first.previous());
    step.out.persist.truncate_from = first;
    roll_back(step, first);
  }
  step.out.persist.append.clear();
  step.out.persist.append.reserve(entries.size());
  const auto keep = [&](const Entry& entry) {
    log_.append(entry);
    trace(step, TraceKind::kEntryAppended, entry.index.value(), entry.term.value(), fingerprint(entry));
    note_lacking(entry);
    note_appended(step, entry);
    step.out.persist.append.push_back(entry);
  };
  for (const Entry& entry : entries) {
    if (own_part_.witness)
      keep(withheld(entry));
    else
      keep(entry);
  }
}

// ---- replication, the leader's side

void Raft::begin_replication() {
  progress_.clear();
  round_ = 0;
  rounds_.clear();
  reads_.clear();
  lease_until_ = Instant::min();
  lease_given_up_ = false;
  hand_over_.reset();
  follow_members();
  // What is committed a quorum holds; if the rest fits one message it goes along instead of asking who has
  // what, which takes a round trip more.
  const auto rest =
      log_.after(commit_, options_.entries_per_message_max - 1, options_.bytes_per_message_max / 2);
  if (commit_.value() + rest.size() == last_index().value())
    for (auto& [peer, progress] : progress_) progress.next = commit_.next();
  epoch_unsettled_ = true;
  uncommitted_bytes_ = 0;
  if (last_index() > commit_)
    for (const Entry& entry : log_.between(commit_.next(), last_index())) uncommitted_bytes_ += cost(entry);
}

void Raft::append_own(Step& step, Payload payload, EntryKind kind) {
  Entry entry{state_.term, last_index().next(), std::move(payload), kind};
  trace(step, TraceKind::kEntryAppended, entry.index.value(), entry.term.value(), fingerprint(entry));
  uncommitted_bytes_ += cost(entry);
  step.out.persist.append.push_back(entry);
  log_.append(entry);
  note_appended(step, entry);
  acknowledge_own();
}

void Raft::acknowledge_own() {
  const bool waits = holds(Rule::kOwnEntryWaitsForDisk);
  counter_.acknowledge(self_, waits ? disk_.kept(last_index()) : last_index());
}

// A leader with a quorum of shares of its own needs nobody else.
void Raft::replicate(Step& step) {
  if (commit_by_quorum(step))
    after_commit(step);
  else
    for (const auto& [peer, progress] : progress_)
      if (!progress.fed()) send_entries(step, peer);
}

void Raft::on(Step& step, const Message& message, const AppendReply& reply) {
  if (role_ != Role::kLeader || reply.index > last_index()) return;
  const auto found = progress_.find(message.from);
  if (found == progress_.end()) return;  // it has left
  found->second.heard(step.now, options_.heartbeat);
  round_answered(step, message.from, reply.round);
  if (reply.accepted)
    accepted(step, message.from, reply.index);
  else
    refused(step, message.from, reply);
}

void Raft::accepted(Step& step, NodeId peer, LogIndex index) {
  Progress& progress = progress_.at(peer);
  progress.confirm(index);
  counter_.acknowledge(peer, progress.match);
  if (index > commit_ && commit_by_quorum(step))
    after_commit(step);
  else
    send_due(step, peer);
  if (hand_over_ && hand_over_->to == peer) hand_over(step);
}

void Raft::refused(Step& step, NodeId peer, const AppendReply& reply) {
  Progress& progress = progress_.at(peer);
  const bool stale = progress.transfer || reply.index <= progress.match ||  // since then it agreed
                     (!progress.replicating && reply.index != progress.next.previous());  // an earlier probe
  if (stale) return;
  if (progress.fed()) {  // the relay has until the next heartbeat but one
    if (log_.matches(reply.hint)) progress.confirm(reply.hint.index);
    progress.relay_failed = progress.match < progress.asked_before;
    if (!progress.relay_failed) return;
  }
  // Skip back whole terms: the follower named where it could agree, our own log narrows it further.
  const LogIndex below = std::min(reply.hint.index, reply.index.previous());
  progress.probe_after(std::max(progress.match, log_.last_at_most(below, reply.hint.term).index));
  send_entries(step, peer);
}

// As many entries as the window takes.
void Raft::send_entries(Step& step, NodeId peer) {
  const Progress& progress = progress_.at(peer);
  while (progress.may_send(options_.inflight_max)) {
    if (!log_.contains(progress.next.previous())) {
      send_snapshot(step, peer);
      return;
    }
    const auto entries = log_.after(progress.next.previous(), options_.entries_per_message_max,
                                    options_.bytes_per_message_max);
    if (entries.empty() && progress.replicating) return;
    send_append(step, peer, entries);
  }
}

// Entries, or at least the commit index if the follower has not been told of it.
void Raft::send_due(Step& step, NodeId peer) {
  const Progress& progress = progress_.at(peer);
  if (progress.fed()) return;
  send_entries(step, peer);
  const LogIndex previous = progress.next.previous();
  if (progress.replicating && log_.contains(previous) && progress.commit_told < std::min(commit_, previous))
    send_append(step, peer, {});
}

void Raft::send_append(Step& step, NodeId peer, std::span<const Entry> entries) {
  Progress& progress = progress_.at(peer);
  const LogIndex previous = progress.next.previous();
  const LogIndex agreed(previous.value() + entries.size());  // once this arrives
  send(
      step, peer, state_.term,
      AppendRequest{{previous, log_.term_at(previous)}, commit_, sent_to(progress.witness, entries), round_});
  progress.commit_told = std::min(commit_, agreed);
  progress.sent(entries.size());
}

void Raft::broadcast_due(Step& step) {
  for (const auto& [peer, progress] : progress_) send_due(step, peer);
}

// Each heartbeat asks about the place up to which everything was sent, so that a loss shows in the answer. No
// quorum waits for learners: one that has everything is asked now and then, so that hundreds may listen.
void Raft::broadcast_heartbeat(Step& step) {
  step.out.send.reserve(step.out.send.size() + progress_.size());
  const bool learners_too = beats_++ % kLearnerBeats == 0;
  const bool settled = log_.term_at(commit_) == state_.term;
  for (const auto& [peer, progress] : progress_) {
    const bool fed = progress.fed();
    const bool may_be_needed = progress.votes || may_campaign(peer);
    const bool rests = fed || (!may_be_needed && progress.match == last_index() &&
                               progress.silence.last_heard() > committed_at_);
    if (!learners_too && rests) continue;
    if (fed) ask_about_commits(peer);
    if (progress.transfer || !log_.contains(progress.next.previous()))
      repeat_snapshot(step, peer);
    else if (!settled && !fed && has_vote(ruling().shares, peer))
      send_again(step, peer);
    else
      send_append(step, peer, {});
  }
}

// Until something of its own term is committed a leader repeats entries that are not confirmed, so that a
// loss costs a heartbeat and not a round trip more.
void Raft::send_again(Step& step, NodeId peer) {
  Progress& progress = progress_.at(peer);
  const LogIndex agreed = progress.replicating ? progress.match : progress.next.previous();
  if (!log_.contains(agreed)) return send_append(step, peer, {});
  const auto entries =
      log_.after(agreed, options_.entries_per_message_max, options_.bytes_per_message_max / 16);
  send(step, peer, state_.term,
       AppendRequest{{agreed, log_.term_at(agreed)}, commit_, sent_to(progress.witness, entries), round_});
  progress.commit_told = std::min(commit_, LogIndex(agreed.value() + entries.size()));
}

// So that the next heartbeat shows whether it has what was committed by now.
void Raft::ask_about_commits(NodeId peer) {
  Progress& progress = progress_.at(peer);
  progress.asked_before = progress.asked;
  progress.asked = commit_;
  progress.probe_after(std::max(progress.match, commit_));
}

bool Raft::commit_by_quorum(Step& step) {
  const LogIndex index = holds(Rule::kBothHalvesCommit) ? counter_.index() : counter_.index_of_incoming();
  // Only entries of the own term are committed by counting; earlier ones follow from them (Raft §5.4.2).
  if (index <= commit_ || (log_.term_at(index) != state_.term && holds(Rule::kOwnTermBeforeCommit)))
    return false;
  commit_up_to(step, index);
  return true;
}

void Raft::commit_up_to(Step& step, LogIndex index) {
  if (index <= commit_) return;
  for (const Entry& entry : log_.between(commit_.next(), index)) {
    trace(step, TraceKind::kEntryCommitted, entry.index.value(), entry.term.value(), fingerprint(entry));
    if (role_ == Role::kLeader) uncommitted_bytes_ -= cost(entry);
    step.out.committed.push_back(entry);
    note_committed(step, entry);
  }
  commit_ = index;
  committed_at_ = step.now;
}

}  // namespace skywarden::consensus
