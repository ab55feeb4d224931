// What a leader knows about one follower's log, and the window of messages it may have under way. In probe
// the place where the logs agree is being looked for, one message at a time; in replicate entries are
// streamed.
#pragma once

#include <cstddef>
#include <deque>

#include "base/ids.h"
#include "base/time.h"

namespace skywarden::consensus {

struct Progress {
  LogIndex match;  // the logs are known to agree up to here
  LogIndex next;   // first entry to send; always above match
  Instant heard;   // last valid answer in this term
  bool replicating = false;
  bool probe_sent = false;        // probe only: wait for the answer or the next heartbeat
  std::deque<LogIndex> inflight;  // replicate only: last index of each unanswered message with entries

  [[nodiscard]] bool may_send(std::size_t inflight_max) const {
    return replicating ? inflight.size() < inflight_max : !probe_sent;
  }
};

}  // namespace skywarden::consensus
