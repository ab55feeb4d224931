#include "network/arrival_log.h"

#include <algorithm>

namespace skywarden::network {

bool ArrivalLog::add(const BundleId& id, Instant expires, std::optional<Vertex> from) {
  if (!serials_.emplace(id, serial_ + 1).second) return false;
  entries_.emplace(++serial_, Entry{id, expires, from});
  by_expiry_.emplace(expires, serial_);
  while (entries_.size() > max_) forget_first();
  return true;
}

std::optional<Instant> ArrivalLog::expiry_of(const BundleId& id) const {
  const auto found = serials_.find(id);
  return found == serials_.end() ? std::nullopt : std::optional(entries_.at(found->second).expires);
}

void ArrivalLog::expire(Instant now) {
  while (!by_expiry_.empty() && by_expiry_.begin()->first <= now) forget_first();
}

void ArrivalLog::forget_first() {
  const auto entry = entries_.find(by_expiry_.begin()->second);
  by_expiry_.erase(by_expiry_.begin());
  serials_.erase(entry->second.id);
  entries_.erase(entry);
}

ArrivalLog::Untold ArrivalLog::untold(Vertex neighbour, std::size_t max) const {
  const auto told = told_.find(neighbour);
  Untold out;
  out.up_to = told == told_.end() ? 0 : told->second;
  if (out.up_to == serial_) return out;
  for (auto each = entries_.upper_bound(out.up_to); each != entries_.end(); ++each) {
    const Entry& entry = each->second;
    if (entry.from != neighbour && can_be_told(entry.id)) {
      if (out.arrived.size() == max) break;
      out.arrived.push_back({entry.id, entry.expires});
    }
    out.up_to = each->first;
  }
  return out;
}

void ArrivalLog::told(Vertex neighbour, std::uint64_t up_to) {
  std::uint64_t& before = told_[neighbour];
  before = std::max(before, up_to);
}

}  // namespace skywarden::network
