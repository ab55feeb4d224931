#include "network/route_memory.h"

#include <algorithm>

#include "network/route_load.h"

namespace skywarden::network {
namespace {

constexpr int kTolerance = 1000;  // a part of the way's time by which a bundle may come later
constexpr Duration kUncriticalTolerance = std::chrono::seconds(1);

bool passes(const ContactGraph& plan, const Route& route, std::span<const Vertex> visited) {
  return std::ranges::any_of(route.contacts, [&](PlannedContactId each) {
    return std::ranges::find(visited, plan.contact(each).to) != visited.end();
  });
}

}  // namespace

RouteMemory::RouteMemory(const ContactGraph& plan, Vertex self) : plan_(&plan), self_(self), search_(plan) {}

bool RouteMemory::leads_there(const Route& route, Vertex destination) const {
  Vertex here = self_;
  for (const PlannedContactId each : route.contacts) {
    if (each.value() >= plan_->contacts().size() || plan_->contact(each).from != here) return false;
    here = plan_->contact(each).to;
  }
  return here == destination;
}

std::optional<Route> RouteMemory::best(Vertex destination, std::uint64_t bytes, BundleCriticality criticality,
                                       std::span<const Vertex> visited, Duration now, VolumeBook& book,
                                       const std::optional<Route>& onward) {
  if (book.reopened() != reopened_) forget();
  reopened_ = book.reopened();
  const PlanState& state = book.state(criticality);
  const auto holds = [&](const std::optional<Route>& route) {
    if (!route) return true;
    const Duration promised = route->arrival;
    Duration tolerance = (promised - now) / kTolerance;
    if (criticality != BundleCriticality::kCritical) tolerance = std::max(tolerance, kUncriticalTolerance);
    const auto arrival = arrival_along(*plan_, state, route->contacts, now, bytes);
    return arrival && *arrival <= promised + tolerance;
  };
  // Found for the smallest bundle of any, it is right for most.
  smallest_ = std::min(smallest_, bytes);
  const auto [at, fresh] = found_.try_emplace({destination, criticality});
  Found& found = at->second;
  if (fresh || bytes < found.bytes || !holds(found.route)) {
    if (onward && leads_there(*onward, destination) && holds(onward)) {
      found = {onward, bytes};
    } else {
      found.bytes = smallest_;
      found.route = search_.best({self_, destination, now, found.bytes}, state);
    }
  }
  if (holds(found.route) && (!found.route || !passes(*plan_, *found.route, visited))) return found.route;
  return search_.best({self_, destination, now, bytes}, book.state(criticality, visited));
}

std::optional<Duration> RouteMemory::known_arrival(Vertex destination, std::uint64_t bytes,
                                                   BundleCriticality criticality, Duration now,
                                                   VolumeBook& book) const {
  const auto found = found_.find({destination, criticality});
  if (found == found_.end() || !found->second.route) return std::nullopt;
  return arrival_along(*plan_, book.state(criticality), found->second.route->contacts, now, bytes);
}

}  // namespace skywarden::network
