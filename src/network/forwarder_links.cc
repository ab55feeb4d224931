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
    if (found->second.critical())
      copy_again(slot, contact, now);
    else if (links_.at(contact).open)
      queues_[contact].insert(urgency(found->second, slot));
    else
      fail_way(slot, now);
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
  auto send = next_copy(contact, link, 0, now);
  std::optional<Tell> news;
  if (!send) news = next_news(contact, link, now);
  if (!send && !news) send = next_copy(contact, link, 2, now);
  if (!send && !news) news = next_arrivals(contact, link, now);
  if (news) {
    link.current = Sending{kNewsSlot, now, news->takes, true};
    effects.emplace_back(std::move(*news));
    return;
  }
  if (!send && link.suspended) {
    const Sending rest = *link.suspended;
    link.suspended.reset();
    if (now + rest.takes <= planned(contact).end)
      send = Send{contact, rest.slot, rest.takes, true};
    else if (const auto custody = custody_.find(rest.slot); custody != custody_.end())
      queues_[contact].insert(urgency(custody->second, rest.slot));  // routed anew when the contact ends
  }
  if (!send) send = next_single(contact, now);
  if (!send) return;
  link.current = Sending{send->slot, now, send->takes, critical_.contains(send->slot)};
  effects.emplace_back(*send);
}

// True when the contact is free for a critical bundle or for news now.
bool Forwarder::interrupt(PlannedContactId contact, Link& link, Duration now, Effects& effects) {
  if (link.suspended || link.current->critical) return false;
  const Duration left = link.current->takes - (now - link.current->since);
  if (left <= Duration::zero()) return false;
  const bool copy_fits = !link.copies.empty() &&
                         now + takes(custody_.at(link.copies.front().slot), contact) <= planned(contact).end;
  if (!copy_fits && !has_news(contact, link)) return false;
  link.suspended = Sending{link.current->slot, now, left, false};
  link.current.reset();
  effects.emplace_back(Suspend{contact, link.suspended->slot});
  return true;
}

std::optional<Send> Forwarder::next_single(PlannedContactId contact, Duration now) {
  const auto queue = queues_.find(contact);
  if (queue == queues_.end()) return std::nullopt;
  for (auto each = queue->second.begin(); each != queue->second.end();) {
    const Custody& custody = custody_.at(each->second);
    if (now + takes(custody, contact) > planned(contact).end || custody.expires <= now) {
      ++each;  // a smaller one may fit; this one is routed anew when the contact ends
      continue;
    }
    const Send send{contact, each->second, takes(custody, contact), false};
    queue->second.erase(each);
    return send;
  }
  return std::nullopt;
}

}  // namespace skywarden::network
