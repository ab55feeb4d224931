// Who works in the constellation, as agreed: a state machine made from committed entries only, in their
// order, so every replica that has applied the same entries holds the same registry, byte for byte. Time
// comes from the entries.
//
// A lease counts from when the agent itself spoke, never from when somebody tells of it: what a dead
// satellite said last, carried late or told twice, keeps it no longer. Who is lost must register anew.
//
// Claims never raise a rating; results by others do. A hull keeps its ratings, its bars and its retirement
// under every name, and a hull that nobody has seen ranks last: so a new name gains nothing.
//
// Areas stand above everybody, a cluster above the satellites of its group. Only a superior registers a
// newcomer, suspends and resumes; only an area appoints the leader of a cluster.
//
// It believes what is committed. Raft is not Byzantine: a leader that lies about what it heard is out of
// scope, and so are several agents that rate each other well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "agents/agent.h"
#include "agents/agent_event.h"
#include "base/result.h"

namespace skywarden::agents {

inline constexpr std::size_t kAgentsMax = 4096;  // the retired stay, so that they do not come back
inline constexpr std::size_t kRegistryBytesMax = kAgentsMax * 512;

struct RegistryOptions {  // the same on every replica
  // An entry carries time forward by so much at most: one wrong clock cannot end all leases for ever.
  Duration advance_max = std::chrono::hours(6);
  Duration rating_half_life = std::chrono::hours(24 * 30);
};
[[nodiscard]] Result<void> validate(const RegistryOptions& options);  // both > 0, half-life >= 1 s

struct Change {
  NodeId agent;
  AgentState from, to;
  friend bool operator==(const Change&, const Change&) = default;
};
struct Applied {
  std::vector<Change> changes;  // in order; those that lost their leases first, by name
  std::optional<Error>
      refused;  // why the event did not enter; time has passed all the same unless it is kMalformed
};

class Registry {
 public:
  explicit Registry(RegistryOptions options = {});  // expects validate()

  // A committed entry's payload. Bytes that are no agent event are refused as kMalformed and change nothing,
  // so entries of other kinds may pass by.
  Applied apply(std::span<const std::byte> entry);
  Applied apply(const AgentEvent& event);  // expects validate()

  // Deterministic CBOR: [version, time, registrations, fingerprint, [group, term, ...], [agent...]]. What
  // restore accepts, save gives back.
  [[nodiscard]] std::vector<std::byte> save() const;
  [[nodiscard]] static Result<Registry> restore(std::span<const std::byte> bytes,
                                                RegistryOptions options = {});

  [[nodiscard]] Instant now() const { return now_; }  // of the latest entry; before the first: Instant::min()
  [[nodiscard]] const std::map<NodeId, Agent>& agents() const { return agents_; }
  [[nodiscard]] const Agent* find(NodeId agent) const;  // nullptr: unknown
  [[nodiscard]] std::optional<NodeId> cluster_of(GroupId group) const;
  // Per mille of what it claims that it surely delivers, as of now(); 0 for who is unknown or does not offer
  // it.
  [[nodiscard]] std::uint32_t rating(NodeId agent, Ability ability) const;
  [[nodiscard]] bool is_superior(NodeId by, NodeId agent) const;
  // Of every event that entered; equal on replicas that applied the same.
  [[nodiscard]] std::uint64_t fingerprint() const { return fingerprint_; }
  [[nodiscard]] const RegistryOptions& options() const { return options_; }

 private:
  using Outcome = Result<void>;
  Outcome enter(const TimePassed&, const AgentEvent&, Applied&) { return {}; }
  Outcome enter(const Registered& what, const AgentEvent& event, Applied& applied);
  Outcome enter(const Renewed& what, const AgentEvent& event, Applied& applied);
  Outcome enter(const Moved& what, const AgentEvent& event, Applied& applied);
  Outcome enter(const Appointed& what, const AgentEvent& event, Applied& applied);
  Outcome enter(const Measured& what, const AgentEvent& event, Applied& applied);
  void pass_time(Instant at, Applied& applied);
  void move(NodeId name, Agent& agent, AgentState to, Applied& applied);
  [[nodiscard]] bool is_present(NodeId agent) const;
  [[nodiscard]] Outcome may_register(const Registered& what, NodeId by, const Agent* before) const;

  RegistryOptions options_;
  Instant now_ = Instant::min();
  std::uint64_t registrations_ = 0, fingerprint_ = 0;
  std::map<GroupId, Term> terms_;  // of the latest appointment
  std::map<NodeId, Agent> agents_;
  std::map<Hull, NodeId> names_;  // of the hulls, from agents_
};

}  // namespace skywarden::agents
