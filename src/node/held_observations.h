// Observations in the order of their times, so that two nodes can find out cheaply what one of them lacks: a
// span of them has a fingerprint, and one that differs is opened into smaller ones, down to the keys.
// Aljoscha Meyer, "Range-Based Set Reconciliation", SRDS 2023 (arXiv 2212.13567), with spans between keys
// that are held.
//
// Bounded: when full the oldest goes, so nodes that hold too much keep the same newest ones. No I/O.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <map>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "datum/hotspot.h"

namespace skywarden::node {

struct ObservationKey {
  Instant time{};
  ObservationId id;
  friend constexpr auto operator<=>(const ObservationKey&, const ObservationKey&) = default;
};

[[nodiscard]] ObservationKey key_of(const datum::Hotspot& hotspot);

// The first 16 bytes of SHA-256 (FIPS 180-4) over the keys in their order, each as time in nanoseconds and
// id, 8 bytes little-endian both: who hands in observations cannot make two sets look the same.
using Fingerprint = std::array<std::byte, 16>;

// Both ends are part of it.
struct HeldSpan {
  ObservationKey first, last;
  std::size_t count = 0;
  Fingerprint fingerprint{};
  friend bool operator==(const HeldSpan&, const HeldSpan&) = default;
};

// What lies in a span that was opened: keys when they are few, else smaller spans. Ascending and apart.
struct HeldParts {
  std::vector<HeldSpan> spans;
  std::vector<ObservationKey> keys;
  friend bool operator==(const HeldParts&, const HeldParts&) = default;
};

inline constexpr std::size_t kPartsOfSpanMax = 16;
inline constexpr std::size_t kKeysOfSpanMax = 64;

class HeldObservations {
 public:
  explicit HeldObservations(std::size_t most) : most_(most) {}

  // False: held already, or older than all while it is full.
  bool put(const datum::Hotspot& hotspot);
  void forget_before(Instant time);

  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] bool full() const { return keys_.size() >= most_; }
  [[nodiscard]] ObservationKey oldest() const { return keys_.front(); }  // expects size() > 0
  [[nodiscard]] const datum::Hotspot* find(const ObservationKey& key) const;
  // What is held from `first` to `last`; expects first <= last.
  [[nodiscard]] HeldSpan span(const ObservationKey& first, const ObservationKey& last) const;
  [[nodiscard]] std::size_t count(const ObservationKey& first, const ObservationKey& last) const;
  // At most kKeysOfSpanMax keys or kPartsOfSpanMax spans are appended.
  void open(const ObservationKey& first, const ObservationKey& last, HeldParts& out) const;

 private:
  void forget(std::size_t oldest);

  std::size_t most_;
  std::vector<ObservationKey> keys_;  // ascending; side by side, because fingerprints read many of them
  std::map<ObservationKey, datum::Hotspot> held_;
};

}  // namespace skywarden::node
