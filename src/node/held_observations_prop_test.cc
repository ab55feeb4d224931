#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "node/held_observations.h"
#include "node/hotspot_example.h"

namespace skywarden::node {
namespace {

const Instant kStart = parse_utc("2026-07-01T00:00:00Z").value();

std::vector<datum::Hotspot> some_pixels(int most) {
  const int count = *rc::gen::inRange(0, most);
  std::vector<datum::Hotspot> all;
  for (int i = 0; i < count; ++i) {
    const int minute = *rc::gen::inRange(0, 20);
    all.push_back(example::pixel(kStart + std::chrono::minutes(minute), *rc::gen::inRange(0, most)));
  }
  return all;
}

ObservationKey some_key() {
  const int minute = *rc::gen::inRange(-1, 21);
  return {kStart + std::chrono::minutes(minute), ObservationId(*rc::gen::arbitrary<std::uint64_t>())};
}

std::vector<ObservationKey> within(const std::set<ObservationKey>& all, const ObservationKey& first,
                                   const ObservationKey& last) {
  return {all.lower_bound(first), all.upper_bound(last)};
}

// Down to the keys, a span after the other.
void open_all(const HeldObservations& held, const ObservationKey& first, const ObservationKey& last,
              std::vector<ObservationKey>& out) {
  HeldParts parts;
  held.open(first, last, parts);
  RC_ASSERT((parts.spans.empty() || parts.keys.empty()));
  RC_ASSERT(parts.spans.size() <= kPartsOfSpanMax);
  RC_ASSERT(parts.keys.size() <= kKeysOfSpanMax);
  out.insert(out.end(), parts.keys.begin(), parts.keys.end());
  for (const HeldSpan& span : parts.spans) {
    RC_ASSERT(span == held.span(span.first, span.last));
    open_all(held, span.first, span.last, out);
  }
}

TEST_CASE("the newest are held, and a span that is opened to the end gives what lies in it, in order") {
  CHECK(rc::check([] {
    const auto most = *rc::gen::inRange<std::size_t>(1, 3000);
    HeldObservations held(most);
    std::set<ObservationKey> reference;
    for (const datum::Hotspot& each : some_pixels(2500)) {
      const bool is_news = held.put(each);
      const bool fits = reference.size() < most || *reference.begin() < key_of(each);
      RC_ASSERT(is_news == (fits && reference.insert(key_of(each)).second));
      if (reference.size() > most) reference.erase(reference.begin());
    }
    const Instant cut = kStart + std::chrono::minutes(*rc::gen::inRange(0, 10));
    held.forget_before(cut);
    std::erase_if(reference, [&](const ObservationKey& key) { return key.time < cut; });
    RC_ASSERT(held.size() == reference.size());
    for (const ObservationKey& key : reference) RC_ASSERT(key_of(*held.find(key)) == key);
    auto first = some_key(), last = some_key();
    if (last < first) std::swap(first, last);
    std::vector<ObservationKey> opened;
    open_all(held, first, last, opened);
    RC_ASSERT(opened == within(reference, first, last));
    RC_ASSERT(held.span(first, last).count == opened.size());
  }));
}

TEST_CASE("two spans have one fingerprint when the same keys lie in them, and else another") {
  CHECK(rc::check([] {
    HeldObservations one(10'000), other(10'000);
    auto pixels = some_pixels(300);
    for (const datum::Hotspot& each : pixels) one.put(each);
    std::reverse(pixels.begin(), pixels.end());
    std::set<ObservationKey> lacking;
    for (const datum::Hotspot& each : pixels)
      if (*rc::gen::inRange(0, 100) == 0)
        lacking.insert(key_of(each));
      else
        other.put(each);
    std::erase_if(lacking, [&](const ObservationKey& key) { return other.find(key) != nullptr; });
    auto first = some_key(), last = some_key();
    if (last < first) std::swap(first, last);
    const bool same = one.span(first, last).fingerprint == other.span(first, last).fingerprint;
    RC_ASSERT(same == within(lacking, first, last).empty());
  }));
}

}  // namespace
}  // namespace skywarden::node
