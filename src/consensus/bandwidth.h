// How fast data gets through to one member: the transfers of a sliding window, the slowest and the fastest
// fifth cut off, bytes over time of the rest. Passive first: whatever is sent anyway counts; probes fill gaps
// (round_trips.h). The score compares with what the group needs, not with the fastest member: B_i / B_max
// would let one member that claims a lot shrink everybody else.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "base/time.h"
#include "consensus/score.h"

namespace skywarden::consensus {

struct BandwidthOptions {
  Duration window = std::chrono::minutes(5);
  std::size_t transfers_min = 3;                     // fewer say nothing
  std::uint64_t bits_per_second_enough = 1'000'000;  // for the full score
};

class Bandwidth {
 public:
  // `took`: until the last byte was there; less than a microsecond counts as one.
  void add(std::uint64_t bytes, Duration took, Instant now, const BandwidthOptions& options);
  [[nodiscard]] std::optional<std::uint64_t> bits_per_second(Instant now,
                                                             const BandwidthOptions& options) const;
  // Nothing measured: kScoreNeutral.
  [[nodiscard]] Score score(Instant now, const BandwidthOptions& options) const;

 private:
  struct Transfer {
    Instant at;
    std::uint64_t bytes;
    Duration took;
  };
  std::deque<Transfer> transfers_;  // at most kTransfersMax
};

}  // namespace skywarden::consensus
