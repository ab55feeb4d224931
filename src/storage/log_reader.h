// A whole log read back from its files, without changing them: what `skywarden log` shows, and what a node
// begins with after a restart (log_store.h). Everything is checked: checksums, order, that entries follow one
// another, and the chain of their hashes.
//
// Files: log-N, N the segment's number in 16 hexadecimal digits, and snapshot-N, which the checkpoint that
// begins log-N refers to. What is older than the latest checkpoint does not count; *.part was not finished.
#pragma once

#include "storage/record.h"
#include "storage/segment.h"

namespace skywarden::storage {

struct LogContents {
  LogIdentity identity;
  consensus::Persisted persisted;
  EntryChain chain;                                   // of persisted.log, its base is the snapshot's last
  std::uint64_t first_segment = 0, last_segment = 0;  // those that count
  std::uint64_t last_blocks = 0;                      // of the last one's file
  std::uint64_t last_end = 0;                         // blocks of it that count
  std::uint64_t next_batch = 0;
  std::uint64_t records = 0;
  bool torn = false;  // the last batch was not finished and does not count
};

// kNotFound: there is none. kUnsupported: a later version's. kMalformed: damaged where something may have
// been acknowledged; the message names file and block. Who has such a log has lost it and must not vote with
// it.
[[nodiscard]] Result<LogContents> read_log(Disk& disk);

[[nodiscard]] std::string segment_name(std::uint64_t number);
[[nodiscard]] std::string snapshot_name(std::uint64_t number);
// The number in such a name, 0 for any other.
[[nodiscard]] std::uint64_t number_in(std::string_view name, std::string_view prefix);
inline constexpr std::string_view kSegmentPrefix = "log-", kSnapshotPrefix = "snapshot-", kPart = ".part";

}  // namespace skywarden::storage
