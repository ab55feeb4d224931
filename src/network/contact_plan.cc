#include "network/contact_plan.h"

#include <algorithm>

namespace skywarden::network {
namespace {

std::pair<NodeId, NodeId> key_of(NodeId a, NodeId b) {
  return a < b ? std::pair(a, b) : std::pair(b, a);
}

// First contact that has not ended at t; contacts are in order and apart.
auto first_after(const std::vector<datum::Contact>& contacts, Instant t) {
  return std::partition_point(contacts.begin(), contacts.end(),
                              [&](const datum::Contact& c) { return c.end <= t; });
}

}  // namespace

ContactPlan::ContactPlan(std::vector<ContactWindow> windows) {
  std::stable_sort(windows.begin(), windows.end());
  for (ContactWindow& window : windows) {
    if (window.a == window.b) continue;
    auto& contacts = by_pair_[key_of(window.a, window.b)];
    if (!contacts.empty()) window.contact.start = std::max(window.contact.start, contacts.back().end);
    if (window.contact.start < window.contact.end) contacts.push_back(window.contact);
  }
  std::erase_if(by_pair_, [](const auto& entry) { return entry.second.empty(); });
}

std::optional<datum::Contact> ContactPlan::next_contact(NodeId a, NodeId b, Instant t) const {
  const auto found = by_pair_.find(key_of(a, b));
  if (found == by_pair_.end()) return std::nullopt;
  const auto next = first_after(found->second, t);
  return next == found->second.end() ? std::nullopt : std::optional(*next);
}

std::span<const datum::Contact> ContactPlan::contacts(NodeId a, NodeId b) const {
  const auto found = by_pair_.find(key_of(a, b));
  if (found == by_pair_.end()) return {};
  return found->second;
}

std::vector<NodeId> ContactPlan::neighbours(NodeId node, Instant t) const {
  std::vector<NodeId> out;
  for (const auto& [pair, contacts] : by_pair_) {
    if (pair.first != node && pair.second != node) continue;
    const auto next = first_after(contacts, t);
    if (next != contacts.end() && next->start <= t)
      out.push_back(pair.first == node ? pair.second : pair.first);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<ContactWindow> ContactPlan::windows() const {
  std::vector<ContactWindow> out;
  for (const auto& [pair, contacts] : by_pair_)
    for (const datum::Contact& contact : contacts) out.push_back({pair.first, pair.second, contact});
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace skywarden::network
