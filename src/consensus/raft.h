// Raft as a pure state machine (Ongaro and Ousterhout 2014; Ongaro's thesis for pre-vote, check-quorum,
// pipelining and changes of membership) in which votes carry integer shares. No clock, thread or I/O: time,
// messages and proposals come in, RaftEffects go out. The caller makes effects.persist durable BEFORE
// effects.send leaves the node and before effects.committed is applied; because of that the machine counts
// its own copy of an entry, and its own vote, at once.
//
// Storage::kMeanwhile (thesis §10.2.1) lets a leader's appends travel while its disk is at work. The caller
// writes in the order of steps, sends effects.send_ahead and applies effects.committed at once, keeps
// effects.send until effects.write is durable, and tells persisted(). Invariants:
//   - What gives a vote, acknowledges an entry or speaks of a term for the first time is in `send`: it is
//     true of the disk when it leaves. Ahead go only a leader's appends, heartbeats, commits and snapshots,
//     what is committed and handed on, and probes; a loss of them is a lost message and no broken promise.
//   - A leader counts its own copy of an entry, and a candidate its own vote, from persisted() on. So whoever
//     leads has its term and vote on its disk: no other life of it fills the same term with other entries.
//   - What is committed is on the disks of a quorum, be the leader's own among them or not.
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
// Shares and members change through the log (thesis §4, with shares for heads). Invariants:
//   - What rules is the latest configuration entry in the log, committed or not; a log that is cut falls back
//     to what ruled before. Commits, elections and check-quorum all use it.
//   - Consecutive epochs have no two quorums that miss each other: a switch is direct only where
//     direct_switch_allowed says so, else through a joint epoch in which both halves must agree. The leader
//     leaves a joint epoch by itself as soon as it is committed.
//   - One change at a time: a leader begins one only when the last is committed and an entry of its own term
//     is, so that no two epochs it does not know of can still be decided by.
//   - A leader without shares in the latest epoch leads until that is committed, counts itself for nothing
//     and steps down. Who loses its shares still campaigns while its log alone may know of it (§4.2.2).
//   - Messages from nodes that the own log does not name are heard: the log may be behind. Pre-vote and the
//     protection of a leader that is heard keep removed nodes from disturbing (§4.2.3).
//
// What it does not do: forward proposals, authenticate. Messages are input: stale, duplicated, reordered,
// malformed or impossible ones never break a contract and never undo a commit, but Raft is not Byzantine: a
// member that lies about its vote or its log can mislead the group. A member whose persisted state was lost
// must come back under a new NodeId.
//
// The log may be compacted behind a snapshot, never beyond what is committed; a follower that lacks what is
// gone gets the snapshot in chunks and nothing of it counts before all of it is durable.
//
// Learners may be many: members hand commits on to each other as the caller's duties say, and the leader then
// leaves those learners to them, see raft_relay.cc.
//
// The code is in files by what moves: raft.cc (time and entry points), raft_election.cc, raft_replication.cc,
// raft_configuration.cc, raft_snapshot.cc, raft_read.cc (reads, leases, handing over), raft_relay.cc,
// raft_witness.cc (voters that keep no payloads).
//
// A lease (off by default) lets a leader answer reads without a round trip. It rests on this: who heard the
// leader votes for nobody within election_timeout_min of its own clock, whatever terms it learns of meanwhile
// and even if it restarts; clocks drift by a bounded rate; and a leader that once asked somebody to take over
// has no lease for the rest of its term.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "consensus/commit_counter.h"
#include "consensus/configuration.h"
#include "consensus/disk_progress.h"
#include "consensus/log.h"
#include "consensus/message.h"
#include "consensus/persist.h"
#include "consensus/quorum.h"
#include "consensus/raft_options.h"
#include "consensus/raft_progress.h"
#include "consensus/silence.h"
#include "consensus/snapshot.h"
#include "consensus/withheld.h"
#include "datum/contact_forecast.h"

namespace skywarden::consensus {

struct EpochNews {
  enum class What {
    kRules,       // its entry is in the log
    kRolledBack,  // the log was cut: `configuration`, an earlier one, rules again
    kCommitted,   // for ever, and every later leader knows it
  };
  What what;
  LogIndex index;  // of the entry of `configuration`; 0: what the group was founded with
  Configuration configuration;
};

using ReadId = Identity<struct ReadIdTag, std::uint64_t>;  // the caller's own

struct ReadAnswer {
  ReadId id;
  // Read once everything up to here is applied, and the answer is as if given at a moment after it was asked.
  // Nothing: no longer the leader, ask another.
  std::optional<LogIndex> index;
};

struct RaftEffects {
  Persist persist;                   // first: make durable
  Write write;                       // this one, or if it is empty the last that was not
  std::vector<Message> send_ahead;   // at once. Storage::kAwaited: none
  std::vector<Message> send;         // once `write` is durable: the network may do anything to them
  std::optional<Snapshot> restored;  // begin again from this state, which replaces what was applied
  std::vector<Entry> committed;      // and apply in this order, no-ops and configuration entries included
  std::vector<EpochNews> epochs;
  std::vector<ReadAnswer> reads;
  Trace trace;
};

// Who hands commits on to whom, as far as one member need know; relay_tree.h finds good ones. Nothing of it
// is agreed on: whatever anybody believes, only time is lost.
struct RelayDuty {
  std::set<NodeId> children;  // this member hands commits on to them
  std::set<NodeId> fed;       // these are handed commits by somebody, so a leader sends them only heartbeats
  // A child that is new is taken to have what was committed up to here, and is sent what follows at once;
  // nothing: to have all, and it is asked. It asks when it lacks more.
  std::optional<LogIndex> since{};
  friend bool operator==(const RelayDuty&, const RelayDuty&) = default;
};

enum class Role { kFollower, kPreCandidate, kCandidate, kLeader, kLearner };

class Raft {
 public:
  // `founding`: the shares a group begins with, the same for all its first members, valid; they rule until
  // the log says otherwise. Empty for a node that joins later and learns everything from the leader. After a
  // restart nothing is known to be committed: a leader will say so again, and entries are then delivered
  // again from index 1.
  // `forecast`, if there is one, outlives this and is asked when somebody is silent: a leader that could not
  // be heard yet is not missed unless an election would be over before, an answer that could not be there yet
  // is not waited for in vain, and a leader that is about to lose sight of a quorum hands over to a member
  // that is not. It never decides who wins an election or what is committed.
  // `storage`: what the caller promises; one that promises nothing keeps to the first.
  Raft(NodeId self, Shares founding, Persisted persisted, RaftOptions options, Random random, Instant now,
       const datum::ArrivalForecast* forecast = nullptr, Storage storage = Storage::kAwaited);

  [[nodiscard]] RaftEffects tick(Instant now);  // does whatever is due; `now` never goes back
  [[nodiscard]] RaftEffects receive(const Message& message, Instant now);
  // kUnavailable: not the leader, or the window of uncommitted bytes is full. kOutOfRange: empty or too
  // large.
  [[nodiscard]] Result<RaftEffects> propose(Payload payload, Instant now);
  // Several at once, in this order, all of them or none: they travel and become durable together.
  [[nodiscard]] Result<RaftEffects> propose_all(std::vector<Payload> payloads, Instant now);
  // Begins the change to other shares, members, domains or f. Let joining nodes catch up as learners first
  // (see lag), or commits wait for them. kUnavailable: not the leader, nothing of the own term committed yet,
  // or the last change is not finished; try again. kConflict: a cap is broken, or nothing would change.
  // kOutOfRange, kLimitReached: shares that cannot decide. Also kConflict: a member would stay and be a
  // witness no more, or become one.
  [[nodiscard]] Result<RaftEffects> change_membership(const Membership& to, Instant now);
  // A linearizable read without an entry (thesis §6.4): the answer comes in effects.reads, at once under a
  // lease, else after a round trip to a quorum. kUnavailable: not the leader, or nothing of the own term
  // committed yet, or too many reads wait.
  [[nodiscard]] Result<RaftEffects> read(ReadId id, Instant now);
  // Hands over to `to`, or for kNobody to whoever is caught up and has the largest share (thesis §3.10).
  // Until then, for at most election_timeout_min, proposals are refused. kUnavailable: not the leader, or
  // nobody to hand over to; kOutOfRange: `to` has no vote, or is a witness.
  [[nodiscard]] Result<RaftEffects> transfer_leadership(NodeId to, Instant now);
  // The caller's state after `upto` is `data`: what the log holds up to there may go. Followers that lack it
  // get the snapshot instead. A witness has no state and keeps none of `data`. kOutOfRange: not committed, or
  // compacted already; kLimitReached: too large; kUnavailable: a node that was founded with nothing has yet
  // to see the first epoch.
  [[nodiscard]] Result<RaftEffects> compact(LogIndex upto, Payload data, Instant now);

  // Storage::kMeanwhile: this write and all before it are durable. Expects that it was begun.
  [[nodiscard]] RaftEffects persisted(Write upto, Instant now);

  // Takes other duties; both sets may name anybody. Not durable: after a restart there are none.
  [[nodiscard]] RaftEffects relay(RelayDuty duty, Instant now);
  [[nodiscard]] bool is_handing_on() const;  // some child is not known to have what is committed

  [[nodiscard]] Instant next_deadline() const;  // the earliest time at which tick() would do something
  [[nodiscard]] NodeId self() const { return self_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] Term term() const { return state_.term; }
  [[nodiscard]] NodeId leader() const { return leader_; }  // as far as known; kNobody
  [[nodiscard]] LogIndex commit_index() const { return commit_; }
  [[nodiscard]] LogIndex last_index() const { return log_.last_index(); }
  [[nodiscard]] const Log& log() const { return log_; }
  // The epoch that rules here, committed or not. shares() is its incoming half: who is in `outgoing` alone is
  // on its way out.
  [[nodiscard]] const Configuration& configuration() const { return configurations_.latest(); }
  [[nodiscard]] bool configuration_committed() const { return configurations_.latest_index() <= commit_; }
  [[nodiscard]] const Shares& shares() const { return configuration().shares.incoming; }
  // What it is told to apply is whole. False: it is a witness, or holds what a witness is sent (withheld.h),
  // and never leads.
  [[nodiscard]] bool keeps_payloads() const;
  // On the leader: on whose disk the entry is known to be, its own included. Elsewhere empty.
  [[nodiscard]] std::vector<NodeId> holders(LogIndex index) const;
  // On the leader: how many entries that other member is not known to hold. Elsewhere, and of strangers:
  // nothing.
  [[nodiscard]] std::optional<std::uint64_t> lag(NodeId member) const;

 private:
  struct Step {  // what one call has produced so far
    Instant now;
    HardState before;
    RaftEffects out;
  };

  [[nodiscard]] Step begin(Instant now);
  [[nodiscard]] RaftEffects end(Step step);

  // Elections.
  [[nodiscard]] Role resting_role() const;
  [[nodiscard]] bool hears_leader(Instant now) const;
  [[nodiscard]] Duration patience_with(const Silence& silence, Duration timeout) const;
  [[nodiscard]] Duration patience_min() const;
  [[nodiscard]] Duration doubt() const;
  [[nodiscard]] Duration patience();
  [[nodiscard]] Duration round_length();
  [[nodiscard]] std::optional<Instant> leader_due(Instant now) const;
  [[nodiscard]] std::optional<Instant> answer_of(NodeId node, NodeId origin, Instant asked) const;
  [[nodiscard]] std::optional<Instant> quorum_answer(NodeId origin, Instant asked) const;
  [[nodiscard]] bool is_complete_enough(LogPosition candidate_last) const;
  void become_follower(Step& step, Term term, NodeId leader);
  void become_pre_candidate(Step& step);
  void become_candidate(Step& step, bool leader_agrees);
  void become_leader(Step& step);
  void start_round(Step& step, Role role);
  void request_votes(Step& step);
  void sound(Step& step);
  void stop_sounding();
  void stand_soon(Step& step);
  [[nodiscard]] Instant follower_deadline() const;
  struct Claim {  // to be elected
    NodeId candidate;
    LogPosition last;
  };
  [[nodiscard]] bool outranks(const Claim& a, const Claim& b) const;
  [[nodiscard]] bool answer_pre_vote(Step& step, const Claim& claim);
  [[nodiscard]] VoteResult result_of(const Votes& votes) const;
  void record_grant(Step& step, NodeId voter, bool granted);
  [[nodiscard]] bool asks_now(NodeId voter, Instant now);
  void heard_of(NodeId node, Instant now);
  void record_vote(Step& step, NodeId voter, bool granted);
  void arm_election(Instant now);
  [[nodiscard]] bool measures_leader() const;
  void wait_for_leader(Instant due, Instant now);
  void arm_retry(Instant now);

  // Time.
  void tick_leader(Step& step);
  void tick_candidate(Step& step);
  void tick_follower(Step& step);
  void tick_lonely(Step& step);
  [[nodiscard]] bool quorum_answers(Instant now);
  [[nodiscard]] Instant answers_until(NodeId peer, Progress& progress, Instant now) const;

  // Messages; the term has been settled, except for pre-votes, which settle no term.
  [[nodiscard]] bool settle_term(Step& step, const Message& message);
  void on(Step& step, const Message& message, const PreVoteRequest& request);
  void on(Step& step, const Message& message, const PreVoteReply& reply);
  void on(Step& step, const Message& message, const VoteRequest& request);
  void on(Step& step, const Message& message, const VoteReply& reply);
  void on(Step& step, const Message& message, const AppendRequest& request);
  void on(Step& step, const Message& message, const AppendReply& reply);
  void on(Step& step, const Message& message, const SnapshotChunk& chunk);
  void on(Step& step, const Message& message, const SnapshotReply& reply);

  // Replication.
  void begin_replication();
  void append_own(Step& step, Payload payload, EntryKind kind);
  void acknowledge_own();
  void append_foreign(Step& step, std::span<const Entry> entries);
  [[nodiscard]] bool follow(Step& step, NodeId leader);
  [[nodiscard]] bool contradicts_commits(LogPosition previous, std::span<const Entry> entries) const;
  void accepted(Step& step, NodeId peer, LogIndex index);
  void refused(Step& step, NodeId peer, const AppendReply& reply);
  void send_entries(Step& step, NodeId peer);
  void send_due(Step& step, NodeId peer);
  void send_append(Step& step, NodeId peer, std::span<const Entry> entries);
  void replicate(Step& step);  // after something was appended
  void broadcast_due(Step& step);
  void broadcast_heartbeat(Step& step);
  void send_again(Step& step, NodeId peer);
  void ask_about_commits(NodeId peer);
  [[nodiscard]] bool commit_by_quorum(Step& step);  // true: something was committed
  void commit_up_to(Step& step, LogIndex index);

  // Reads and hand-over.
  void answer_reads(Step& step);
  void refuse_reads(Step& step);
  void begin_round(Step& step);
  [[nodiscard]] bool may_ask(const Progress& progress) const;
  void round_answered(Step& step, NodeId peer, std::uint64_t round);
  [[nodiscard]] bool has_lease(Instant now) const;
  [[nodiscard]] NodeId successor() const;
  void look_ahead(Step& step);
  void hand_over(Step& step);
  [[nodiscard]] bool is_sent_everything(const Progress& progress) const;
  void take_over(Step& step);
  void on(Step& step, const Message& message, const TimeoutNow& now);

  // Snapshots.
  void install(Step& step, Snapshot snapshot);
  void send_snapshot(Step& step, NodeId peer);
  void repeat_snapshot(Step& step, NodeId peer);

  // Handing commits on.
  void on(Step& step, const Message& message, const Relayed& relayed);
  void on(Step& step, const Message& message, const RelayedChunk& piece);
  void on(Step& step, const Message& message, const RelayReply& reply);
  void on(Step& step, const Message& message, const Probe& probe);
  void on(Step&, const Message&, const ProbeReply&) {}  // for whoever measures
  [[nodiscard]] bool takes_relays() const;
  void learn_term(Step& step, Term term);
  void answer_relay(Step& step, NodeId to, bool asks);
  void hand_on(Step& step);
  void hand_on(Step& step, NodeId to, Feed& feed, std::size_t unanswered_max);
  void hand_on_snapshot(Step& step, NodeId to, const RelayReply& reply);
  void ask_where(Step& step, NodeId child, Feed& feed) const;
  void tick_feeds(Step& step);
  void ask_somebody(Step& step);
  [[nodiscard]] Instant feeds_due() const;
  void note_fed();

  // Epochs.
  [[nodiscard]] const Configuration& ruling() const;
  [[nodiscard]] bool votes() const;
  void note_own_part();
  [[nodiscard]] bool may_campaign(NodeId node) const;
  void read_configurations();
  void append_configuration(Step& step, const Configuration& next);
  void note_appended(Step& step, const Entry& entry);
  void roll_back(Step& step, LogIndex index);
  void note_committed(Step& step, const Entry& entry);
  void follow_members();
  void recount();

  // Witnesses.
  [[nodiscard]] bool may_lead() const;
  [[nodiscard]] bool may_hand_on() const;
  [[nodiscard]] bool is_full_member() const;
  [[nodiscard]] bool is_withheld_from(const Message& message) const;
  [[nodiscard]] std::optional<Snapshot> take_assembled();
  [[nodiscard]] static std::vector<Entry> sent_to(bool witness, std::span<const Entry> entries);
  [[nodiscard]] bool lacks_data_at(LogIndex index) const;
  void note_lacking(const Entry& entry);
  void note_cut(LogIndex from);
  void note_lacking_anew(bool in_snapshot);
  void stop_handing_on();

  void after_commit(Step& step);
  void take_resting_role(Step& step);

  void send(Step& step, NodeId to, Term term, MessageBody body) const;
  void trace(Step& step, TraceKind kind, std::uint64_t first, std::uint64_t second = 0,
             std::uint64_t third = 0) const;

  NodeId self_;
  RaftOptions options_;
  Random random_;
  const datum::ArrivalForecast* forecast_;

  HardState state_;
  Log log_;
  DiskProgress disk_;
  ConfigurationHistory configurations_;
  struct OwnPart {
    bool votes = false, voted_before = false;  // in the latest epoch, and in the one before
    bool witness = false;                      // in the latest epoch
  };
  OwnPart own_part_;  // what configurations_ says, see votes()
  struct Lacking {    // payloads
    bool in_snapshot = false;
    std::optional<LogIndex> first;  // withheld entry in the log
  };
  Lacking lacking_;
  LogIndex commit_;
  EncodedSnapshot snapshot_;   // ends at the log's base; empty while that is 0
  SnapshotAssembly assembly_;  // follower: what has arrived of a later one
  Role role_ = Role::kFollower;
  NodeId leader_;
  Instant now_;  // the latest time seen

  LogIndex commit_heard_;      // from this term's leader; it may overtake the entries it speaks of
  Instant leader_heard_;       // of whatever term; it protects a lease that may rest on it
  Silence silence_;            // of the present leader, or of the last one
  Instant election_deadline_;  // learner: when a silent leader is forgotten
  Instant repeat_due_;         // candidates: ask those again who have not answered
  Instant round_began_;        // candidates
  Duration round_trip_{};      // the longest from asking for a vote to the answer; half with each new leader
  Votes votes_;                // of this term, for us
  struct Asked {
    Instant first{}, again{};
    Duration gap{};
  };
  std::map<NodeId, Asked> asked_;        // for a vote and not heard of since, since a leader was
  bool sounding_ = false;                // asks for pre-votes, as a follower or as a pre-candidate
  Instant sound_due_;                    // follower: ask for them
  Instant lonely_due_ = Instant::max();  // follower: its own patience ends, and somebody waits for that
  Votes grants_;                         // pre-votes for the next term
  LogPosition votes_for_;                // the log that votes_ were asked with
  std::optional<Claim> waiting_;         // the best who asked while a leader was heard, for waiting_term_
  Term waiting_term_;
  std::optional<Claim> favoured_;  // the best who was granted a pre-vote
  Instant favoured_until_;
  bool leader_agrees_ = false;  // candidate: the leader handed over
  bool needed_ = false;         // somebody without this log wanted to lead since a leader was last heard
  bool yielded_ = false;        // gave way to a rival since a leader was last heard

  Instant heartbeat_due_, outlook_due_;  // leader
  std::map<NodeId, Progress> progress_;  // leader: every other member, and who leaves until that is committed
  JointCommitCounter counter_;           // leader: what the ruling shares have acknowledged
  bool epoch_unsettled_ = false;         // leader: when the epoch is committed there is something to do
  std::size_t uncommitted_bytes_ = 0;    // leader
  std::uint64_t beats_ = 0;              // leader: heartbeats of this term
  Instant committed_at_;                 // when commit_ moved last

  RelayDuty duty_;
  std::map<NodeId, Feed> feeds_;  // one a child
  LogIndex handed_on_;            // commits up to here were offered to every child
  Instant relay_heard_ = Instant::min();
  NodeId assembling_from_;  // who hands the snapshot on that is being received
  Instant assembly_moved_ = Instant::min();

  struct PendingRead {
    ReadId id;
    LogIndex index;
    std::uint64_t round;  // a quorum must answer this one or a later one
  };
  struct HandOver {
    NodeId to;
    Instant until;
  };
  std::uint64_t round_ = 0;                               // leader: the latest begun
  std::deque<std::pair<std::uint64_t, Instant>> rounds_;  // leader with a lease: begun when, not yet answered
  std::deque<PendingRead> reads_;                         // leader
  Instant lease_until_;                                   // leader
  bool lease_given_up_ = false;           // leader: TimeoutNow was sent, and may arrive at any time
  std::optional<HandOver> hand_over_;     // leader
  std::optional<LogIndex> take_over_at_;  // follower: stand for election once the log reaches so far
  Instant take_over_until_;
};

}  // namespace skywarden::consensus
