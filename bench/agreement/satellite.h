// One satellite as a machine with two Raft machines: of its cluster's group (tier C), always, and of the
// area's group (tier A), while it sits there or is about to. Pure: letters and time in, letters out; disks
// survive crash() and nothing else does.
//
// How the tiers speak. Whoever leads a cluster claims the cluster's seat in the area and asks there for what
// its group has raised, again and again until its own log holds the answer. Whoever sits in the area and
// misses area decisions in its cluster's log hands them to its cluster's leader, again and again until they
// are there; the leader writes them into that log, from where every member has them. A leader that does not
// hear of who sits for its cluster asks others in the area for what it missed. Nothing is acknowledged beyond
// that: what the two logs hold says what is left to do.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "agents/area_ledger.h"
#include "agents/cluster_ledger.h"
#include "agents/conflict.h"
#include "agreement/division.h"
#include "consensus/group_message.h"
#include "consensus/raft.h"

namespace skywarden::agreement {

struct Missed {  // by a leader that has not heard of who sits for its cluster: what came after this number?
  std::uint64_t known = 0;
};
struct Asked {  // of the area, by a cluster's leader
  std::variant<agents::AreaEntry, agents::ClaimMessage, Missed> what;
  bool forwarded = false;
};
struct Handed {  // by who sits in the area, to the leader of its cluster or to who has missed it
  NodeId area_leader;
  std::vector<agents::Decision> decisions;
};
struct Letter {
  NodeId from, to;
  std::variant<consensus::GroupMessage, std::vector<std::byte>, Asked, Handed> body;  // the area's as bytes
};

struct Step {  // what one call did
  struct Traced {
    GroupId group;
    TraceEvent event;
  };
  std::vector<Letter> letters;
  std::vector<Traced> trace;
  std::uint64_t area_epochs = 0;  // committed, seen by who led
};

class Satellite {
 public:
  Satellite(NodeId self, const Division& division, Random random);

  void start(Instant now);
  void crash();
  [[nodiscard]] bool up() const { return cluster_.raft.has_value(); }
  [[nodiscard]] Step receive(const Letter& letter, Instant now);
  [[nodiscard]] Step tick(Instant now);
  [[nodiscard]] Instant next_deadline() const;

  [[nodiscard]] bool leads(GroupId group) const;
  // kUnavailable and others as Raft::propose; expects that the machine is there.
  [[nodiscard]] Result<Step> propose(GroupId group, consensus::Payload payload, Instant now);
  [[nodiscard]] Step hand_over_cluster(Instant now);  // to whoever is caught up
  [[nodiscard]] Step relay(consensus::RelayDuty duty, Instant now);

  [[nodiscard]] GroupId group() const { return group_; }
  [[nodiscard]] const consensus::Raft* raft(GroupId group) const;  // nullptr: none is running
  [[nodiscard]] const agents::ClusterLedger& cluster_ledger() const { return cluster_ledger_; }
  [[nodiscard]] const agents::AreaLedger& area_ledger() const { return area_ledger_; }

 private:
  struct Machine {
    GroupId group;
    bool founder = false;
    consensus::Persisted disk;
    std::optional<consensus::Raft> raft;
    std::uint64_t starts = 0;
    std::optional<std::pair<LogIndex, consensus::Payload>> state;  // to compact with, a little later
    Term led;                                                      // the term in which it last began to lead
  };

  void start(Machine& machine, Instant now);
  void perform(Machine& machine, consensus::RaftEffects effects, Instant now, Step& step);
  void apply(Machine& machine, const consensus::Entry& entry);
  void restore(Machine& machine, const consensus::Payload& data);
  void compact(Machine& machine, Instant now);
  [[nodiscard]] consensus::Payload state_of(const Machine& machine) const;
  void attend(Instant now, Step& step);  // to what the tiers owe each other

  // As the leader of the cluster.
  void claim_seat(Instant now, Step& step);
  void ask_what_is_open(Instant now, Step& step);
  void write_down(const Handed& handed, Instant now, Step& step);
  void ask_what_was_missed(Instant now, Step& step);
  [[nodiscard]] NodeId holder() const;
  [[nodiscard]] bool heard_within(NodeId node, Duration span, Instant now) const;
  [[nodiscard]] NodeId holder_to_name(Instant now) const;
  [[nodiscard]] NodeId door(std::uint64_t attempt) const;  // who to ask
  void ask(Asked asked, std::uint64_t attempt, Instant now, Step& step);

  // In the area.
  void answer(NodeId from, const Asked& asked, Instant now, Step& step);
  void hand_down(Instant now, Step& step);
  void seat(Instant now, Step& step);
  void rule(Instant now, Step& step);
  void propose_once(const agents::AreaEntry& entry, Instant now, Step& step);
  void appoint(const agents::Seat& seat);

  NodeId self_;
  const Division& division_;
  Random random_;
  GroupId group_;
  Machine cluster_, area_;
  agents::ClusterLedger cluster_ledger_;
  agents::AreaLedger area_ledger_;
  consensus::RelayDuty duty_;

  Instant attend_at_ = Instant::max();
  std::map<NodeId, Instant> heard_;  // of the cluster's members, by its leader
  NodeId area_leader_;               // as last heard
  struct Repeat {
    Instant at;
    std::uint64_t attempt = 0;
  };
  std::map<agents::MatterId, Repeat> asked_;
  Repeat claimed_, missed_;
  std::uint64_t turn_ = 0;
  std::optional<agents::Seat> claim_;
  std::uint64_t written_ = 0;  // the highest decision that it proposed to its cluster in this term
  Instant handed_at_;
  std::optional<agents::Registry> registry_;   // of the area's members
  std::optional<agents::Arbiter> arbiter_;     // of the area's leader
  std::map<agents::MatterId, Term> proposed_;  // to the area, in that term
};

}  // namespace skywarden::agreement
