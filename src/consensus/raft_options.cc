#include "consensus/raft_options.h"

#include <algorithm>

#include "consensus/message.h"

namespace skywarden::consensus {

RaftOptions RaftOptions::for_delay(Duration one_way_max) {
  RaftOptions options;
  options.heartbeat = std::max(options.heartbeat, one_way_max);
  options.election_timeout_min = std::max(options.election_timeout_min, 3 * options.heartbeat + one_way_max);
  options.election_timeout_max = 2 * options.election_timeout_min;
  return options;
}

// A follower's election_timeout_min takes at least min / (1 + d) of true time, in which the leader's clock
// shows at least min (1 − d) / (1 + d) > min (1 − 2 d).
Duration RaftOptions::lease_length() const {
  constexpr std::int64_t kMillion = 1'000'000;
  const std::int64_t kept = kMillion - 2 * static_cast<std::int64_t>(clock_drift_max_ppm);
  return Duration(election_timeout_min.count() / kMillion * kept);
}

Result<void> RaftOptions::validate() const {
  constexpr Duration kLongest = std::chrono::hours(24);
  const auto milliseconds = [](Duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  if (heartbeat <= Duration::zero())
    return fail(Errc::kOutOfRange, "raft: heartbeat {} ms, expected more than 0", milliseconds(heartbeat));
  if (election_timeout_min < 2 * heartbeat)
    return fail(Errc::kOutOfRange,
                "raft: election_timeout_min {} ms, expected two heartbeats ({} ms) or more",
                milliseconds(election_timeout_min), milliseconds(2 * heartbeat));
  if (election_timeout_max <= election_timeout_min || election_timeout_max > kLongest)
    return fail(Errc::kOutOfRange,
                "raft: election_timeout_max {} ms, expected above election_timeout_min, at most 24 h",
                milliseconds(election_timeout_max));
  constexpr int kGrowthMax = 1000;
  if (patience_growth_max < 1 || patience_growth_max > kGrowthMax)
    return fail(Errc::kOutOfRange, "raft: patience_growth_max {}, expected 1…{}", patience_growth_max,
                kGrowthMax);
  constexpr std::uint32_t kDriftMaxPpm = 100'000;
  if (clock_drift_max_ppm > kDriftMaxPpm)
    return fail(Errc::kOutOfRange, "raft: clock_drift_max_ppm {}, expected 0…{}", clock_drift_max_ppm,
                kDriftMaxPpm);
  if (entries_per_message_max == 0 || entries_per_message_max > kEntriesPerMessageMax)
    return fail(Errc::kOutOfRange, "raft: entries_per_message_max {}, expected 1…{}", entries_per_message_max,
                kEntriesPerMessageMax);
  if (bytes_per_message_max == 0 || bytes_per_message_max > kPayloadBytesMax)
    return fail(Errc::kOutOfRange, "raft: bytes_per_message_max {}, expected 1…{}", bytes_per_message_max,
                kPayloadBytesMax);
  if (inflight_max == 0) return fail(Errc::kOutOfRange, "raft: inflight_max 0, expected 1 or more");
  if (uncommitted_bytes_max < bytes_per_message_max)
    return fail(Errc::kOutOfRange,
                "raft: uncommitted_bytes_max {}, expected bytes_per_message_max ({}) or more",
                uncommitted_bytes_max, bytes_per_message_max);
  return {};
}

}  // namespace skywarden::consensus
