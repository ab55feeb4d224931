#include "network/volume_book.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::network {
namespace {

constexpr Duration kNeverFree = ContactGraph::kTimeMax;

constexpr std::uint64_t negated(std::uint64_t bundle) {
  return ~bundle;
}

}  // namespace

VolumeBook::VolumeBook(const ContactGraph& graph) : graph_(&graph) {}

const PlanState& VolumeBook::state(BundleCriticality criticality, std::span<const Vertex> excluded) {
  PlanState& state = states_[static_cast<std::size_t>(criticality)];
  state.excluded.assign(excluded.empty() ? 0 : graph_->vertices(), 0);
  for (const Vertex vertex : excluded) state.excluded[vertex.value()] = 1;
  return state;
}

std::vector<std::uint64_t> VolumeBook::book(std::uint64_t bundle, BundleCriticality criticality,
                                            std::uint64_t bytes, std::span<const PlannedContactId> contacts) {
  EXPECTS(!bookings_.contains(bundle));
  const auto level = static_cast<std::size_t>(criticality);
  bookings_.emplace(bundle, Booking{level, {contacts.begin(), contacts.end()}});
  for (const PlannedContactId id : contacts) {
    const Duration takes = transmission_time(bytes, graph_->contact(id).rate);
    Ledger& there = ledger(id);
    there.entries.emplace(Place{level, negated(bundle)}, takes);
    there.taken[level] += takes;
    refresh(id);
  }
  std::vector<std::uint64_t> displaced;
  for (const PlannedContactId id : contacts) {
    Ledger& there = ledgers_.at(id);  // holds the newcomer
    const Duration room = graph_->contact(id).end - there.from;
    while (std::accumulate(there.taken.begin(), there.taken.end(), Duration::zero()) > room) {
      const Place first = there.entries.begin()->first;
      if (first.first >= level) break;
      displaced.push_back(negated(first.second));
      release(displaced.back());
    }
  }
  return displaced;
}

void VolumeBook::release(std::uint64_t bundle) {
  if (bookings_.contains(bundle)) ++reopened_;
  settle(bundle);
}

void VolumeBook::settle(std::uint64_t bundle) {
  const auto booking = bookings_.extract(bundle);
  if (booking.empty()) return;
  for (const PlannedContactId id : booking.mapped().contacts) erase(bundle, booking.mapped().criticality, id);
}

void VolumeBook::release(std::uint64_t bundle, PlannedContactId contact) {
  const auto booking = bookings_.find(bundle);
  if (booking == bookings_.end()) return;
  if (std::erase(booking->second.contacts, contact) == 0) return;
  erase(bundle, booking->second.criticality, contact);
  if (booking->second.contacts.empty()) bookings_.erase(booking);
}

void VolumeBook::advance(PlannedContactId contact, Duration now) {
  if (now <= graph_->contact(contact).start) return;
  Ledger& there = ledger(contact);
  there.from = std::max(there.from, now);
  refresh(contact);
}

void VolumeBook::close(PlannedContactId contact) {
  ledger(contact).closed = true;
  refresh(contact);
}

void VolumeBook::open(PlannedContactId contact) {
  Ledger& there = ledger(contact);
  if (there.closed) ++reopened_;
  there.closed = false;
  refresh(contact);
}

void VolumeBook::forget_ended(Duration now) {
  for (auto each = ledgers_.begin(); each != ledgers_.end();) {
    const PlannedContactId id = each->first;
    if (graph_->contact(id).end >= now) {
      ++each;
      continue;
    }
    const auto entries = std::move(each->second.entries);
    each = ledgers_.erase(each);
    for (const auto& [place, takes] : entries) release(negated(place.second), id);
  }
}

VolumeBook::Ledger& VolumeBook::ledger(PlannedContactId contact) {
  const auto [found, fresh] = ledgers_.try_emplace(contact);
  if (fresh) found->second.from = graph_->contact(contact).start;
  return found->second;
}

void VolumeBook::erase(std::uint64_t bundle, std::size_t criticality, PlannedContactId contact) {
  const auto there = ledgers_.find(contact);
  if (there == ledgers_.end()) return;
  const auto entry = there->second.entries.find({criticality, negated(bundle)});
  if (entry == there->second.entries.end()) return;
  there->second.taken[criticality] -= entry->second;
  there->second.entries.erase(entry);
  refresh(contact);
}

void VolumeBook::refresh(PlannedContactId contact) {
  const Ledger& there = ledgers_.at(contact);
  Duration busy = there.from;
  for (std::size_t level = kCriticalities; level-- > 0;) {
    busy += there.taken[level];
    states_[level].busy_until.set(contact.value(), there.closed ? kNeverFree : busy);
  }
  if (there.entries.empty() && !there.closed && there.from == graph_->contact(contact).start)
    ledgers_.erase(contact);
}

}  // namespace skywarden::network
