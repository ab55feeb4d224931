// What every member of a cluster's group holds of the area: its decisions as they were handed down, and what
// the group has raised and not heard of yet. A state machine of the group's committed entries. Because what
// is raised stands in the group's own log, a leader that dies loses none of it: whoever leads next asks
// again.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <vector>

#include "agents/area_ledger.h"

namespace skywarden::agents {

inline constexpr std::size_t kRaisedMax = 1024;  // open at a time; more are refused

class ClusterLedger {
 public:
  void apply(const ClusterEntry& entry);  // expects a valid one; what is known already changes nothing

  [[nodiscard]] const AreaLedger& area() const { return area_; }
  [[nodiscard]] const std::map<MatterId, Raised>& open() const { return open_; }

  [[nodiscard]] std::vector<std::byte> save() const;
  [[nodiscard]] static Result<ClusterLedger> restore(std::span<const std::byte> bytes);
  friend bool operator==(const ClusterLedger&, const ClusterLedger&) = default;

 private:
  AreaLedger area_;
  std::map<MatterId, Raised> open_;  // none of them decided
};

}  // namespace skywarden::agents
