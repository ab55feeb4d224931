// A ledger that is only read, also while its node writes it. An enemy may have made the file: it is opened
// for reading, its tables must be a ledger's to the letter, its pages are checked, and every question has an
// end.
#pragma once

#include <string>

#include "ledger/question.h"
#include "storage/entry_chain.h"
#include "storage/segment.h"

namespace skywarden::ledger {

inline constexpr std::chrono::milliseconds kQuestionTimeMax{5'000};    // one question
inline constexpr std::chrono::milliseconds kOpeningTimeMax{60'000};    // all pages are looked at then
inline constexpr std::size_t kAnswerBytesMax = std::size_t{64} << 20;  // of one answer's cells

struct Answer {
  std::vector<std::string> columns;
  std::vector<Cells> rows;
  bool more = false;  // there were more than asked for
};

struct Gap {
  LogIndex first, last;
  std::uint64_t epoch = 0;  // that rules at its end
  storage::ChainHead head{};
};

class LedgerReader {
 public:
  // kNotFound; kMalformed: not a ledger, or damaged; kUnsupported: of another version; kLimitReached: it
  // could not be looked through in time.
  [[nodiscard]] static Result<LedgerReader> open(const std::string& path);

  [[nodiscard]] const storage::LogIdentity& identity() const { return identity_; }
  [[nodiscard]] AgreesOn agrees_on() const { return agrees_on_; }

  [[nodiscard]] Result<Answer> ask(const Question& question);
  // One SELECT of the reader's own, at most `limit` rows. kConflict: it would do something else.
  [[nodiscard]] Result<Answer> ask(const std::string& sql, std::uint64_t limit);

  [[nodiscard]] Result<LogIndex> applied();
  [[nodiscard]] Result<std::vector<Gap>> gaps();
  // All rows of one entry, as rows_of gives them; none when it is not there.
  [[nodiscard]] Result<std::vector<TableRow>> rows(LogIndex index);
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LedgerReader(std::string path, Database database)
      : path_(std::move(path)), database_(std::move(database)) {}
  [[nodiscard]] Result<void> read_origin();
  [[nodiscard]] Result<Answer> collect(const std::string& sql, const Cells& bound, std::uint64_t limit);

  std::string path_;
  Database database_;
  storage::LogIdentity identity_;
  AgreesOn agrees_on_ = AgreesOn::kFires;
  std::vector<Statement> selects_;  // one a table
};

}  // namespace skywarden::ledger
