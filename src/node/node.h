// One satellite (or ground gateway) as one deterministic machine: messages, observations, records and ticks
// in; sends, things to persist, ledger entries and a trace out. It has no clock, socket, disk or thread:
// `sim` drives a thousand of them in virtual time and `shell` drives one in real time with this very code.
//
// Contract with the driver: `effects.persist` is durable before anything in `effects.send` leaves and before
// `effects.alerts` is shown to anybody.
//
// Who belongs to the group and how much each counts is what the log says last (Raft::configuration); the node
// follows it. Now and then it saves its ledger and lets the log before that go; a node that missed the part
// that went is brought up to date by a snapshot, and then hands out the last message of each chain it did not
// know, not those between.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "base/result.h"
#include "base/time.h"
#include "base/trace.h"
#include "consensus/quorum.h"
#include "consensus/raft.h"
#include "datum/alert.h"
#include "datum/evidence.h"
#include "datum/finding.h"
#include "datum/hotspot.h"
#include "node/carriage.h"
#include "node/entered.h"
#include "node/ledger.h"
#include "node/messages.h"
#include "node/outbox.h"
#include "node/pipeline.h"
#include "node/relay_desk.h"
#include "node/share_desk.h"
#include "wildfire/alert.h"

namespace skywarden::node {

struct NodeOptions {
  std::string cluster;  // names the chain of entries (storage/entry_chain.h)
  consensus::RaftOptions raft;
  std::set<NodeId> ground;  // where people are warned; none named: everywhere
  PipelineOptions pipeline;
  // Less than half of the findings' shares may lie, so at least half of all must speak before anything is
  // told.
  wildfire::AlertOptions alert{.backing_min = Fraction(0.5)};
  OutboxOptions outbox;
  Duration merge_wait = std::chrono::seconds(2);      // the leader waits this long for other nodes' findings
  std::size_t events_max = 4096;                      // open events a node judges or a leader gathers
  Duration merge_gap = std::chrono::seconds(30);      // between two merges about a fire that was told
  Duration report_retry = std::chrono::seconds(1);    // until the leader confirms a finding
  Probability drift_told{0.02};                       // an aged finding that moved less is not told again
  Duration rejudge_every = std::chrono::minutes(10);  // open events age without news
  std::size_t journal_max = 50'000;                   // observations kept for a restart, newest first
  // Entries that follow the saved ledger take about so many bytes, up to twice as many, before the next one
  // is saved; at least as many as the saved ledger takes, so that saving costs no more than logging.
  std::size_t log_bytes = std::size_t{1} << 20;
  // So many voters beside the leader hand commits on to each listener that warns people and that the leader
  // does not reach soon; 0: it hears from the leader alone.
  std::size_t relay_feeds = 2;
  // A leader moves vote shares to where it measures that they serve; without, they stay as they are.
  std::optional<ShareDeskOptions> share_desk;
};

// What a restart begins with.
struct Stored {
  consensus::Persisted raft;
  std::vector<datum::Hotspot> observations;
};

struct NodePersist {  // to be made durable in this order
  std::vector<consensus::Persist> raft;
  std::vector<datum::Hotspot> observations;
  [[nodiscard]] bool empty() const { return raft.empty() && observations.empty(); }
};

struct Outgoing {
  NodeId to;
  std::vector<std::byte> bytes;
  Carriage carriage;  // when there is no path
};

struct Effects {
  NodePersist persist;
  std::vector<Outgoing> send;
  std::vector<datum::Alert> alerts;  // entered the ledger, in order
  std::vector<Entered> entered;      // every entry applied, those that told nothing too
  std::vector<consensus::ReadAnswer> reads;
  std::vector<datum::Finding> findings;  // this node's own, for people to follow
  // The snapshot in `persist` came from the leader, and this is the head of the chain of entries up to there.
  // A step has at most one snapshot, in the last of persist.raft.
  std::optional<storage::ChainHead> restored;
  Trace trace;
};

class Node {
 public:
  // `founding`: the vote shares the group begins with, learners included; empty for a node that joins later.
  // `forecast` as Raft's; it outlives the node.
  Node(NodeId self, const consensus::Shares& founding, const NodeOptions& options, Stored stored,
       Random random, Instant now, const datum::ArrivalForecast* forecast = nullptr);

  [[nodiscard]] Effects receive(NodeId from, std::span<const std::byte> bytes, Instant now);
  [[nodiscard]] Effects receive(NodeId from, Message message, Instant now);  // decoded already
  [[nodiscard]] Effects observe(std::span<const datum::Hotspot> hotspots, Instant now);
  // What this node lacked and another member had (catch_up.h): judged here, not brought on.
  [[nodiscard]] Effects catch_up(std::span<const datum::Hotspot> hotspots, Instant now);
  // The chance of fire before anybody looked, made where the weather records arrive and told to the others.
  [[nodiscard]] Effects announce(const datum::Prior& prior, Instant now);
  [[nodiscard]] Effects tick(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  // As Raft's, with its errors; and kUnavailable from a node that stopped. A read's answer comes in
  // effects.reads: once the ledger has applied so much, it says what was agreed when the read was asked.
  [[nodiscard]] Result<Effects> change_membership(const consensus::Membership& to, Instant now);
  [[nodiscard]] Result<Effects> read(consensus::ReadId id, Instant now);
  [[nodiscard]] Result<Effects> transfer_leadership(NodeId to, Instant now);

  [[nodiscard]] NodeId self() const { return self_; }
  [[nodiscard]] const consensus::Raft& raft() const { return raft_; }
  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  // Why vote shares are as this node, as the leader it is, asked for last; empty: it did not.
  [[nodiscard]] std::span<const consensus::ShareReason> share_reasons() const;
  // Why the node does nothing any more: a saved ledger it cannot read. It must come back under a new NodeId.
  // Empty: it works.
  [[nodiscard]] const std::string& stopped() const { return stopped_; }
  // This node's newest finding that rests on the observation, or nullptr.
  [[nodiscard]] const datum::Finding* finding_about(ObservationId observation) const;

 private:
  struct OwnReport {  // this node's newest finding about one event
    datum::Finding finding;
    Instant retry_at{};
    Duration pause{};
  };
  struct Gathering {  // leader: the newest findings, node by node, about what is one fire
    std::vector<datum::Finding> findings;  // one a node, by node
    Instant ready_at{};
    Instant merged_at{};               // the last time
    void put(datum::Finding finding);  // the newer of a node's findings stays
  };

  [[nodiscard]] Ledger saved_ledger(const Stored& stored);
  [[nodiscard]] Result<Effects> carry_out(Result<consensus::RaftEffects> raft_effects, Instant now);
  void absorb(consensus::RaftEffects raft_effects, Instant now, Effects& out);
  void restore(const consensus::Snapshot& snapshot, Instant now, Effects& out);
  void follow_configuration(Instant now, Effects& out);
  void keep_shares(Instant now, Effects& out);
  void keep_relays(Instant now, Effects& out);
  void save(Instant now, Effects& out);
  [[nodiscard]] datum::Alert with_shares(datum::Alert alert) const;
  void commit(const consensus::Entry& entry, Instant now, Effects& out);
  void take(std::span<const datum::Hotspot> hotspots, Instant now, Effects& out);
  void detect(std::span<const datum::Hotspot> news, Instant now, Effects& out);
  void judge(std::span<const EventId> events, Instant now, Effects& out);
  void judge_open(Instant now, Effects& out);
  void conclude(datum::Finding finding, Instant now, Effects& out);
  void hear(const datum::Prior& prior, Instant now, Effects& out);
  // Ends every step: follows a change of leader, reports findings, proposes what is ready.
  void settle(Instant now, Effects& out);
  void follow_leader(Instant now);
  void report_anew(Instant now);
  void report(Instant now, Effects& out);
  void gather(datum::Finding finding, Instant now);
  void rehome(EventId from, EventId to, Instant now);
  void propose_ready(Instant now, Effects& out);
  [[nodiscard]] bool may_propose() const;
  void send(NodeId to, const Message& message, Effects& out) const;
  void trace(Effects& out, Instant now, TraceKind kind, std::uint64_t first, std::uint64_t second,
             std::uint64_t third) const;

  void on(NodeId from, const consensus::Message& message, Instant now, Effects& out);
  void on(NodeId from, const ObservationBatch& message, Instant now, Effects& out);
  void on(NodeId from, const BatchReceived& message, Instant now, Effects& out);
  void on(NodeId from, Report& message, Instant now, Effects& out);  // takes the finding
  void on(NodeId from, const ReportConfirmed& message, Instant now, Effects& out);
  void on(NodeId from, const Bulletin& message, Instant now, Effects& out);

  NodeId self_;
  NodeOptions options_;
  std::string stopped_;
  Ledger ledger_;  // before raft_, which takes over what is stored
  consensus::Raft raft_;
  const datum::ArrivalForecast* forecast_;
  Random random_;
  Pipeline pipeline_;
  Outbox outbox_;
  RelayDesk relay_desk_;
  std::set<ObservationId> known_;
  std::vector<datum::Hotspot> unjudged_;  // while it has no share
  std::map<EventId, OwnReport> reports_;
  std::set<EventId> unreported_;  // of those, what the leader has not confirmed
  Instant reports_due_{};         // no report before
  bool judges_ = false;           // has a share
  Instant rejudge_at_{};
  NodeId leader_;  // whom the reports went to
  Term leader_term_;

  // The ledger as it was some entries ago; the log may go up to there when the next one is saved, so that
  // who is a little behind still finds entries.
  std::optional<std::pair<LogIndex, consensus::Payload>> saved_;
  std::size_t applied_bytes_ = 0;  // since then
  std::optional<consensus::Configuration> followed_;
  JoinedMembers joined_;

  // Leader only, void when leadership ends.
  std::map<EventId, Gathering> gatherings_;
  std::unordered_map<ObservationId, EventId> gathering_of_;
  std::set<EventId> pending_;    // gatherings with news
  Instant proposals_due_{};      // none ready before
  std::set<EventId> in_flight_;  // proposed and not yet applied
  std::optional<ShareDesk> share_desk_;
  bool own_term_committed_ = false;  // all entries of earlier leaders are applied
};

}  // namespace skywarden::node
