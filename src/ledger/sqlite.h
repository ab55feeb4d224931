// SQLite as values and Results: the only place that knows its C interface (https://www.sqlite.org/c3ref).
// Used by one thread. What a file says is not trusted: views and triggers of its own are off, functions that
// act on the world cannot be called from it, page damage is looked for, and a statement ends at a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace skywarden::ledger {

using Blob = std::vector<std::byte>;
using Cell =
    std::variant<std::monostate, std::int64_t, double, std::string, Blob>;  // of a table; first: NULL
using Cells = std::vector<Cell>;

inline constexpr int kCellBytesMax = 4 << 20;  // one text or blob
inline constexpr int kSqlBytesMax = 64 << 10;

class Statement {
 public:
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Begins anew with these in place of ?1, ?2, ... Expects as many as the statement has; they must outlive
  // the steps.
  void bind(std::span<const Cell> cells);
  [[nodiscard]] Result<bool> step();                            // whether there is a row
  [[nodiscard]] Cells row() const;                              // of the last step that had one
  [[nodiscard]] Result<void> run(std::span<const Cell> cells);  // bind, and one step without a row
  [[nodiscard]] std::vector<std::string> columns() const;
  [[nodiscard]] std::size_t parameters() const;

 private:
  friend class Database;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  enum class Mode { kRead, kWrite, kMemory };  // kWrite makes what is not there

  // Errors name the file. kMalformed: no database, or damaged; kUnavailable: another program writes;
  // kLimitReached: full, or longer than its limits or its deadline; else kInputOutput.
  [[nodiscard]] static Result<Database> open(const std::string& path, Mode mode);
  ~Database();
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] Result<void> run(const std::string& sql);  // any number of statements
  // One statement, and nothing behind it.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql) const;
  [[nodiscard]] Result<std::vector<Cells>> ask(std::string_view sql, std::span<const Cell> bound = {}) const;
  [[nodiscard]] Result<std::int64_t> ask_number(std::string_view sql) const;  // one row of one integer
  // Pages, their order, and what holds between columns: PRAGMA quick_check.
  [[nodiscard]] Result<void> check() const;

  // Statements end with kLimitReached when so much time has passed from now.
  void stop_after(std::chrono::milliseconds time);
  // From now on only what reads: SELECT over tables, with functions that act on nothing.
  void allow_only_select();

 private:
  struct Deadline;
  explicit Database(std::string path);
  [[nodiscard]] tl::unexpected<Error> error() const;

  std::string path_;
  sqlite3* database_ = nullptr;
  std::unique_ptr<Deadline> deadline_;
};

}  // namespace skywarden::ledger
