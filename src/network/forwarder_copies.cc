// How a forwarder copies critical bundles: in which order over a contact, what it tells its neighbours about
// them, and what it makes of what they tell.
#include <algorithm>

#include "network/forwarder.h"

namespace skywarden::network {
namespace {

constexpr int kTolerance = 100;  // a bundle may be late by so small a part of its delay

}  // namespace

std::optional<Route> Forwarder::best_route(const Custody& custody, Duration now) {
  return routes_.best(custody.passage.destination, custody.bytes, BundleCriticality::kCritical, {}, now,
                      book_, std::nullopt);
}

bool Forwarder::is_best(const Custody& custody, PlannedContactId contact, Duration now) {
  const std::optional<Route> best = best_route(custody, now);
  return best && best->contacts.front() == contact;
}

// To arrive by `arrival` on the contacts of the route.
Duration Forwarder::latest_departure(const Route& route, std::uint64_t bytes, Duration arrival) const {
  Duration latest = arrival;  // to be at the node after the contact
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
  if (destination == first.to)
    return {0, there, now, first.end, first.end - takes(custody, contact), ContactGraph::kTimeMax};
  const std::optional<Route> best = best_route(custody, now);
  if (!best) return {kToOther, ContactGraph::kTimeMax, {}, {}, {}, {}};
  if (best->contacts.front() != contact) {
    const auto onward = routes_.search().earliest_arrival({first.to, destination, there, custody.bytes},
                                                          book_.state(BundleCriticality::kCritical));
    return {kToOther, onward.value_or(ContactGraph::kTimeMax), {}, {}, {}, {}};
  }
  const Duration last = latest_departure(*best, custody.bytes, ContactGraph::kTimeMax);
  const auto after = routes_.search().earliest_arrival(
      {self_, destination, last + Duration(1), custody.bytes}, book_.state(BundleCriticality::kCritical));
  return {kToBest,
          best->arrival,
          latest_departure(*best, custody.bytes, best->arrival),
          latest_departure(*best, 0, ContactGraph::kTimeMax),
          last,
          after.value_or(ContactGraph::kTimeMax)};
}

// A little late is nothing, unless a contact on the way is over by then, and other ways take longer than
// that.
WaitingCopy Forwarder::waiting(const Custody& custody, const Standing& standing, std::uint64_t slot) {
  if (standing.rank == kToOther) return {kToOther, standing.arrival, {}, slot, {}};
  const Duration little = (standing.arrival - custody.created) / kTolerance;
  const Duration due = standing.latest + little;
  if (standing.after <= standing.arrival + little) return {standing.rank, due, due, slot, due};
  return {standing.rank, std::min(due, standing.over), due, slot, std::min(due, standing.last)};
}

void Forwarder::offer_copies(std::uint64_t slot, const Custody& custody, Duration now) {
  for (auto& [contact, link] : links_) {
    const Vertex neighbour = planned(contact).to;
    if (!link.open || custody.holders.contains(neighbour)) continue;
    // Where nothing waits or is being sent it leaves at once, and needs no search for its place in the queue.
    const bool alone = link.copies.empty() && !link.current && link.flying.size() < options_.flying_max;
    // Unless it is to be repeated if it is best there.
    const bool best = options_.lossy_links && is_best(custody, contact, now);
    if (alone && custody.passage.destination != neighbour && !best) {
      link.copies.insert({kToOther, now, {}, slot, {}});
      continue;
    }
    link.copies.insert(waiting(custody, standing(custody, contact, now), slot));
  }
}

void Forwarder::copy_again(std::uint64_t slot, PlannedContactId contact, Duration now) {
  Custody& custody = custody_.at(slot);
  custody.holders.erase(planned(contact).to);
  links_.at(contact).repeats.erase(slot);
  offer_copies(slot, custody, now);
}

std::optional<Forwarder::Sending> Forwarder::next_copy(PlannedContactId contact, Link& link, int rank_max,
                                                       Duration now) {
  while (!link.copies.empty() && link.copies.front().rank <= rank_max) {
    const WaitingCopy copy = link.copies.front();
    const std::uint64_t slot = copy.slot;
    link.copies.erase(slot);
    link.announced.erase(slot);
    const auto custody = custody_.find(slot);
    if (custody == custody_.end() || custody->second.expires <= now) continue;
    if (now + takes(custody->second, contact) > planned(contact).end) continue;
    if (copy.rank == kToBest && copy.leave < now) {  // its way may be gone; those that have one go before it
      const WaitingCopy anew = waiting(custody->second, standing(custody->second, contact, now), slot);
      if (anew.rank != kToBest || anew.leave > now) {
        link.copies.insert(anew);
        continue;
      }
    }
    if (!custody->second.holders.insert(planned(contact).to).second) continue;
    return Sending{slot, now, takes(custody->second, contact), true, false, copy};
  }
  return std::nullopt;
}

Duration Forwarder::pressing(const Sending& sending) {
  return sending.critical && sending.slot != kNewsSlot && sending.copy.rank <= kToBest
             ? sending.copy.leave
             : ContactGraph::kTimeMax;
}

// Once more, no more: what is lost twice is seen by then. Nor where the answer can be waited for, and one
// bundle that may be under way by then.
void Forwarder::may_repeat(PlannedContactId contact, Link& link, const Sending& sent, Duration now) const {
  if (!options_.lossy_links || sent.repeat || !critical_.contains(sent.slot)) return;
  if (pressing(sent) < now + round_trip(contact) + sent.takes) link.repeats.insert(sent.copy);
}

std::optional<Forwarder::Sending> Forwarder::next_repeat(PlannedContactId contact, Link& link, Duration now) {
  while (!link.repeats.empty()) {
    const WaitingCopy copy = link.repeats.front();
    const Custody& custody = custody_.at(copy.slot);
    const Duration needed = takes(custody, contact);
    if (!can_wait(contact, link, now + needed)) return std::nullopt;
    link.repeats.erase(copy.slot);
    if (custody.expires <= now || now + needed > planned(contact).end) continue;
    return Sending{copy.slot, now, needed, true, true, copy};
  }
  return std::nullopt;
}

// It was answered, or is known to be there.
void Forwarder::need_not_repeat(PlannedContactId contact, Link& link, std::uint64_t slot, Effects& effects) {
  link.repeats.erase(slot);
  if (!link.current || !link.current->repeat || link.current->slot != slot) return;
  link.current.reset();
  effects.emplace_back(Abort{contact});
}

bool Forwarder::underway(const Link& link, std::uint64_t slot) {
  return (link.current && link.current->slot == slot) ||
         std::ranges::any_of(link.flying, [&](const Flying& each) { return each.slot == slot; });
}

void Forwarder::add_holder(std::uint64_t slot, Vertex holder) {
  const auto custody = custody_.find(slot);
  if (custody == custody_.end() || !custody->second.critical()) return;
  custody->second.holders.insert(holder);
  for (auto& [contact, link] : links_)
    if (planned(contact).to == holder) {
      link.copies.erase(slot);
      link.repeats.erase(slot);
    }
}

void Forwarder::withdraw_copies(std::uint64_t slot) {
  if (critical_.erase(slot) == 0) return;
  for (auto& [contact, link] : links_) {
    link.copies.erase(slot);
    link.repeats.erase(slot);
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
  if (link.arrivals_told == arrivals_.latest()) return std::nullopt;
  const Vertex neighbour = planned(contact).to;
  ArrivalLog::Untold untold = arrivals_.untold(neighbour, options_.arrivals_told_max);
  if (untold.arrived.empty()) {
    arrivals_.told(neighbour, untold.up_to);
    link.arrivals_told = arrivals_.latest();
    return std::nullopt;
  }
  return tell(contact, link, {{}, {}, untold.up_to}, {{}, std::move(untold.arrived)}, now);
}

std::optional<Tell> Forwarder::tell(PlannedContactId contact, Link& link, Telling telling, CopyNews news,
                                    Duration now) {
  std::vector<std::byte> bytes = encode_news(std::move(news));
  const Duration takes = transmission_time(bytes.size(), planned(contact).rate);
  link.told_out = now + takes > planned(contact).end;
  if (link.told_out || !can_wait(contact, link, now + takes)) return std::nullopt;
  if (std::ranges::any_of(link.flying, [&](const Flying& each) { return each.pressing < now + takes; }))
    return std::nullopt;  // it may have to leave again meanwhile
  for (const std::uint64_t slot : telling.held) link.announced.erase(slot);
  for (const CopyNews::Arrived& each : telling.replies) link.replies.erase(each.id);
  link.telling = std::move(telling);
  return Tell{contact, takes, std::move(bytes)};
}

// Whether no critical bundle that the contact is best for comes late when it is free at `until` only: in
// their order, each with time to be sent again if it is lost.
bool Forwarder::can_wait(PlannedContactId contact, const Link& link, Duration until) const {
  Duration free = until;
  for (const WaitingCopy& each : link.copies) {
    if (each.rank == kToOther) break;
    const Duration needed = takes(custody_.at(each.slot), contact);
    if (each.leave < free + needed + round_trip(contact)) return false;
    free += needed;
  }
  return true;
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
