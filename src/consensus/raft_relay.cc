// Handing commits on. A leader that sends every entry to a thousand members does little else, and its word
// takes as long as the worst way. So any member may hand on what it knows to be committed, to those whom its
// duty names (relay_tree.h), with its own record of what each has and its own resending.
//
// Why this is safe. What is handed on is committed, so every later leader holds the same at that place; it is
// taken only as the continuation of what the receiver has committed itself, so the receiver's commits stay a
// prefix of the group's, without a hole. An entry that has to make room was not committed and never will be:
// another one is, at its place. That the receiver once acknowledged it counts for nothing any more, because
// what it counted towards can no longer reach a quorum. Nobody becomes a leader, gets a vote or has its
// patience renewed by what is handed on. Entries may be of a later term than the receiver's; then it learns
// of that term, as from any message of it, because a log must never be ahead of its node's term.
// raft_history.cc plays it amid every fault, with duties drawn at random.
//
// When a relay falls silent: its children's heartbeats show the leader that they lack what they should have,
// and it serves them itself until the duties change; a learner that hears neither leader nor relay asks a
// voter, each time another.
#include <algorithm>
#include <utility>

#include "consensus/raft.h"
#include "consensus/rule.h"

namespace skywarden::consensus {
namespace {

constexpr std::int64_t kPatienceBeats = 2;  // until a child that does not answer is asked again
constexpr std::int64_t kPatienceBeatsMax = 16;

}  // namespace

RaftEffects Raft::relay(RelayDuty duty, Instant now) {
  Step step = begin(now);
  duty.children.erase(self_);
  if (!may_hand_on()) duty.children.clear();
  duty_ = std::move(duty);
  std::erase_if(feeds_, [&](const auto& feed) { return !duty_.children.contains(feed.first); });
  for (auto& [peer, progress] : progress_) progress.relay_failed = false;
  note_fed();
  for (const NodeId child : duty_.children) {
    const auto [added, is_new] = feeds_.try_emplace(child);
    if (!is_new) continue;
    Feed& feed = added->second;
    feed.committed = std::min(commit_, duty_.since.value_or(commit_));
    feed.next = feed.committed.next();
    feed.patience = kPatienceBeats * options_.heartbeat;
    if (feed.next > commit_)
      ask_where(step, child, feed);
    else
      hand_on(step, child, feed, options_.inflight_max);
  }
  return end(std::move(step));
}

bool Raft::is_handing_on() const {
  return std::any_of(feeds_.begin(), feeds_.end(),
                     [&](const auto& feed) { return feed.second.committed < commit_; });
}

// Learners only: voters need entries before they are committed.
void Raft::note_fed() {
  for (auto& [peer, progress] : progress_) {
    progress.votes = has_vote(ruling().shares, peer);
    progress.handed_commits = !progress.votes && duty_.fed.contains(peer);
  }
}

// ---- who is handed commits

bool Raft::takes_relays() const {
  return role_ == Role::kFollower || role_ == Role::kLearner;
}

void Raft::learn_term(Step& step, Term term) {
  if (term > state_.term) become_follower(step, term, kNobody);
}

void Raft::answer_relay(Step& step, NodeId to, bool asks) {
  send(step, to, state_.term, RelayReply{commit_, asks, assembly_.last(), assembly_.received()});
}

void Raft::on(Step& step, const Message& message, const Relayed& relayed) {
  if (!takes_relays() || contradicts_commits(relayed.previous, relayed.entries)) return;
  relay_heard_ = step.now;
  const LogIndex continues = holds(Rule::kRelayContinuesCommits) ? commit_ : last_index();
  if (relayed.previous.index > continues) {
    answer_relay(step, message.from, true);
    return;
  }
  auto entries = std::span(relayed.entries);
  while (!entries.empty() && entries.front().index <= commit_) entries = entries.subspan(1);
  if (!entries.empty()) {
    learn_term(step, entries.back().term);
    append_foreign(step, entries);
    commit_up_to(step, entries.back().index);
    take_resting_role(step);
  }
  answer_relay(step, message.from, false);
}

// Two members may hand on different snapshots; one that moves is not given up for the other.
void Raft::on(Step& step, const Message& message, const RelayedChunk& piece) {
  if (!takes_relays()) return;
  relay_heard_ = step.now;
  const SnapshotChunk& chunk = piece.chunk;
  const bool another = assembly_.received() > 0 && assembly_.last() != chunk.last;
  const bool moves = step.now < assembly_moved_ + kPatienceBeats * options_.heartbeat;
  if (another && moves && assembling_from_ != message.from) return;
  if (chunk.last.index <= commit_) {
    answer_relay(step, message.from, false);
    return;
  }
  assembling_from_ = message.from;
  assembly_moved_ = step.now;
  assembly_.add(chunk.last, chunk.size, chunk.offset, chunk.bytes);
  if (assembly_.complete())
    if (auto snapshot = take_assembled()) {
      learn_term(step, snapshot->last.term);
      install(step, std::move(*snapshot));
      take_resting_role(step);
    }
  answer_relay(step, message.from, true);
}

// Neither the leader nor a relay was heard for long.
void Raft::ask_somebody(Step& step) {
  std::vector<NodeId> voters;
  for (const auto& [node, share] : shares())
    if (share > 0 && node != self_ && !configuration().witnesses.contains(node)) voters.push_back(node);
  if (voters.empty()) return;
  answer_relay(step, voters[random_.below(voters.size())], true);
  arm_election(step.now);
}

// ---- who hands them on

void Raft::on(Step& step, const Message& message, const RelayReply& reply) {
  if (!may_hand_on()) return;
  Feed stranger;
  stranger.next = reply.committed.next();
  const auto found = feeds_.find(message.from);
  Feed& feed = found == feeds_.end() ? stranger : found->second;
  if (found == feeds_.end() && !reply.asks) return;
  const bool served = reply.asks && reply.committed <= feed.served_after && step.now < feed.served_until;
  if (served && log_.contains(reply.committed)) return;
  feed.committed = reply.asks ? reply.committed : std::max(feed.committed, reply.committed);
  while (!feed.inflight.empty() && feed.inflight.front() <= feed.committed) feed.inflight.pop_front();
  if (reply.asks) {
    feed.inflight.clear();
    feed.served_after = feed.committed;
    feed.served_until = step.now + kPatienceBeats * options_.heartbeat;
  }
  if (reply.asks || feed.next <= feed.committed) feed.next = feed.committed.next();
  feed.patience = kPatienceBeats * options_.heartbeat;
  feed.again = feed.next == feed.committed.next() ? Instant::max() : step.now + feed.patience;
  if (feed.next > commit_) return;  // it knows as much
  if (!log_.contains(feed.next.previous())) {
    hand_on_snapshot(step, message.from, reply);
    feed.again = step.now + feed.patience;
  } else {
    hand_on(step, message.from, feed, found == feeds_.end() ? 1 : options_.inflight_max);
  }
}

void Raft::hand_on(Step& step) {
  handed_on_ = commit_;
  step.out.send.reserve(step.out.send.size() + feeds_.size());
  for (auto& [child, feed] : feeds_) hand_on(step, child, feed, options_.inflight_max);
}

void Raft::hand_on(Step& step, NodeId to, Feed& feed, std::size_t unanswered_max) {
  const LogIndex end = holds(Rule::kRelayOnlyCommitted) ? commit_ : last_index();
  while (feed.next <= end && feed.inflight.size() < unanswered_max) {
    const LogIndex previous = feed.next.previous();
    if (!log_.contains(previous)) {  // its answer begins the snapshot
      if (feed.again == Instant::max()) ask_where(step, to, feed);
      return;
    }
    auto entries = log_.after(previous, options_.entries_per_message_max, options_.bytes_per_message_max);
    entries = entries.first(std::min<std::uint64_t>(entries.size(), end.value() - previous.value()));
    send(step, to, state_.term,
         Relayed{{previous, log_.term_at(previous)},
                 sent_to(configuration().witnesses.contains(to), entries)});
    feed.next = entries.back().index.next();
    feed.inflight.push_back(feed.next.previous());
    feed.again = step.now + feed.patience;
  }
}

// One piece an answer: what is lost is asked about again.
void Raft::hand_on_snapshot(Step& step, NodeId to, const RelayReply& reply) {
  const LogPosition last = log_.base();
  const std::uint64_t offset = reply.last == last ? reply.received : 0;
  const auto& snapshot = snapshot_.sent_to(configuration().witnesses.contains(to));
  if (snapshot_.empty() || offset >= snapshot.size()) return;
  const auto rest = std::span(snapshot).subspan(offset);
  const auto piece = rest.first(std::min(options_.bytes_per_message_max, rest.size()));
  send(step, to, state_.term, RelayedChunk{{last, snapshot.size(), offset, {piece.begin(), piece.end()}}});
}

void Raft::ask_where(Step& step, NodeId child, Feed& feed) const {
  feed.again = step.now + feed.patience;
  send(step, child, state_.term, Relayed{{commit_, log_.term_at(commit_)}, {}});
}

void Raft::tick_feeds(Step& step) {
  for (auto& [child, feed] : feeds_) {
    if (step.now < feed.again) continue;
    feed.patience = std::min(2 * feed.patience, kPatienceBeatsMax * options_.heartbeat);
    feed.inflight.clear();
    ask_where(step, child, feed);
  }
}

Instant Raft::feeds_due() const {
  Instant due = Instant::max();
  for (const auto& [child, feed] : feeds_) due = std::min(due, feed.again);
  return due;
}

// ---- measuring

void Raft::on(Step& step, const Message& message, const Probe& probe) {
  send(step, message.from, state_.term, ProbeReply{probe.nonce});
}

}  // namespace skywarden::consensus
