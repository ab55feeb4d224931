#include "network/link_emulator.h"

#include <algorithm>
#include <utility>

#include "base/contract.h"

namespace skywarden::network {

Result<void> LinkEmulatorOptions::validate() const {
  if (!(loss >= 0.0 && loss < 1.0))
    return fail(Errc::kOutOfRange, "a loss of {}, expected 0 to below 1", loss);
  if (!(burst >= 1.0 && burst <= 1e6))
    return fail(Errc::kOutOfRange, "bursts of {} packets, expected 1…1e6", burst);
  if (loss > burst / (1.0 + burst))
    return fail(Errc::kOutOfRange, "a loss of {} needs bursts longer than {} packets", loss, burst);
  return {};
}

LinkEmulator::LinkEmulator(std::vector<PlannedContact> contacts, const LinkEmulatorOptions& options)
    : options_(options), contacts_(std::move(contacts)), random_(options.seed) {
  EXPECTS(options_.validate().has_value());
  std::sort(contacts_.begin(), contacts_.end(), [](const PlannedContact& a, const PlannedContact& b) {
    return std::pair(a.start, a.end) < std::pair(b.start, b.end);
  });
}

// Stationary probability of the bad state: loss; mean stay there: burst.
bool LinkEmulator::draw_loss() {
  if (options_.loss == 0.0) return false;
  if (options_.burst == 1.0) return random_.chance(options_.loss);
  const double leave = 1.0 / options_.burst;
  const double enter = leave * options_.loss / (1.0 - options_.loss);
  in_burst_ = random_.chance(in_burst_ ? 1.0 - leave : enter);
  return in_burst_;
}

// Where it leaves first; the earlier arrival among equals.
std::optional<LinkEmulator::Slot> LinkEmulator::slot(std::uint64_t charge, Duration from, bool twice) const {
  std::optional<Slot> best;
  for (std::size_t i = first_; i < contacts_.size(); ++i) {
    const PlannedContact& contact = contacts_[i];
    if (best && contact.start >= best->left) break;
    const Duration begun = std::max({from, free_, contact.start});
    const Duration takes = transmission_time(charge, contact.rate);
    if (contact.end < begun || takes > contact.end - begun) continue;
    Slot found{begun, begun + takes, {}, begun + takes};
    if (twice) {
      found.left = begun + 2 * takes + 2 * contact.light_time;
      found.taken_until = begun + 2 * takes;
      if (found.left > contact.end) continue;
    }
    found.at = found.left + contact.light_time;
    if (!best || std::pair(found.left, found.at) < std::pair(best->left, best->at)) best = found;
  }
  return best;
}

void LinkEmulator::pass_to(Duration now) {
  while (first_ < contacts_.size() && contacts_[first_].end < now) ++first_;
  while (!waiting_.empty() && waiting_.front().first <= now) {
    waiting_bytes_ -= waiting_.front().second;
    waiting_.pop_front();
  }
}

bool LinkEmulator::has_room(Duration now) {
  pass_to(now);
  return waiting_bytes_ < options_.queue_bytes_max && flight_bytes_ < options_.flight_bytes_max &&
         flight_.size() < options_.packets_max && waiting_.size() < options_.packets_max;
}

std::optional<Duration> LinkEmulator::room_at() const {
  return waiting_.empty() ? std::nullopt : std::optional(waiting_.front().first);
}

bool LinkEmulator::open(Duration now) const {
  return std::any_of(
      contacts_.begin() + static_cast<std::ptrdiff_t>(first_), contacts_.end(),
      [&](const PlannedContact& contact) { return contact.start <= now && now <= contact.end; });
}

void LinkEmulator::admit(EmulatedPacket packet, const Slot& slot) {
  free_ = slot.taken_until;
  waiting_.emplace_back(
      std::max(slot.taken_until, waiting_.empty() ? Duration::min() : waiting_.back().first), packet.charge);
  waiting_bytes_ += packet.charge;
  last_arrival_ = std::max(slot.at, last_arrival_);
  flight_bytes_ += packet.bytes.size();
  flight_.push_back({std::move(packet), slot.begun, slot.left, last_arrival_});
}

LinkOffer LinkEmulator::datagram(EmulatedPacket packet, Duration now) {
  EXPECTS(packet.charge > 0);
  if (!has_room(now)) return LinkOffer::kFull;
  if (!open(now)) return LinkOffer::kNoContact;
  const auto found = slot(packet.charge, now, false);
  // It must not wait for a contact that is not open yet.
  if (!found || (found->begun > now && found->begun > free_)) return LinkOffer::kNoContact;
  if (draw_loss()) {
    free_ = found->taken_until;
    waiting_.emplace_back(found->left, packet.charge);
    waiting_bytes_ += packet.charge;
    return LinkOffer::kLost;
  }
  admit(std::move(packet), *found);
  return LinkOffer::kTaken;
}

LinkOffer LinkEmulator::chunk(EmulatedPacket& packet, Duration now) {
  EXPECTS(packet.charge > 0);
  if (!has_room(now)) return LinkOffer::kFull;
  if (!drawn_) drawn_ = draw_loss();
  const auto found = slot(packet.charge, now, *drawn_);
  if (!found) return LinkOffer::kNoContact;
  drawn_.reset();
  admit(std::move(packet), *found);
  return LinkOffer::kTaken;
}

std::optional<Duration> LinkEmulator::next_at() const {
  return flight_.empty() ? std::nullopt : std::optional(flight_.front().at);
}

std::optional<EmulatedArrival> LinkEmulator::take(Duration now) {
  if (flight_.empty() || flight_.front().at > now) return std::nullopt;
  EmulatedArrival arrival = std::move(flight_.front());
  flight_.pop_front();
  flight_bytes_ -= arrival.packet.bytes.size();
  return arrival;
}

}  // namespace skywarden::network
