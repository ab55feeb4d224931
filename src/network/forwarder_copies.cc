// How a forwarder copies critical bundles: in which order over a contact, what it tells its neighbours about
// them, and what it makes of what they tell.
#include <algorithm>

#include "network/forwarder.h"

namespace skywarden::network {
namespace {

constexpr int kTolerance = 100;           // a bundle may be late by so small a part of its delay
constexpr int kToBest = 1, kToOther = 2;  // ranks, after 0

}  // namespace

// To arrive as the route says.
Duration Forwarder::latest_departure(const Route& route, std::uint64_t bytes) const {
  Duration latest = route.arrival;  // to be at the node after the contact
  for (std::size_t i = route.contacts.size(); i-- > 0;) {
    const PlannedContact& each = planned(route.contacts[i]);
    latest = std::min(latest - each.light_time, each.end) - transmission_time(bytes, each.rate);
  }
  return latest;
}

// What other contacts than the best route's give is compared by arrival alone, which costs a tenth of a
// search for a route.
Forwarder::Standing Forwarder::standing(const Custody& custody, PlannedContactId contact, Duration now) {
  const PlannedContact& first = planned(contact);
  const Vertex destination = custody.passage.destination;
  const Duration there = now + takes(custody, contact) + first.light_time;
  if (destination == first.to) return {0, there, now};
  const std::optional<Route> best =
      routes_.best(destination, custody.bytes, BundleCriticality::kCritical, {}, now, book_, std::nullopt);
  if (!best) return {kToOther, ContactGraph::kTimeMax, ContactGraph::kTimeMax};
  if (best->contacts.front() != contact) {
    const auto onward = search_.earliest_arrival({first.to, destination, there, custody.bytes},
                                                 book_.state(BundleCriticality::kCritical));
    return {kToOther, onward.value_or(ContactGraph::kTimeMax), now};
  }
  return {kToBest, best->arrival, latest_departure(*best, custody.bytes)};
}

WaitingCopy Forwarder::waiting(const Custody& custody, const Standing& standing, std::uint64_t slot) {
  if (standing.rank == kToOther) return {kToOther, standing.arrival, slot};
  return {standing.rank, standing.latest + (standing.arrival - custody.created) / kTolerance, slot};
}

void Forwarder::offer_copies(std::uint64_t slot, const Custody& custody, Duration now) {
  for (auto& [contact, link] : links_) {
    const Vertex neighbour = planned(contact).to;
    if (!link.open || custody.holders.contains(neighbour)) continue;
    // Where nothing waits or is being sent it leaves at once, and needs no search for its place in the queue.
    const bool alone = link.copies.empty() && !link.current && link.flying.size() < options_.flying_max;
    if (alone && custody.passage.destination != neighbour) {
      link.copies.insert({kToOther, now, slot});
      continue;
    }
    link.copies.insert(waiting(custody, standing(custody, contact, now), slot));
  }
}

void Forwarder::copy_again(std::uint64_t slot, PlannedContactId contact, Duration now) {
  Custody& custody = custody_.at(slot);
  custody.holders.erase(planned(contact).to);
  offer_copies(slot, custody, now);
}

std::optional<Send> Forwarder::next_copy(PlannedContactId contact, Link& link, int rank_max, Duration now) {
  while (!link.copies.empty() && link.copies.front().rank <= rank_max) {
    const std::uint64_t slot = link.copies.front().slot;
    link.copies.erase(slot);
    link.announced.erase(slot);
    const auto custody = custody_.find(slot);
    if (custody == custody_.end() || custody->second.expires <= now) continue;
    if (now + takes(custody->second, contact) > planned(contact).end) continue;
    if (!custody->second.holders.insert(planned(contact).to).second) continue;
    return Send{contact, slot, takes(custody->second, contact), false};
  }
  return std::nullopt;
}

void Forwarder::add_holder(std::uint64_t slot, Vertex holder) {
  const auto custody = custody_.find(slot);
  if (custody == custody_.end() || !custody->second.critical()) return;
  custody->second.holders.insert(holder);
  for (auto& [contact, link] : links_)
    if (planned(contact).to == holder) link.copies.erase(slot);
}

void Forwarder::withdraw_copies(std::uint64_t slot) {
  if (critical_.erase(slot) == 0) return;
  for (auto& [contact, link] : links_) {
    link.copies.erase(slot);
    link.announced.erase(slot);
  }
}

// ---- news

void Forwarder::announce(Link& link, std::uint64_t slot) const {
  if (options_.news_max > 0 && can_be_told(store_.find(slot)->id)) link.announced.insert(slot);
}

// The last message is repeated or answered before another one is sent.
bool Forwarder::has_news(PlannedContactId contact, const Link& link) {
  if (options_.news_max == 0 || link.telling || link.told_out) return false;
  if (!link.announced.empty() || !link.replies.empty()) return true;
  const ArrivalLog::Untold untold = arrivals_.untold(planned(contact).to, 1);
  if (untold.arrived.empty()) arrivals_.told(planned(contact).to, untold.up_to);
  return !untold.arrived.empty();
}

std::optional<Tell> Forwarder::next_news(PlannedContactId contact, Link& link, Duration now) {
  if (link.telling || link.told_out || (link.announced.empty() && link.replies.empty())) return std::nullopt;
  Telling telling;
  CopyNews news;
  for (const std::uint64_t slot : link.announced) {
    if (telling.held.size() == options_.news_max) break;
    telling.held.push_back(slot);
    news.held.push_back(store_.find(slot)->id);
  }
  for (const auto& [id, expires] : link.replies) {
    if (telling.held.size() + telling.replies.size() == options_.news_max) break;
    telling.replies.push_back({id, expires});
  }
  news.arrived = telling.replies;
  return tell(contact, link, std::move(telling), std::move(news), now);
}

std::optional<Tell> Forwarder::next_arrivals(PlannedContactId contact, Link& link, Duration now) {
  if (link.telling || link.told_out || options_.news_max == 0) return std::nullopt;
  const Vertex neighbour = planned(contact).to;
  ArrivalLog::Untold untold = arrivals_.untold(neighbour, options_.arrivals_told_max);
  if (untold.arrived.empty()) {
    arrivals_.told(neighbour, untold.up_to);
    return std::nullopt;
  }
  return tell(contact, link, {{}, {}, untold.up_to}, {{}, std::move(untold.arrived)}, now);
}

std::optional<Tell> Forwarder::tell(PlannedContactId contact, Link& link, Telling telling, CopyNews news,
                                    Duration now) {
  std::vector<std::byte> bytes = encode_news(std::move(news));
  const Duration takes = transmission_time(bytes.size(), planned(contact).rate);
  link.told_out = now + takes > planned(contact).end;
  if (link.told_out || (!link.copies.empty() && link.copies.front().due < now + takes)) return std::nullopt;
  for (const std::uint64_t slot : telling.held) link.announced.erase(slot);
  for (const CopyNews::Arrived& each : telling.replies) link.replies.erase(each.id);
  link.telling = std::move(telling);
  return Tell{contact, takes, std::move(bytes)};
}

void Forwarder::tell_again(Link& link) const {
  if (!link.telling) return;
  if (link.open) {
    for (const std::uint64_t slot : link.telling->held)
      if (critical_.contains(slot)) link.announced.insert(slot);
    for (const CopyNews::Arrived& each : link.telling->replies) link.replies.emplace(each.id, each.expires);
  }
  link.telling.reset();
}

void Forwarder::heard(PlannedContactId contact, Duration now, Effects& effects) {
  const auto found = links_.find(contact);
  if (found == links_.end()) return;
  Link& link = found->second;
  if (std::erase_if(link.flying, [](const Flying& each) { return each.slot == kNewsSlot; }) == 0) return;
  if (link.telling) {
    arrivals_.told(planned(contact).to, link.telling->up_to);
    for (const std::uint64_t slot : link.telling->held)
      if (const auto custody = custody_.find(slot); custody != custody_.end())
        custody->second.aware.insert(planned(contact).to);
  }
  link.telling.reset();
  if (!link.open && link.flying.empty()) links_.erase(found);
  pump(now, effects);
}

void Forwarder::hear(Vertex neighbour, std::span<const std::byte> bytes, Duration now, Effects& effects) {
  const auto news = decode_news(bytes);
  if (!news || options_.news_max == 0) return;
  for (const BundleId& id : news->held) {
    if (const auto expires = arrivals_.expiry_of(id)) {
      for (auto& [contact, link] : links_)
        if (link.open && planned(contact).to == neighbour) link.replies.emplace(id, *expires);
      continue;
    }
    const auto known = known_.find(id);
    if (known != known_.end()) add_holder(known->second.slot, neighbour);
  }
  for (const CopyNews::Arrived& each : news->arrived) learn_arrival(each.id, each.expires, neighbour, now);
  pump(now, effects);
}

void Forwarder::learn_arrival(const BundleId& id, Instant expires, Vertex neighbour, Duration now) {
  const Instant instant = options_.epoch + now;
  if (expires <= instant) return;
  if (!arrivals_.add(id, std::min(expires, instant + options_.store.retention), neighbour)) return;
  const auto known = known_.find(id);
  if (known == known_.end()) return;
  const auto custody = custody_.find(known->second.slot);
  if (custody == custody_.end() || !custody->second.critical()) return;
  known->second.arrived = true;
  store_.take(custody->first);
  withdraw_copies(custody->first);
  custody_.erase(custody);
}

}  // namespace skywarden::network
