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
// heartbeat and not an election; of several simultaneous pre-candidates the lesser one yields, once.
//
// What it does not do: change shares, compact the log, forward proposals, authenticate. Messages are input:
// stale, duplicated, reordered, malformed or impossible ones never break a contract and never undo a commit,
// but Raft is not Byzantine: a member that lies about its vote or its log can mislead the group. A member
// whose persisted state was lost must come back under a new NodeId.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
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
  NodeId self_;
  Shares shares_;
  RaftOptions options_;
  Random random_;

  HardState state_;
  Log log_;
  LogIndex commit_;
  Role role_ = Role::kFollower;
  NodeId leader_;
};

}  // namespace skywarden::consensus
