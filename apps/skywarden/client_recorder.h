// Clients of a group that read, set, and compare and set a few keys at once, and what they saw as recorded
// histories (consensus/client_history.h), one a key: whether that could have happened in one order is then
// for `skywarden lab linearizable` to say. Values are never used twice, so that a stale one shows.
//
// What is written down as not having happened certainly did not: an answer of kNotLeader, kLost or kRefused,
// or nobody to hand a request to. Whatever was handed over and not answered stays open; a read, which changes
// nothing, is left out then. A key is left for a new one once its history is long or has many open ends,
// because the search grows with those.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "shell/group_session.h"

namespace skywarden::app {

struct RecordOptions {
  std::uint64_t seed = 1;
  int clients = 8;
  int keys = 3;  // at a time
  Duration time = std::chrono::seconds(30);
};

struct RecordCounts {
  std::uint64_t reads = 0, writes = 0, exchanges = 0;  // asked
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;  // certainly did not happen, or was a read
  std::uint64_t open = 0;    // nobody knows
  std::uint64_t keys = 0;
};

// Writes `folder`/key-N.txt, N from 0001; the folder is there. Errors of files alone: a group that does not
// answer is a history, too.
[[nodiscard]] Result<RecordCounts> record_clients(const shell::GroupAddresses& group,
                                                  const std::string& folder, const RecordOptions& options);

}  // namespace skywarden::app
