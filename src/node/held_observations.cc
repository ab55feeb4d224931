#include "node/held_observations.h"

#include <openssl/evp.h>

#include <algorithm>

#include "base/contract.h"

namespace skywarden::node {
namespace {

constexpr std::size_t kKeyBytes = 16;

void append(std::vector<unsigned char>& out, std::uint64_t value) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<unsigned char>(value >> (8 * i)));
}

Fingerprint fingerprint_of(const std::vector<unsigned char>& keys) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  const bool done = EVP_Digest(keys.data(), keys.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1;
  EXPECTS(done);
  Fingerprint first{};
  std::transform(hash.begin(), hash.begin() + first.size(), first.begin(),
                 [](unsigned char c) { return static_cast<std::byte>(c); });
  return first;
}

// Of keys that follow each other; expects one at least.
template <typename Iterator>
HeldSpan span_of(Iterator begin, Iterator end, std::size_t count) {
  std::vector<unsigned char> keys;
  keys.reserve(count * kKeyBytes);
  HeldSpan span;
  span.first = begin->first;
  for (; begin != end; ++begin) {
    span.last = begin->first;
    append(keys, static_cast<std::uint64_t>(span.last.time.time_since_epoch().count()));
    append(keys, span.last.id.value());
  }
  span.count = count;
  span.fingerprint = fingerprint_of(keys);
  return span;
}

}  // namespace

ObservationKey key_of(const datum::Hotspot& hotspot) {
  return {hotspot.time, hotspot.id};
}

bool HeldObservations::put(const datum::Hotspot& hotspot) {
  const ObservationKey key = key_of(hotspot);
  if (most_ == 0 || (full() && key < oldest())) return false;
  if (!held_.emplace(key, hotspot).second) return false;
  if (held_.size() > most_) held_.erase(held_.begin());
  return true;
}

void HeldObservations::forget_before(Instant time) {
  held_.erase(held_.begin(), held_.lower_bound({time, ObservationId()}));
}

const datum::Hotspot* HeldObservations::find(const ObservationKey& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : &found->second;
}

HeldSpan HeldObservations::span(const ObservationKey& first, const ObservationKey& last) const {
  EXPECTS(first <= last);
  const auto begin = held_.lower_bound(first), end = held_.upper_bound(last);
  HeldSpan span;
  if (begin == end)
    span.fingerprint = fingerprint_of({});
  else
    span = span_of(begin, end, static_cast<std::size_t>(std::distance(begin, end)));
  span.first = first;
  span.last = last;
  return span;
}

void HeldObservations::open(const ObservationKey& first, const ObservationKey& last, HeldParts& out) const {
  EXPECTS(first <= last);
  auto begin = held_.lower_bound(first);
  const auto end = held_.upper_bound(last);
  auto left = static_cast<std::size_t>(std::distance(begin, end));
  if (left <= kKeysOfSpanMax) {
    for (; begin != end; ++begin) out.keys.push_back(begin->first);
    return;
  }
  for (std::size_t parts = std::min(kPartsOfSpanMax, (left - 1) / kKeysOfSpanMax + 1); parts > 0; --parts) {
    const std::size_t count = left / parts;
    const auto next = std::next(begin, static_cast<std::ptrdiff_t>(count));
    out.spans.push_back(span_of(begin, next, count));
    begin = next;
    left -= count;
  }
}

}  // namespace skywarden::node
