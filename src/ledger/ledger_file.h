// The ledger of one node as it grows: entries go in as they are applied, each once and in order, a
// transaction a turn. It stands beside the log and is never the truth: nothing is decided by it, a node goes
// on without it, and one that is missing, damaged or another log's is made anew from what the log still holds
// (docs/adr/0014-ledger-in-sqlite.md).
//
// Where the log was compacted, or came as a snapshot, before the ledger had it, the ledger says so: a row in
// `gap`, and of the alerts in it those that are known otherwise.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "ledger/agreed_rows.h"
#include "storage/segment.h"

namespace skywarden::ledger {

inline constexpr const char* kLedgerName = "ledger.sqlite";  // in a node's folder, or a replay's

class LedgerFile {
 public:
  static constexpr std::size_t kWaitingBytesMax = std::size_t{8}
                                                  << 20;  // of entries that could not be written
  using OnProblem = std::function<void(const std::string&)>;

  struct Options {
    storage::LogIdentity identity;
    AgreesOn agrees_on = AgreesOn::kFires;
    ReadValue read_value = {};  // of a group that agrees on values
  };
  struct Base {  // what the log begins behind; index 0: nothing
    LogIndex index;
    storage::ChainHead head{};
    std::uint64_t epoch = 0;  // that rules there
  };

  // Made when it is not there; one that cannot be used is set aside as PATH.damaged, and said. Errors: not
  // even a new one can be made.
  [[nodiscard]] static Result<LedgerFile> open(const std::string& path, Options options,
                                               OnProblem on_problem);

  // Before the first enter() after a start: what the log holds. `head_at`: of entries from `base` to `last`.
  // `known`: alerts that were told, in any order, for a gap. A ledger that is not of this log is set aside.
  void resume(const Base& base, LogIndex last, const std::function<storage::ChainHead(LogIndex)>& head_at,
              std::span<const datum::Alert> known);
  // The state up to `base` came from elsewhere. Nothing happens when the ledger is there already.
  void skip_to(const Base& base, std::span<const datum::Alert> known);
  // What comes next, in order; what is in it already is passed over. Never fails: what cannot be written
  // waits, within a limit, is said once, and is tried again with the next.
  void enter(std::vector<node::Entered> entered);

  [[nodiscard]] LogIndex applied() const { return applied_; }
  [[nodiscard]] bool behind() const { return !waiting_.empty() || given_up_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LedgerFile(std::string path, Options options, OnProblem on_problem);

  [[nodiscard]] Result<void> make_new();
  [[nodiscard]] Result<void> use();  // what is there
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<void> set_aside();
  void begin_anew(const std::string& why);
  [[nodiscard]] Result<void> in_transaction(const std::function<Result<void>()>& work);
  [[nodiscard]] Result<void> write(const std::vector<TableRow>& rows);
  [[nodiscard]] Result<void> write(const node::Entered& entered, std::uint64_t epoch);
  [[nodiscard]] Result<std::optional<storage::ChainHead>> head_of(LogIndex index);
  [[nodiscard]] bool holds(const node::Entered& entered);
  void write_waiting();
  void give_up(const std::string& why);

  std::string path_;
  Options options_;
  OnProblem on_problem_;
  std::optional<Database> database_;
  std::vector<Statement> inserts_;  // one a table
  std::optional<Statement> insert_leader_;

  LogIndex applied_;
  std::uint64_t epoch_ = 0;
  Term leader_noted_;
  std::vector<node::Entered> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool troubled_ = false;  // said, and not over yet
  bool given_up_ = false;  // until the next start
};

}  // namespace skywarden::ledger
