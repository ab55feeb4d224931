// Raft as a pure state machine (Ongaro and Ousterhout 2014; Ongaro's thesis for pre-vote, check-quorum and
// pipelining) in which votes carry integer shares. No clock, thread or I/O: time, messages and proposals come
// in, RaftEffects go out. The caller makes effects.persist durable BEFORE effects.send leaves the node and
// before effects.committed is applied; because of that the machine counts its own copy of an entry, and its
// own vote, at once.
//
// What it does beyond the basic protocol: a leader is protected from disruption (pre-vote, and votes are
// refused while a leader was heard within election_timeout_min); a leader that a quorum of shares has not
// answered for election_timeout_max steps down; conflicting logs are reconciled a term at a time; appends are
// batched and pipelined within a window; requests for votes are repeated while unanswered, so loss costs a
// heartbeat and not an election, but ever more seldom to whom nothing is heard of (at least every eighth
// heartbeat, and at once again when it is), so that an isolated member does not fill the links; of several
// simultaneous pre-candidates the lesser one yields, once; learners that have everything hear one heartbeat
// in eight.
//
// What it does not do: change shares, compact the log, forward proposals, authenticate. Messages are input:
// stale, duplicated, reordered, malformed or impossible ones never break a contract and never undo a commit,
// but Raft is not Byzantine: a member that lies about its vote or its log can mislead the group. A member
// whose persisted state was lost must come back under a new NodeId.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "consensus/log.h"
#include "consensus/message.h"
#include "consensus/persist.h"
#include "consensus/quorum.h"
#include "consensus/raft_options.h"
#include "consensus/raft_progress.h"

namespace skywarden::consensus {

struct RaftEffects {
  Persist persist;               // first: make durable
  std::vector<Message> send;     // then: hand to the network, which may do anything to them
  std::vector<Entry> committed;  // and apply in this order, no-ops (empty payload) included
  Trace trace;
};

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader, kLearner };

class Raft {
 public:
  // Expects valid shares that name `self`, and valid options. After a restart nothing is known to be
  // committed: a leader will say so again, and entries are then delivered again from index 1.
  Raft(NodeId self, Shares shares, Persisted persisted, RaftOptions options, Random random, Instant now);

  [[nodiscard]] RaftEffects tick(Instant now);  // does whatever is due; `now` never goes back
  [[nodiscard]] RaftEffects receive(const Message& message, Instant now);
  // kUnavailable: not the leader, or the window of uncommitted bytes is full. kOutOfRange: empty or too
  // large.
  [[nodiscard]] Result<RaftEffects> propose(Payload payload, Instant now);

  [[nodiscard]] Instant next_deadline() const;  // the earliest time at which tick() would do something
  [[nodiscard]] NodeId self() const { return self_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] Term term() const { return state_.term; }
  [[nodiscard]] NodeId leader() const { return leader_; }  // as far as known; kNobody
  [[nodiscard]] LogIndex commit_index() const { return commit_; }
  [[nodiscard]] LogIndex last_index() const { return log_.last_index(); }
  [[nodiscard]] const Log& log() const { return log_; }
  [[nodiscard]] const Shares& shares() const { return shares_; }
  // On the leader: who is known to hold the entry, itself included. Elsewhere empty.
  [[nodiscard]] std::vector<NodeId> holders(LogIndex index) const;

 private:
  struct Step {  // what one call has produced so far
    Instant now;
    HardState before;
    RaftEffects out;
  };

  [[nodiscard]] Step begin(Instant now);
  [[nodiscard]] RaftEffects end(Step step) const;

  // Elections.
  [[nodiscard]] Role resting_role() const;
  [[nodiscard]] bool hears_leader(Instant now) const;
  [[nodiscard]] bool yields_to(NodeId rival, LogPosition rival_last) const;
  void become_follower(Step& step, Term term, NodeId leader);
  void become_pre_candidate(Step& step);
  void become_candidate(Step& step);
  void become_leader(Step& step);
  void start_round(Step& step, Role role);
  void request_votes(Step& step);
  [[nodiscard]] bool asks_now(NodeId voter, Instant now);
  void record_vote(Step& step, NodeId voter, bool granted);
  void arm_election(Instant now);
  void arm_retry(Instant now);

  // Time.
  void tick_leader(Step& step);
  void tick_candidate(Step& step);
  [[nodiscard]] bool quorum_answers(Instant now) const;

  // Messages; the term has been settled, except for pre-votes, which settle no term.
  [[nodiscard]] bool settle_term(Step& step, const Message& message);
  void on(Step& step, const Message& message, const PreVoteRequest& request);
  void on(Step& step, const Message& message, const PreVoteReply& reply);
  void on(Step& step, const Message& message, const VoteRequest& request);
  void on(Step& step, const Message& message, const VoteReply& reply);
  void on(Step& step, const Message& message, const AppendRequest& request);
  void on(Step& step, const Message& message, const AppendReply& reply);

  // Replication.
  void append_own(Step& step, Payload payload);
  void append_foreign(Step& step, std::span<const Entry> entries);
  [[nodiscard]] bool contradicts_commits(const AppendRequest& request) const;
  void accepted(Step& step, NodeId peer, LogIndex index);
  void refused(Step& step, NodeId peer, const AppendReply& reply);
  void send_entries(Step& step, NodeId peer);
  void send_due(Step& step, NodeId peer);
  void send_append(Step& step, NodeId peer, std::span<const Entry> entries);
  void broadcast_due(Step& step);
  void broadcast_heartbeat(Step& step);
  void commit_by_quorum(Step& step);
  void commit_up_to(Step& step, LogIndex index);

  template <typename Body>
  void send(Step& step, NodeId to, Term term, Body body) const;
  void trace(Step& step, TraceKind kind, std::uint64_t first, std::uint64_t second = 0,
             std::uint64_t third = 0) const;

  NodeId self_;
  Shares shares_;
  RaftOptions options_;
  Random random_;

  HardState state_;
  Log log_;
  LogIndex commit_;
  Role role_ = Role::kFollower;
  NodeId leader_;
  Instant now_;  // the latest time seen

  Instant leader_heard_;       // meaningful while leader_ is somebody else
  Instant election_deadline_;  // learner: when a silent leader is forgotten
  Instant repeat_due_;         // candidates: ask those again who have not answered
  Votes votes_;                // candidates: this round's answers
  struct Asked {
    Instant again{};
    Duration gap{};
  };
  std::map<NodeId, Asked> asked_;  // without an answer, since a leader was last heard
  bool yielded_ = false;           // gave way to a rival since a leader was last heard

  Instant heartbeat_due_;                // leader
  std::map<NodeId, Progress> progress_;  // leader: every other member
  std::size_t uncommitted_bytes_ = 0;    // leader
  std::uint64_t beats_ = 0;              // leader: heartbeats of this term
  Instant committed_at_;                 // when commit_ moved last
};

}  // namespace skywarden::consensus
