// The times and limits of a Raft group. All members should use the same.
//
// Choosing times. Let D be the longest one-way delay including jitter. An election needs three round trips
// (pre-vote, vote, first append), and a follower must not lose patience while two heartbeats in a row are
// lost:
//     heartbeat ≥ D,  election_timeout_min ≥ 3 heartbeat + 2 D at most,  election_timeout_max = 2 × min.
// The defaults suit D ≤ 30 ms. A killed leader is missed at most election_timeout_max after its last
// heartbeat arrived, and the next commit follows three round trips later. for_delay(D) scales by this rule.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/result.h"
#include "base/time.h"

namespace skywarden::consensus {

struct RaftOptions {
  Duration heartbeat = std::chrono::milliseconds(50);
  Duration election_timeout_min =
      std::chrono::milliseconds(200);  // also how long a heard leader is protected
  Duration election_timeout_max = std::chrono::milliseconds(400);

  std::size_t entries_per_message_max = 256;
  std::size_t bytes_per_message_max = std::size_t{256} << 10;  // of payload; also the largest single payload
  std::size_t inflight_max = 64;  // unanswered messages with entries, per follower
  std::size_t uncommitted_bytes_max = std::size_t{16} << 20;  // proposals beyond are refused as unavailable

  [[nodiscard]] static RaftOptions for_delay(Duration one_way_max);
  [[nodiscard]] Result<void> validate() const;
};

}  // namespace skywarden::consensus
