// A list of contact windows that answers "when can a and b talk next". The same in both directions.
#pragma once

#include <map>
#include <span>
#include <utility>
#include <vector>

#include "datum/contact_forecast.h"
#include "network/contact_windows.h"

namespace skywarden::network {

class ContactPlan final : public datum::ContactForecast {
 public:
  ContactPlan() = default;
  // Any order. Where two windows of a pair overlap the one that starts first keeps its whole length; empty
  // windows and windows of a node with itself are left out.
  explicit ContactPlan(std::vector<ContactWindow> windows);

  [[nodiscard]] std::optional<datum::Contact> next_contact(NodeId a, NodeId b, Instant t) const override;
  // The windows of one pair, by start.
  [[nodiscard]] std::span<const datum::Contact> contacts(NodeId a, NodeId b) const;
  // Nodes that have a window with `node` open at t, in order.
  [[nodiscard]] std::vector<NodeId> neighbours(NodeId node, Instant t) const;
  // Everything, by start, then by pair.
  [[nodiscard]] std::vector<ContactWindow> windows() const;

 private:
  std::map<std::pair<NodeId, NodeId>, std::vector<datum::Contact>> by_pair_;  // first < second
};

}  // namespace skywarden::network
