// A ledger held against what it says it is made of, entry by entry and cell by cell: every entry must follow
// from its own payload, the chain of hashes must go on from one to the next, and what a log still holds must
// be what the ledger says. One changed byte of any of them is found.
#pragma once

#include <string>
#include <vector>

#include "ledger/ledger_reader.h"
#include "storage/log_reader.h"

namespace skywarden::ledger {

inline constexpr std::size_t kDifferencesShown = 100;

struct Comparison {
  std::uint64_t chained = 0;  // entries whose head follows from the one before and their payload
  std::uint64_t carried = 0;  // alerts from within a gap, held against nothing but their own bytes
  std::uint64_t in_log = 0;   // entries that the log has too
  LogIndex applied;           // the last of the ledger
  LogIndex log_last;          // of the log, if one was given; what is behind `applied` may not be agreed yet
  std::vector<Gap> gaps;
  std::uint64_t differences = 0;
  std::vector<std::string> lines;  // of the first differences, one each
};

// `log`: nullptr checks the ledger by itself. Errors of reading the ledger; kConflict: the log is another
// node's; kMalformed: the log's snapshot cannot be read.
[[nodiscard]] Result<Comparison> compare(LedgerReader& ledger, const storage::LogContents* log,
                                         const ReadValue& read_value);

}  // namespace skywarden::ledger
