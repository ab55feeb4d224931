// What a forwarder sends on a contact that is open: in which order, what interrupts what, and what becomes of
// that to which no answer comes.
#include <algorithm>

#include "network/forwarder.h"

namespace skywarden::network {

// Those without an answer in time were lost: again while the contact lasts, else another way.
void Forwarder::end_waits(Duration now) {
  std::vector<std::pair<PlannedContactId, std::uint64_t>> lost;
  for (auto& [contact, link] : links_) {
    const auto waiting = std::ranges::find_if(link.flying, [&](const Flying& f) { return f.due > now; });
    for (auto each = link.flying.begin(); each != waiting; ++each) lost.emplace_back(contact, each->slot);
    link.flying.erase(link.flying.begin(), waiting);
  }
  for (const auto& [contact, slot] : lost) {
    if (slot == kNewsSlot) {
      tell_again(links_.at(contact));
      continue;
    }
    const auto found = custody_.find(slot);
    if (found == custody_.end()) continue;
    if (found->second.critical()) {
      if (!underway(links_.at(contact), slot)) copy_again(slot, contact, now);
    } else if (links_.at(contact).open) {
      queues_[contact].insert(urgency(found->second, slot));
    } else {
      fail_way(slot, now);
    }
  }
  std::erase_if(links_, [](const auto& each) { return !each.second.open && each.second.flying.empty(); });
}

void Forwarder::pump(Duration now, Effects& effects) {
  for (auto& [contact, link] : links_)
    if (link.open) start_sending(contact, link, now, effects);
}

void Forwarder::start_sending(PlannedContactId contact, Link& link, Duration now, Effects& effects) {
  if (link.current && !interrupt(contact, link, now, effects)) return;
  if (link.flying.size() >= options_.flying_max) return;
  auto sending = next_repeat(contact, link, now);
  if (!sending) sending = next_copy(contact, link, 0, now);
  std::optional<Tell> news;
  if (!sending) news = next_news(contact, link, now);
  if (!sending && !news) sending = next_copy(contact, link, 2, now);
  if (!sending && !news) news = next_arrivals(contact, link, now);
  if (news) {
    link.current = Sending{kNewsSlot, now, news->takes, true, false, {}};
    effects.emplace_back(std::move(*news));
    return;
  }
  bool resumed = false;
  if (!sending && link.suspended) {
    const Sending rest = *link.suspended;
    link.suspended.reset();
    resumed = now + rest.takes <= planned(contact).end;
    if (resumed)
      sending = Sending{rest.slot, now, rest.takes, false, false, {}};
    else if (const auto custody = custody_.find(rest.slot); custody != custody_.end())
      queues_[contact].insert(urgency(custody->second, rest.slot));  // routed anew when the contact ends
  }
  if (!sending) sending = next_single(contact, now);
  if (!sending) return;
  link.current = sending;
  effects.emplace_back(Send{contact, sending->slot, sending->takes, resumed});
}

// True when the contact is free for a critical bundle or for news now.
bool Forwarder::interrupt(PlannedContactId contact, Link& link, Duration now, Effects& effects) {
  if (link.current->critical) return give_way(contact, link, now, effects);
  if (link.suspended) return false;
  const Duration left = link.current->takes - (now - link.current->since);
  if (left <= Duration::zero()) return false;
  const bool copy_fits = !link.copies.empty() &&
                         now + takes(custody_.at(link.copies.front().slot), contact) <= planned(contact).end;
  if (!copy_fits && !has_news(contact, link)) return false;
  link.suspended = Sending{link.current->slot, now, left, false, false, {}};
  link.current.reset();
  effects.emplace_back(Suspend{contact, link.suspended->slot});
  return true;
}

// Second sendings, news, and copies that another contact is better for give way to a first copy that would
// come late for waiting.
bool Forwarder::give_way(PlannedContactId contact, Link& link, Duration now, Effects& effects) {
  if (!options_.lossy_links || link.copies.empty() || link.flying.size() >= options_.flying_max) return false;
  const WaitingCopy& first = link.copies.front();
  if (now + takes(custody_.at(first.slot), contact) > planned(contact).end) return false;
  const Sending current = *link.current;
  const Duration left = current.takes - (now - current.since);
  if (left <= Duration::zero()) return false;
  if (first.rank == kToOther || first.leave >= now + left) return false;
  if (!current.repeat && current.slot != kNewsSlot && current.copy.rank != kToOther) return false;
  link.current.reset();
  effects.emplace_back(Abort{contact});
  if (current.slot == kNewsSlot)
    tell_again(link);
  else if (!critical_.contains(current.slot))
    return true;
  else if (current.repeat)
    link.repeats.insert(current.copy);
  else if (!underway(link, current.slot) && custody_.at(current.slot).holders.erase(planned(contact).to) > 0)
    link.copies.insert(current.copy);
  return true;
}

std::optional<Forwarder::Sending> Forwarder::next_single(PlannedContactId contact, Duration now) {
  const auto queue = queues_.find(contact);
  if (queue == queues_.end()) return std::nullopt;
  for (auto each = queue->second.begin(); each != queue->second.end();) {
    const Custody& custody = custody_.at(each->second);
    if (now + takes(custody, contact) > planned(contact).end || custody.expires <= now) {
      ++each;  // a smaller one may fit; this one is routed anew when the contact ends
      continue;
    }
    const Sending sending{each->second, now, takes(custody, contact), false, false, {}};
    queue->second.erase(each);
    return sending;
  }
  return std::nullopt;
}

}  // namespace skywarden::network
