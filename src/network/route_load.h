// What several bundles sent by one node do to the contacts of a plan: each occupies every contact of its
// route while it is sent, in the order in which they are added, and the next one on that contact waits. Later
// ones do not slip into gaps, so the arrivals promised can be kept. Other nodes' traffic is what the state
// says.
#pragma once

#include <optional>
#include <span>

#include "network/route_search.h"

namespace skywarden::network {

// When a bundle that is at the first node at that time would be there; nothing when it does not fit. The
// contacts form a route.
[[nodiscard]] std::optional<Duration> arrival_along(const ContactGraph& graph, const PlanState& state,
                                                    std::span<const PlannedContactId> route, Duration at,
                                                    std::uint64_t bytes);

class RouteLoad {
 public:
  RouteLoad(const ContactGraph& graph, const PlanState& state);  // the graph must outlive it

  // For searches of the next route.
  [[nodiscard]] const PlanState& state() const { return state_; }
  [[nodiscard]] std::optional<Duration> arrival(std::span<const PlannedContactId> route, Duration at,
                                                std::uint64_t bytes) const {
    return arrival_along(*graph_, state_, route, at, bytes);
  }
  // Occupies the contacts. Expects it to fit.
  Duration add(std::span<const PlannedContactId> route, Duration at, std::uint64_t bytes);

 private:
  const ContactGraph* graph_;
  PlanState state_;
};

}  // namespace skywarden::network
