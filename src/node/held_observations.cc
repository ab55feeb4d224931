#include "node/held_observations.h"

#include <openssl/evp.h>

#include <algorithm>
#include <span>

#include "base/contract.h"
#include "base/little_endian.h"

namespace skywarden::node {
namespace {

using Keys = std::span<const ObservationKey>;

constexpr std::size_t kKeyBytes = 16;

Fingerprint fingerprint_of(Keys keys) {
  std::vector<std::byte> bytes(keys.size() * kKeyBytes);
  std::span<std::byte> out = bytes;
  for (const ObservationKey& key : keys) {
    put_little_endian(out.first(8), static_cast<std::uint64_t>(key.time.time_since_epoch().count()));
    put_little_endian(out.subspan(8, 8), key.id.value());
    out = out.subspan(kKeyBytes);
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  const bool done = EVP_Digest(bytes.data(), bytes.size(), hash.data(), nullptr, EVP_sha256(), nullptr) == 1;
  EXPECTS(done);
  Fingerprint first{};
  std::transform(hash.begin(), hash.begin() + first.size(), first.begin(),
                 [](unsigned char c) { return static_cast<std::byte>(c); });
  return first;
}

Keys within(Keys keys, const ObservationKey& first, const ObservationKey& last) {
  EXPECTS(first <= last);
  return {std::lower_bound(keys.begin(), keys.end(), first),
          std::upper_bound(keys.begin(), keys.end(), last)};
}

}  // namespace

ObservationKey key_of(const datum::Hotspot& hotspot) {
  return {hotspot.time, hotspot.id};
}

bool HeldObservations::put(const datum::Hotspot& hotspot) {
  const ObservationKey key = key_of(hotspot);
  if (most_ == 0 || (full() && key < oldest())) return false;
  if (!held_.emplace(key, hotspot).second) return false;
  keys_.insert(std::upper_bound(keys_.begin(), keys_.end(), key), key);
  if (keys_.size() > most_) forget(1);
  return true;
}

void HeldObservations::forget_before(Instant time) {
  const auto first = std::lower_bound(keys_.begin(), keys_.end(), ObservationKey{time, ObservationId()});
  forget(static_cast<std::size_t>(first - keys_.begin()));
}

void HeldObservations::forget(std::size_t oldest) {
  if (oldest == 0) return;
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(oldest);
  held_.erase(held_.begin(), first == keys_.end() ? held_.end() : held_.find(*first));
  keys_.erase(keys_.begin(), first);
}

const datum::Hotspot* HeldObservations::find(const ObservationKey& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : &found->second;
}

HeldSpan HeldObservations::span(const ObservationKey& first, const ObservationKey& last) const {
  const Keys keys = within(keys_, first, last);
  return {first, last, keys.size(), fingerprint_of(keys)};
}

std::size_t HeldObservations::count(const ObservationKey& first, const ObservationKey& last) const {
  return within(keys_, first, last).size();
}

void HeldObservations::open(const ObservationKey& first, const ObservationKey& last, HeldParts& out) const {
  Keys left = within(keys_, first, last);
  if (left.size() <= kKeysOfSpanMax) {
    out.keys.insert(out.keys.end(), left.begin(), left.end());
    return;
  }
  for (std::size_t parts = std::min(kPartsOfSpanMax, (left.size() - 1) / kKeysOfSpanMax + 1); parts > 0;
       --parts) {
    const Keys part = left.first(left.size() / parts);
    out.spans.push_back({part.front(), part.back(), part.size(), fingerprint_of(part)});
    left = left.subspan(part.size());
  }
}

}  // namespace skywarden::node
