#include "network/route_load.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::network {
namespace {

Duration sent_at(const PlannedContact& contact, Duration at, Duration busy_until, std::uint64_t bytes) {
  const Duration sending = bytes == 0 ? Duration::zero() : transmission_time(bytes, contact.rate);
  return std::max({at, contact.start, busy_until}) + sending;
}

}  // namespace

std::optional<Duration> arrival_along(const ContactGraph& graph, const PlanState& state,
                                      std::span<const PlannedContactId> route, Duration at,
                                      std::uint64_t bytes) {
  for (const PlannedContactId id : route) {
    const PlannedContact& contact = graph.contact(id);
    const Duration sent = sent_at(contact, at, state.busy_until[id.value()], bytes);
    if (sent > contact.end) return std::nullopt;
    at = sent + contact.light_time;
  }
  return at;
}

RouteLoad::RouteLoad(const ContactGraph& graph, const PlanState& state) : graph_(&graph), state_(state) {}

Duration RouteLoad::add(std::span<const PlannedContactId> route, Duration at, std::uint64_t bytes) {
  for (const PlannedContactId id : route) {
    const PlannedContact& contact = graph_->contact(id);
    const Duration sent = sent_at(contact, at, state_.busy_until[id.value()], bytes);
    EXPECTS(sent <= contact.end);
    state_.busy_until.set(id.value(), sent);
    at = sent + contact.light_time;
  }
  return at;
}

}  // namespace skywarden::network
