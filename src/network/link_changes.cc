#include "network/link_changes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/contract.h"

namespace skywarden::network {
namespace {

using Pair = std::pair<NodeId, NodeId>;

// The changes of one pair: at each edge, which of the open windows began last?
void add_changes(const Pair& pair, std::vector<datum::Contact>& contacts, std::vector<LinkChange>& changes) {
  std::ranges::stable_sort(contacts, {}, &datum::Contact::start);
  std::vector<Instant> edges;
  for (const datum::Contact& contact : contacts) {
    edges.push_back(contact.start);
    edges.push_back(contact.end);
  }
  std::ranges::sort(edges);
  edges.erase(std::ranges::unique(edges).begin(), edges.end());
  std::vector<const datum::Contact*> open;  // by start
  const datum::Contact* before = nullptr;
  std::size_t next = 0;
  for (const Instant t : edges) {
    std::erase_if(open, [&](const datum::Contact* contact) { return contact->end <= t; });
    for (; next < contacts.size() && contacts[next].start <= t; ++next) open.push_back(&contacts[next]);
    const datum::Contact* now = open.empty() ? nullptr : open.back();
    const bool same =
        before != nullptr && now != nullptr && before->delay == now->delay && before->rate == now->rate;
    if (now != before && !same) {
      const LinkEvent event = now == nullptr      ? LinkEvent::kDown
                              : before == nullptr ? LinkEvent::kUp
                                                  : LinkEvent::kChange;
      const datum::Contact& of = now == nullptr ? *before : *now;
      changes.push_back({t, event, pair.first, pair.second, of.delay, of.rate});
    }
    before = now;
  }
}

}  // namespace

std::vector<LinkChange> link_changes(std::span<const ContactWindow> windows) {
  std::map<Pair, std::vector<datum::Contact>> by_pair;
  for (const ContactWindow& window : windows)
    if (window.a != window.b && window.contact.start < window.contact.end)
      by_pair[std::minmax(window.a, window.b)].push_back(window.contact);
  std::vector<LinkChange> changes;
  for (auto& [pair, contacts] : by_pair) add_changes(pair, contacts, changes);
  std::ranges::sort(changes, {}, [](const LinkChange& c) { return std::tuple(c.at, c.event, c.a, c.b); });
  return changes;
}

LinkTimeline::LinkTimeline(std::vector<LinkChange> changes, std::vector<NodeId> nodes)
    : changes_(std::move(changes)), nodes_(std::move(nodes)) {
  EXPECTS(std::ranges::is_sorted(nodes_));
  EXPECTS(std::ranges::adjacent_find(nodes_) == nodes_.end());
  EXPECTS(std::ranges::is_sorted(changes_, {}, &LinkChange::at));
  std::erase_if(changes_, [&](const LinkChange& c) { return !vertex(c.a) || !vertex(c.b); });
}

std::size_t LinkTimeline::advance(Instant now, ConnectedRoutes& routes) {
  EXPECTS(routes.vertices() >= nodes_.size());
  const std::size_t first = applied_;
  for (; applied_ < changes_.size() && changes_[applied_].at <= now; ++applied_) {
    const LinkChange& change = changes_[applied_];
    if (change.event == LinkEvent::kDown)
      routes.remove_link(*vertex(change.a), *vertex(change.b));
    else
      routes.set_link(*vertex(change.a), *vertex(change.b), change.delay, change.rate);
  }
  return applied_ - first;
}

std::optional<Instant> LinkTimeline::next_change() const {
  if (applied_ == changes_.size()) return std::nullopt;
  return changes_[applied_].at;
}

std::optional<Vertex> LinkTimeline::vertex(NodeId node) const {
  const auto at = std::ranges::lower_bound(nodes_, node);
  if (at == nodes_.end() || *at != node) return std::nullopt;
  return Vertex(static_cast<std::uint32_t>(at - nodes_.begin()));
}

}  // namespace skywarden::network
