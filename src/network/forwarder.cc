#include "network/forwarder.h"

#include <algorithm>
#include <tuple>

#include "base/contract.h"
#include "network/bundle_decode.h"

namespace skywarden::network {
Answer answer_of(Acceptance acceptance) {
  switch (acceptance) {
    case Acceptance::kDelivered:
    case Acceptance::kArrived:
      return Answer::kArrived;
    case Acceptance::kRefused:
      return Answer::kRefused;
    case Acceptance::kKept:
    case Acceptance::kDuplicate:
      break;
  }
  return Answer::kTaken;
}

Forwarder::Forwarder(const ContactGraph& plan, Vertex self, const ForwarderOptions& options)
    : plan_(&plan),
      self_(self),
      options_(options),
      store_(options.store),
      book_(plan),
      routes_(plan, self),
      arrivals_(options.arrivals_max) {
  EXPECTS(options.news_max <= kNewsMax && options.arrivals_told_max <= kNewsMax);
  for (const ContactGraph::Edge& edge : plan.edges_from(self))
    for (std::uint32_t i = edge.first; i < edge.last; ++i) own_.emplace_back(i);
  std::ranges::sort(own_, {}, [&](PlannedContactId id) { return std::pair(planned(id).start, id); });
  while (own_checked_ < own_.size() && planned(own_[own_checked_]).start < options.born) ++own_checked_;
}

const Passage* Forwarder::passage(std::uint64_t slot) const {
  const auto found = custody_.find(slot);
  return found == custody_.end() ? nullptr : &found->second.passage;
}

// False when the bundle was here with as many failures or more: it is the same copy, or a critical one.
bool Forwarder::remember(const BundleId& id, const Known& news) {
  const auto [found, fresh] = known_.try_emplace(id, news);
  if (!fresh && found->second.failures >= news.failures) return false;
  found->second = news;
  known_by_expiry_.emplace(news.expires, id);
  while (known_.size() > options_.known_max) {
    known_.erase(known_by_expiry_.begin()->second);
    known_by_expiry_.erase(known_by_expiry_.begin());
  }
  return true;
}

// Whoever sends a critical bundle has it.
Acceptance Forwarder::known_already(const Known& known, const Passage& passage) {
  if (known.arrived) return Acceptance::kArrived;
  for (const Vertex holder : passage.visited) add_holder(known.slot, holder);
  return Acceptance::kDuplicate;
}

Acceptance Forwarder::accept(std::vector<std::byte> bundle, Passage passage, Duration now, Effects& effects) {
  return take_in(std::move(bundle), std::move(passage), options_.epoch + now, now, effects);
}

Acceptance Forwarder::restore(KeptBundle kept, Passage passage, Duration now, Effects& effects) {
  return take_in(std::move(kept.bytes), std::move(passage), kept.received, now, effects);
}

void Forwarder::restore_delivered(const BundleId& id, Instant expires) {
  std::ignore = remember(id, {0, expires, 0, true});
}

void Forwarder::withdraw(const BundleId& id) {
  const auto found = known_.find(id);
  if (found == known_.end()) return;
  const std::uint64_t slot = found->second.slot;
  known_.erase(found);
  forget(slot);
  store_.take(slot);
}

std::optional<std::uint64_t> Forwarder::slot_of(const BundleId& id) const {
  const auto found = known_.find(id);
  if (found == known_.end() || store_.find(found->second.slot) == nullptr) return std::nullopt;
  return found->second.slot;
}

Acceptance Forwarder::take_in(std::vector<std::byte> bundle, Passage passage, Instant received, Duration now,
                              Effects& effects) {
  expire(now, effects);
  const auto view = decode_bundle(bundle);
  if (!view) return Acceptance::kRefused;
  const BundleId id = identity(*view);
  const Instant expires = expiry(*view, received).value_or(received + options_.store.retention);
  const bool critical = view->criticality == BundleCriticality::kCritical;
  if (critical && passage.destination != self_ && arrivals_.expiry_of(id)) return Acceptance::kArrived;
  if (const auto known = known_.find(id); known != known_.end())
    if (critical || passage.destination == self_ || known->second.failures >= passage.failures)
      return known_already(known->second, passage);
  if (expires <= options_.epoch + now) return Acceptance::kRefused;
  if (passage.destination == self_) {
    ENSURES(remember(id, {passage.failures, expires, 0, true}));
    if (critical && options_.news_max > 0) {
      (void)arrivals_.add(id, expires, std::nullopt);
      pump(now, effects);
    }
    return Acceptance::kDelivered;
  }
  const std::uint64_t bytes = bundle.size();
  const auto put = store_.put(std::move(bundle), received);
  if (!put) return put.error().code == Errc::kConflict ? Acceptance::kDuplicate : Acceptance::kRefused;
  ENSURES(remember(id, {passage.failures, expires, put->slot, false}));
  for (const std::uint64_t slot : put->evicted) {
    effects.emplace_back(Drop{slot, custody_.at(slot).criticality, DropReason::kEvicted});
    forget(slot);
  }

  const auto created = from_dtn_time(id.created.time_ms);
  Custody custody{std::move(passage),
                  store_.find(put->slot)->criticality,
                  bytes,
                  (id.created.time_ms != 0 && created ? *created : received) - options_.epoch,
                  expires - options_.epoch,
                  std::nullopt,
                  {},
                  {},
                  {}};
  if (!custody.passage.visited.empty()) custody.aware.insert(custody.passage.visited.back());
  custody.holders.insert(custody.passage.visited.begin(), custody.passage.visited.end());
  custody.passage.visited.push_back(self_);
  const Custody& kept = custody_.emplace(put->slot, std::move(custody)).first->second;
  if (kept.critical()) {
    critical_.insert(put->slot);
    offer_copies(put->slot, kept, now);
  } else {
    route(put->slot, now);
  }
  pump(now, effects);
  return Acceptance::kKept;
}

void Forwarder::link_up(PlannedContactId contact, Duration now, Effects& effects) {
  EXPECTS(planned(contact).from == self_);
  const Vertex neighbour = planned(contact).to;
  heard_.insert(contact);
  trust(neighbour, true);
  book_.open(contact);  // it may have been down for a while
  Link& link = links_[contact];
  link.open = true;
  link.told_out = false;
  link.standing.clear();
  for (const std::uint64_t slot : critical_) {
    const Custody& custody = custody_.at(slot);
    if (!custody.aware.contains(neighbour)) announce(link, slot);
    if (custody.holders.contains(neighbour)) continue;
    const auto [known, fresh] = link.standing.try_emplace(custody.passage.destination);
    if (fresh) known->second = standing(custody, contact, now);
    link.copies.insert(waiting(custody, known->second, slot));
  }
  retry(now);
  pump(now, effects);
}

void Forwarder::link_down(PlannedContactId contact, Duration now, Effects& effects) {
  const auto found = links_.find(contact);
  if (found == links_.end()) return;
  Link& link = found->second;
  link.open = false;
  link.copies.clear();
  link.repeats.clear();
  link.announced.clear();
  link.replies.clear();
  if (link.current && link.current->slot == kNewsSlot) link.telling.reset();
  book_.close(contact);
  for (auto* sending : {&link.current, &link.suspended}) {
    if (!*sending) continue;
    const std::uint64_t slot = (*sending)->slot;
    sending->reset();
    const auto custody = custody_.find(slot);
    if (custody == custody_.end()) continue;
    if (!custody->second.critical())
      fail_way(slot, now);
    else if (!underway(link, slot))
      copy_again(slot, contact, now);
  }
  if (auto queue = queues_.extract(contact); !queue.empty())
    for (const Urgency& each : queue.mapped()) fail_way(each.second, now);
  if (link.flying.empty()) links_.erase(found);
  pump(now, effects);
}

void Forwarder::sent(PlannedContactId contact, Duration now, Effects& effects) {
  const auto found = links_.find(contact);
  if (found == links_.end() || !found->second.current) return;
  const Sending sending = *found->second.current;
  found->second.current.reset();
  found->second.flying.push_back({sending.slot, now + round_trip(contact), pressing(sending)});
  if (sending.slot != kNewsSlot) book_.release(sending.slot, contact);
  may_repeat(contact, found->second, sending, now);
  pump(now, effects);
}

void Forwarder::answered(PlannedContactId contact, std::uint64_t slot, Answer answer, Duration now,
                         Effects& effects) {
  const auto found = links_.find(contact);
  if (found == links_.end()) return;
  if (std::erase_if(found->second.flying, [&](const Flying& each) { return each.slot == slot; }) == 0) return;
  need_not_repeat(contact, found->second, slot, effects);
  if (!found->second.open && found->second.flying.empty()) links_.erase(found);
  const auto custody = custody_.find(slot);
  if (custody != custody_.end()) {
    Custody& mine = custody->second;
    if (answer == Answer::kArrived || (answer == Answer::kTaken && !mine.critical())) {
      if (answer == Answer::kArrived)
        if (const auto known = known_.find(store_.find(slot)->id); known != known_.end()) {
          known->second.arrived = true;
          if (mine.critical() && options_.news_max > 0)
            (void)arrivals_.add(known->first, known->second.expires, planned(contact).to);
        }
      // Bookings further on stay while it is on its way: it uses that volume.
      if (!mine.critical()) handed_over_.emplace(mine.arrival, slot);
      store_.take(slot);
      withdraw_copies(slot);
      custody_.erase(custody);
    } else if (answer == Answer::kTaken) {
      mine.aware.insert(planned(contact).to);
    } else if (answer == Answer::kRefused && mine.critical()) {
      mine.holders.erase(planned(contact).to);
    } else if (answer == Answer::kRefused) {
      book_.release(slot);
      mine.next.reset();
      unrouted_.insert(urgency(mine, slot));
    }
  }
  pump(now, effects);
}

void Forwarder::lost(PlannedContactId contact, std::uint64_t slot, Duration now, Effects& effects) {
  const auto found = links_.find(contact);
  if (found == links_.end()) return;
  std::vector<Flying>& flying = found->second.flying;
  const auto each = std::ranges::find(flying, slot, &Flying::slot);
  if (each == flying.end()) return;
  each->due = now;
  std::rotate(flying.begin(), each, std::next(each));  // by due
  end_waits(now);
  pump(now, effects);
}

void Forwarder::tick(Duration now, Effects& effects) {
  if (now >= swept_ + options_.sweep) {
    swept_ = now;
    expire(now, effects);
    book_.forget_ended(now);
    for (; !handed_over_.empty() && handed_over_.begin()->first <= now;
         handed_over_.erase(handed_over_.begin()))
      book_.settle(handed_over_.begin()->second);
    arrivals_.expire(options_.epoch + now);
    const Instant instant = options_.epoch + now;
    while (!known_by_expiry_.empty() && known_by_expiry_.begin()->first <= instant) {
      known_.erase(known_by_expiry_.begin()->second);
      known_by_expiry_.erase(known_by_expiry_.begin());
    }
  }
  mark_silent(now);
  end_waits(now);
  pump(now, effects);
}

Duration Forwarder::wake_at() const {
  Duration at = swept_ + options_.sweep;
  if (own_checked_ < own_.size()) at = std::min(at, planned(own_[own_checked_]).start + options_.silence_max);
  for (const auto& [contact, link] : links_)
    if (!link.flying.empty()) at = std::min(at, link.flying.front().due);
  return at;
}

// ---- routes

std::optional<Duration> Forwarder::expected_arrival(Vertex destination, std::uint64_t bytes,
                                                    BundleCriticality criticality, Duration now) {
  const auto route = routes_.best(destination, bytes, criticality, {}, now, book_, std::nullopt);
  return route ? std::optional(route->arrival) : std::nullopt;
}

void Forwarder::route(std::uint64_t slot, Duration now) {
  for (const auto& [contact, link] : links_)
    if (link.open) book_.advance(contact, now);
  std::vector<std::uint64_t> work{slot};
  while (!work.empty()) {  // the displaced are ever less critical: it ends
    const std::uint64_t each = work.back();
    work.pop_back();
    const auto found = custody_.find(each);
    if (found == custody_.end()) continue;  // handed over; its volume further on yields
    Custody& custody = found->second;
    if (custody.next) {
      const auto queue = queues_.find(*custody.next);
      if (queue == queues_.end() || !queue->second.contains(urgency(custody, each))) continue;  // on its way
      unqueue(each, custody);
    }
    const auto route = routes_.best(custody.passage.destination, custody.bytes, custody.criticality,
                                    custody.passage.visited, now, book_, custody.passage.onward);
    custody.passage.onward.reset();
    if (!route || route->arrival > custody.expires) {
      unrouted_.insert(urgency(custody, each));
      continue;
    }
    unrouted_.erase(urgency(custody, each));
    custody.next = route->contacts.front();
    custody.arrival = route->arrival;
    custody.passage.onward = *route;
    custody.passage.onward->contacts.erase(custody.passage.onward->contacts.begin());
    queues_[*custody.next].insert(urgency(custody, each));
    const auto displaced = book_.book(each, custody.criticality, custody.bytes, route->contacts);
    work.insert(work.end(), displaced.begin(), displaced.end());
  }
}

// In turn, so that a few hopeless ones do not keep the others from being tried.
void Forwarder::retry(Duration now) {
  std::vector<std::uint64_t> again;
  auto each = unrouted_.upper_bound(retried_);
  for (std::size_t count = std::min(options_.retries_max, unrouted_.size()); count > 0; --count) {
    if (each == unrouted_.end()) each = unrouted_.begin();
    retried_ = *each++;
    again.push_back(retried_.second);
  }
  for (const std::uint64_t slot : again) route(slot, now);
}

void Forwarder::unqueue(std::uint64_t slot, Custody& custody) {
  book_.release(slot);
  unrouted_.erase(urgency(custody, slot));
  if (!custody.next) return;
  if (const auto queue = queues_.find(*custody.next); queue != queues_.end()) {
    queue->second.erase(urgency(custody, slot));
    if (queue->second.empty()) queues_.erase(queue);
  }
  custody.next.reset();
}

void Forwarder::fail_way(std::uint64_t slot, Duration now) {
  const auto found = custody_.find(slot);
  if (found == custody_.end()) return;
  unqueue(slot, found->second);
  Passage& passage = found->second.passage;
  if (passage.failures < options_.failures_max) {
    ++passage.failures;
    passage.visited.assign(1, self_);
  }
  route(slot, now);
}

void Forwarder::mark_silent(Duration now) {
  for (; own_checked_ < own_.size(); ++own_checked_) {
    const PlannedContactId contact = own_[own_checked_];
    if (planned(contact).start + options_.silence_max > now) return;
    if (heard_.erase(contact) > 0) continue;
    trust(planned(contact).to, false);
    if (auto queue = queues_.extract(contact); !queue.empty())
      for (const Urgency& each : queue.mapped()) fail_way(each.second, now);
  }
}

void Forwarder::trust(Vertex neighbour, bool heard) {
  if (heard ? silent_.erase(neighbour) == 0 : !silent_.insert(neighbour).second) return;
  for (const ContactGraph::Edge& edge : plan_->edges_from(self_)) {
    if (edge.to != neighbour) continue;
    for (std::uint32_t i = edge.first; i < edge.last; ++i)
      heard ? book_.open(PlannedContactId(i)) : book_.close(PlannedContactId(i));
  }
}

// ---- what leaves the store

void Forwarder::forget(std::uint64_t slot) {
  const auto found = custody_.find(slot);
  if (found == custody_.end()) return;
  unqueue(slot, found->second);
  withdraw_copies(slot);
  custody_.erase(found);
}

void Forwarder::expire(Duration now, Effects& effects) {
  for (const std::uint64_t slot : store_.expire(options_.epoch + now)) {
    effects.emplace_back(Drop{slot, custody_.at(slot).criticality, DropReason::kExpired});
    forget(slot);
  }
}

}  // namespace skywarden::network
