#include "node/catch_up.h"

#include <algorithm>
#include <iterator>

#include "wildfire/footprint.h"

namespace skywarden::node {
namespace {

constexpr std::size_t kOpenSpansMax = 4 * kSpansPerAnswerMax;  // what is beyond is found the next time

template <typename Value>
std::vector<Value> take_last(std::vector<Value>& all, std::size_t most) {
  const auto first = all.end() - static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::vector<Value> taken(std::make_move_iterator(first), std::make_move_iterator(all.end()));
  all.erase(first, all.end());
  return taken;
}

bool within(const std::vector<HeldSpan>& spans, const ObservationKey& first, const ObservationKey& last) {
  return std::any_of(spans.begin(), spans.end(),
                     [&](const HeldSpan& span) { return span.first <= first && last <= span.last; });
}

}  // namespace

bool CatchUp::fits(const datum::Hotspot& hotspot, Instant now) const {
  return hotspot.time <= now + options_.clock_skew && hotspot.time >= now - options_.lateness &&
         wildfire::footprint(hotspot).has_value();
}

void CatchUp::hold(std::span<const datum::Hotspot> hotspots, Instant now) {
  for (const datum::Hotspot& hotspot : hotspots)
    if (fits(hotspot, now)) held_.put(hotspot);
}

CatchUp::Step CatchUp::receive(NodeId from, const CatchUpMessage& message, Instant now) {
  Step out;
  std::visit([&](const auto& body) { on(from, body, now, out); }, message);
  return out;
}

CatchUp::Step CatchUp::tick(std::span<const NodeId> connected, Instant now) {
  Step out;
  held_.forget_before(now - options_.lateness);
  for (auto& [node, partner] : partners_)
    partner.connected = std::binary_search(connected.begin(), connected.end(), node) && partner.connected;
  for (const NodeId node : connected) {
    Partner& partner = partners_[node];
    // Either of the two may have been away; but not again and again with one that breaks off instead of
    // answering.
    if (!partner.connected && !partner.broke_off) partner.due = now;
    partner.connected = true;
  }
  if (comparison_ &&
      (!partners_[comparison_->with].connected || (comparison_->waiting && comparison_->next_at <= now)))
    end(now, false, out);
  if (!comparison_) {
    const auto next = std::min_element(partners_.begin(), partners_.end(), [](const auto& a, const auto& b) {
      return a.second.connected != b.second.connected ? a.second.connected : a.second.due < b.second.due;
    });
    if (next != partners_.end() && next->second.connected && next->second.due <= now) begin(next->first, now);
  }
  if (comparison_ && !comparison_->waiting && comparison_->next_at <= now) ask(now, out);
  return out;
}

Instant CatchUp::next_deadline() const {
  if (comparison_) return comparison_->next_at;
  Instant next = Instant::max();
  for (const auto& [node, partner] : partners_)
    if (partner.connected) next = std::min(next, partner.due);
  return next;
}

std::size_t CatchUp::missing() const {
  if (!comparison_) return 0;
  std::size_t sum = comparison_->wanted.size() + comparison_->asked_keys.size();
  for (const std::vector<HeldSpan>* spans : {&comparison_->open, &comparison_->asked_spans})
    for (const HeldSpan& span : *spans) {
      const std::size_t own = held_.count(span.first, span.last);
      sum += span.count > own ? span.count - own : 0;
    }
  return sum;
}

// ---- asking

void CatchUp::begin(NodeId with, Instant now) {
  comparison_ = Comparison();
  comparison_->with = with;
  comparison_->next_at = now;
  HeldSpan all;
  all.first = {now - options_.lateness, ObservationId()};
  all.last = {now + options_.clock_skew, ObservationId(UINT64_MAX)};
  if (held_.size() > 0 && held_.full()) all.first = std::max(all.first, held_.oldest());
  comparison_->open.push_back(all);
}

void CatchUp::ask(Instant now, Step& out) {
  Comparison& now_asking = *comparison_;
  now_asking.asked_spans.clear();
  now_asking.asked_keys.clear();
  Partner& partner = partners_[now_asking.with];
  // What came another way meanwhile is not wanted any more.
  std::erase_if(now_asking.wanted, [&](const ObservationKey& key) { return held_.find(key) != nullptr; });
  const bool fetches = !now_asking.wanted.empty();
  if (!fetches && now_asking.open.empty())
    return end(now, !now_asking.differs || now_asking.fetched > 0, out);
  if (now_asking.questions >= options_.questions_max) return end(now, now_asking.fetched > 0, out);
  const std::size_t most = std::min(kKeysPerFetchMax, may_fetch(partner, now));
  if (fetches && most == 0) return end(now, false, out);
  now_asking.number = ++last_number_;
  now_asking.waiting = true;
  now_asking.next_at = now + options_.patience;
  ++now_asking.questions;
  if (fetches) {
    now_asking.asked_keys = take_last(now_asking.wanted, most);
    partner.asked_until =
        std::max(partner.asked_until, now) + cost() * static_cast<std::int64_t>(now_asking.asked_keys.size());
    out.send.emplace_back(now_asking.with, FetchObservations{now_asking.number, now_asking.asked_keys});
    return;
  }
  now_asking.asked_spans = take_last(now_asking.open, kSpansPerQuestionMax);
  CompareHeld question{now_asking.number, {}};
  for (const HeldSpan& span : now_asking.asked_spans)
    question.spans.push_back(held_.span(span.first, span.last));
  out.send.emplace_back(now_asking.with, std::move(question));
}

void CatchUp::end(Instant now, bool of_use, Step& out) {
  Partner& partner = partners_[comparison_->with];
  partner.broke_off = comparison_->waiting;
  const Duration wait_min = partner.broke_off ? options_.retry_first : options_.compare_every;
  partner.wait = of_use ? Duration::zero() : std::clamp(partner.wait * 2, wait_min, options_.compare_rarest);
  partner.due = now + (of_use ? options_.compare_every : partner.wait);
  if (comparison_->fetched > 0) out.ended = {comparison_->with, comparison_->fetched};
  comparison_.reset();
}

Duration CatchUp::cost() const {
  return options_.lateness / static_cast<std::int64_t>(std::max<std::size_t>(options_.held_max, 1));
}

std::size_t CatchUp::may_fetch(const Partner& partner, Instant now) const {
  const Instant until = std::max(partner.asked_until, now);
  return static_cast<std::size_t>(std::max<std::int64_t>((now + options_.lateness - until) / cost(), 0));
}

bool CatchUp::is_answer(NodeId from, std::uint64_t number) const {
  return comparison_ && comparison_->waiting && comparison_->with == from && comparison_->number == number;
}

void CatchUp::on(NodeId from, const HeldCompared& message, Instant now, Step&) {
  if (!is_answer(from, message.number) || comparison_->asked_spans.empty()) return;
  Comparison& now_asking = *comparison_;
  for (const HeldSpan& span : message.parts.spans) {
    if (now_asking.open.size() >= kOpenSpansMax) break;
    if (!within(now_asking.asked_spans, span.first, span.last)) continue;
    if (held_.span(span.first, span.last).fingerprint == span.fingerprint) continue;
    now_asking.open.push_back(span);
  }
  for (const ObservationKey& key : message.parts.keys)
    if (held_.find(key) == nullptr && within(now_asking.asked_spans, key, key))
      now_asking.wanted.push_back(key);
  now_asking.differs = now_asking.differs || !message.parts.spans.empty() || !message.parts.keys.empty();
  now_asking.asked_spans.clear();
  now_asking.waiting = false;
  now_asking.next_at = now + options_.pause;
}

void CatchUp::on(NodeId from, const ObservationsFetched& message, Instant now, Step& out) {
  if (!is_answer(from, message.number) || comparison_->asked_keys.empty()) return;
  Comparison& now_asking = *comparison_;
  for (const datum::Hotspot& hotspot : message.hotspots) {
    if (std::erase(now_asking.asked_keys, key_of(hotspot)) == 0 || !fits(hotspot, now)) continue;
    held_.put(hotspot);
    out.fetched.push_back(hotspot);
  }
  now_asking.fetched += out.fetched.size();
  fetched_ += out.fetched.size();
  now_asking.asked_keys.clear();  // what did not come is not there any more
  now_asking.waiting = false;
  now_asking.next_at = now + options_.pause;
}

// ---- answering

// An asker waits a pause after each answer.
bool CatchUp::may_answer(NodeId from, Instant now) {
  Partner& partner = partners_[from];
  if (now < partner.not_answered_to) return false;
  partner.not_answered_to = now + options_.pause / 2;
  return true;
}

void CatchUp::on(NodeId from, const CompareHeld& message, Instant now, Step& out) {
  if (!may_answer(from, now)) return;
  HeldCompared answer{message.number, {}};
  for (const HeldSpan& theirs : message.spans)
    if (held_.span(theirs.first, theirs.last).fingerprint != theirs.fingerprint)
      held_.open(theirs.first, theirs.last, answer.parts);
  out.send.emplace_back(from, std::move(answer));
}

void CatchUp::on(NodeId from, const FetchObservations& message, Instant now, Step& out) {
  if (!may_answer(from, now)) return;
  ObservationsFetched answer{message.number, {}};
  for (const ObservationKey& key : message.keys)
    if (const datum::Hotspot* hotspot = held_.find(key)) answer.hotspots.push_back(*hotspot);
  out.send.emplace_back(from, std::move(answer));
}

}  // namespace skywarden::node
