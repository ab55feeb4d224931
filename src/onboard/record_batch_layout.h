// What writer and reader of a record batch must agree on beyond CBOR: how many items, which keys, and how
// runs of missing reasons are written. Private to record_batch.cc and record_batch_decode.cc.
#pragma once

#include <cstdint>
#include <vector>

#include "datum/field.h"

namespace skywarden::onboard::layout {

inline constexpr std::uint64_t kBatchItems = 6;   // version, schema, fingerprint, base time, unit, streams
inline constexpr std::uint64_t kStreamItems = 4;  // name, provenance, times, columns
inline constexpr std::uint64_t kPresenceKey = 0, kValuesKey = 1, kReasonsKey = 2;
inline constexpr std::uint64_t kReasons = 8;  // as many as MissingReason has
static_assert(static_cast<std::uint64_t>(datum::MissingReason::kDropped) == kReasons - 1);

// A run is its length − 1, times kReasons, plus the reason.
inline void add_reason(std::vector<std::uint64_t>& runs, datum::MissingReason reason) {
  const auto code = static_cast<std::uint64_t>(reason);
  if (!runs.empty() && runs.back() % kReasons == code)
    runs.back() += kReasons;
  else
    runs.push_back(code);
}

// Then they are not written.
[[nodiscard]] inline bool are_all_dropped(const std::vector<std::uint64_t>& runs) {
  return runs.size() == 1 && runs[0] % kReasons == static_cast<std::uint64_t>(datum::MissingReason::kDropped);
}

}  // namespace skywarden::onboard::layout
