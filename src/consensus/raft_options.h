// The times and limits of a Raft group. All members should use the same.
//
// Choosing times. Let D be the longest one-way delay, jitter included. A follower must not lose patience
// while two heartbeats in a row are lost and the third is late, and a round of pre-vote and vote (4 D) must
// fit in between:
//     heartbeat ≥ D,   election_timeout_min ≥ 3 heartbeat + D,   election_timeout_max = 2
//     election_timeout_min.
// The defaults satisfy this for D up to 50 ms; for_delay(D) scales them. After a leader dies the next commit
// follows at most election_timeout_max + 6 D (three round trips) later unless messages are lost or candidates
// collide.
//
// Where delays change, choose for the good times: patience grows with what is measured and shrinks again. A
// group that is told when contacts are (Raft's forecast) waits for them as well, and needs no timeouts as
// long as they are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/time.h"

namespace skywarden::consensus {

struct RaftOptions {
  Duration heartbeat = std::chrono::milliseconds(50);
  Duration election_timeout_min =
      std::chrono::milliseconds(200);  // also how long a heard leader is protected
  Duration election_timeout_max = std::chrono::milliseconds(400);
  // Where a leader was lately silent for longer than these times allow, its followers wait for as long as
  // the longest such silence and a heartbeat more; at most so many times longer. 1: never longer.
  int patience_growth_max = 10;

  std::size_t entries_per_message_max = 256;
  std::size_t bytes_per_message_max = std::size_t{256} << 10;  // of payload; also the largest single payload
  std::size_t inflight_max = 64;  // unanswered messages with entries, per follower
  std::size_t uncommitted_bytes_max = std::size_t{16} << 20;  // proposals beyond are refused as unavailable

  // A leader that a quorum heard within the last election_timeout_min, less what clocks may drift meanwhile,
  // answers reads without asking again. Its price: nodes that restart, and those whose leader just stepped
  // down, wait election_timeout_min before they vote. All members must agree on both.
  bool lease = false;
  std::uint32_t clock_drift_max_ppm = 1000;  // of any clock against true time, up or down; at most 100,000

  [[nodiscard]] Duration lease_length() const;  // from when the quorum was asked, by the leader's clock
  [[nodiscard]] static RaftOptions for_delay(Duration one_way_max);
  [[nodiscard]] Result<void> validate() const;
};

}  // namespace skywarden::consensus
