// Two groups want the same thing: a cell to watch, a pass of a ground station. They do not bargain over links
// that lose messages; an area agent that is no party rules once, by games::award_claim on what its own
// registry says of the agents named. Claimants repeat their claims until they hear the ruling. Without one by
// `decide_by` each goes on alone, which costs a view too many and never one too few.
//
// Pure machines: time, messages and the registry in, messages out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "agents/registry.h"
#include "games/arbitration.h"

namespace skywarden::agents {

using MatterId = Identity<struct MatterIdTag, std::uint64_t>;  // what is in dispute
inline constexpr std::uint64_t kWorthMax = std::uint64_t{1} << 40;

struct ClaimMessage {  // a claimant to the arbiter, and back with `ruling`
  MatterId matter;
  NodeId from, to;
  NodeId doer;              // the agent of its group that would do it
  std::uint64_t worth = 0;  // at full ability, from public facts; up to kWorthMax
  NodeId ruling;            // of an answer: to whom it belongs; else nobody
  friend bool operator==(const ClaimMessage&, const ClaimMessage&) = default;
};

// The area agent, of those present, that parties turn to: the lowest that is no party itself.
[[nodiscard]] std::optional<NodeId> arbiter_of(const Registry& registry, const std::vector<NodeId>& parties);

class Arbiter {
 public:
  // `hear_for`: how long others may still claim after the first; > 0.
  Arbiter(NodeId self, Ability ability, Duration hear_for);

  // A claim counts when its sender leads the group of a doer that is present. One of each sender, the first,
  // from when it was heard; after the ruling all are told that.
  [[nodiscard]] std::vector<ClaimMessage> receive(const ClaimMessage& claim, const Registry& registry,
                                                  Instant now);
  [[nodiscard]] std::vector<ClaimMessage> tick(Instant now);  // rules where the time has come
  [[nodiscard]] std::optional<NodeId> ruling(MatterId matter) const;

 private:
  struct Matter {
    Instant rule_at;
    std::map<NodeId, games::Claim> claims;
    std::optional<NodeId> ruling;
  };
  [[nodiscard]] ClaimMessage answer(MatterId matter, NodeId to, NodeId ruling) const;

  NodeId self_;
  Ability ability_;
  Duration hear_for_;
  std::map<MatterId, Matter> matters_;
};

enum class ClaimEnd { kOpen, kOurs, kTheirs, kUnheard };

class Claimant {
 public:
  // Repeats `claim` every `repeat` (> 0) until `decide_by`.
  Claimant(ClaimMessage claim, Duration repeat, Instant decide_by);

  void receive(const ClaimMessage& answer, Instant now);
  [[nodiscard]] std::vector<ClaimMessage> tick(Instant now);
  [[nodiscard]] ClaimEnd end() const { return end_; }

 private:
  ClaimMessage claim_;
  Duration repeat_;
  Instant decide_by_;
  std::optional<Instant> said_at_;
  ClaimEnd end_ = ClaimEnd::kOpen;
};

}  // namespace skywarden::agents
