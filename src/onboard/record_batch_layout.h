// What writer and reader of a record batch must agree on beyond CBOR: how many items, which keys, and how
// runs of missing reasons are written. Private to record_batch.cc and record_batch_decode.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "datum/field.h"

namespace skywarden::onboard::layout {

inline constexpr std::uint64_t kBatchItems = 6;   // version, schema, fingerprint, base time, unit, streams
inline constexpr std::uint64_t kStreamItems = 4;  // name, provenance, times, columns
inline constexpr std::uint64_t kPresenceKey = 0, kValuesKey = 1, kReasonsKey = 2;
inline constexpr std::uint64_t kReasons = 8;  // as many as MissingReason has
static_assert(static_cast<std::uint64_t>(datum::MissingReason::kDropped) == kReasons - 1);

// Presence is a bit a record, or how many records lie before each one that is there, whichever is shorter.
[[nodiscard]] inline std::vector<std::uint64_t> gaps_of(const std::vector<bool>& here) {
  std::vector<std::uint64_t> gaps;
  std::uint64_t gap = 0;
  for (const bool is_here : here) {
    if (is_here)
      gaps.push_back(std::exchange(gap, 0));
    else
      ++gap;
  }
  return gaps;
}

[[nodiscard]] inline std::size_t head_bytes(std::uint64_t argument) {  // of a CBOR item
  return argument < 24 ? 1 : argument < 0x100 ? 2 : argument < 0x10000 ? 3 : argument < 0x100000000 ? 5 : 9;
}

[[nodiscard]] inline bool gaps_are_shorter(const std::vector<std::uint64_t>& gaps, std::size_t records) {
  std::size_t bytes = head_bytes(gaps.size());
  for (const std::uint64_t gap : gaps) bytes += head_bytes(gap);
  const std::size_t bitmap = (records + 7) / 8;
  return bytes < head_bytes(bitmap) + bitmap;
}

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
