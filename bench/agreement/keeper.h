// What a leader does beside leading: it measures the others with probes and with what is sent anyway, and
// asks the policy for shares. Whoever leads next begins anew. Only messages and time carry what it knows.
#pragma once

#include <map>
#include <memory>
#include <optional>

#include "agreement/world.h"
#include "consensus/round_trips.h"
#include "consensus/share_policy.h"

namespace skywarden::agreement {

class Keeper {
 public:
  // `changes`: whether shares follow the policy; measured is in any case.
  Keeper(World& world, bool changes);

  void step();  // often
  void sent(const consensus::Message& message);
  void delivered(const consensus::Message& message);

  // When the leader itself is slow, everybody seems far; the nearest member may take over. kNobody: it is
  // not.
  [[nodiscard]] NodeId who_should_lead_instead() const;
  [[nodiscard]] std::size_t changes() const { return changed_; }
  [[nodiscard]] std::uint64_t largest_share(NodeId node) const;  // it ever held, as far as this saw
  void joined(NodeId node) { since_.emplace(node, world_.now()); }

 private:
  struct Memory {  // of one leader
    NodeId leader;
    consensus::RoundTrips trips;
    consensus::SharePolicy policy;
  };
  [[nodiscard]] std::map<NodeId, consensus::Standing> standings() const;

  World& world_;
  bool changes_;
  std::optional<Memory> memory_;
  std::map<NodeId, Instant> since_;  // of those that joined later; the log tells everybody
  std::map<NodeId, std::uint64_t> largest_;
  std::size_t changed_ = 0;
  std::uint64_t steps_ = 0;
};

}  // namespace skywarden::agreement
