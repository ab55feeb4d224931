#include "ledger/sqlite.h"

#include <sqlite3.h>

#include <utility>

#include "base/contract.h"
#include "base/text.h"

namespace skywarden::ledger {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kBusyMs = 2'000;                        // a reader waits for a writer that recovers
constexpr int kStepsBetweenLooks = 10'000;            // of SQLite's machine, at the clock
constexpr sqlite3_int64 kHeapBytesMax = 512LL << 20;  // all databases of the program together

Errc code_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return Errc::kMalformed;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Errc::kUnavailable;
    case SQLITE_FULL:
    case SQLITE_TOOBIG:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
      return Errc::kLimitReached;
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return Errc::kConflict;
    default:
      return Errc::kInputOutput;
  }
}

tl::unexpected<Error> error_of(sqlite3* database) {
  const int code = sqlite3_extended_errcode(database);
  if ((code & 0xff) == SQLITE_INTERRUPT) return fail(Errc::kLimitReached, "stopped at its time limit");
  return fail(code_of(code), "{}", printable(sqlite3_errmsg(database)));
}

int bind_cell(sqlite3_stmt* statement, int place, const Cell& cell) {
  if (const auto* number = std::get_if<std::int64_t>(&cell))
    return sqlite3_bind_int64(statement, place, *number);
  if (const auto* real = std::get_if<double>(&cell)) return sqlite3_bind_double(statement, place, *real);
  if (const auto* text = std::get_if<std::string>(&cell))
    return sqlite3_bind_text64(statement, place, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* blob = std::get_if<Blob>(&cell))
    return blob->empty() ? sqlite3_bind_zeroblob(statement, place, 0)
                         : sqlite3_bind_blob64(statement, place, blob->data(), blob->size(), SQLITE_STATIC);
  return sqlite3_bind_null(statement, place);
}

Cell cell_of(sqlite3_stmt* statement, int column) {
  switch (sqlite3_column_type(statement, column)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, column));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return text == nullptr ? std::string() : std::string(text, size);
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, column));
      return bytes == nullptr ? Blob() : Blob(bytes, bytes + size);
    }
    default:
      return {};
  }
}

int only_select(void*, int action, const char*, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return sqlite3_stricmp(second, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    default:
      return SQLITE_DENY;
  }
}

void set_limits(sqlite3* database) {
  sqlite3_limit(database, SQLITE_LIMIT_LENGTH, kCellBytesMax);
  sqlite3_limit(database, SQLITE_LIMIT_SQL_LENGTH, kSqlBytesMax);
  sqlite3_limit(database, SQLITE_LIMIT_COLUMN, 100);
  sqlite3_limit(database, SQLITE_LIMIT_EXPR_DEPTH, 100);
  sqlite3_limit(database, SQLITE_LIMIT_COMPOUND_SELECT, 20);
  sqlite3_limit(database, SQLITE_LIMIT_VDBE_OP, 100'000);
  sqlite3_limit(database, SQLITE_LIMIT_FUNCTION_ARG, 16);
  sqlite3_limit(database, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(database, SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 256);
  sqlite3_limit(database, SQLITE_LIMIT_VARIABLE_NUMBER, 100);
  sqlite3_limit(database, SQLITE_LIMIT_TRIGGER_DEPTH, 4);
  sqlite3_limit(database, SQLITE_LIMIT_WORKER_THREADS, 0);
  for (const int off :
       {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML})
    sqlite3_db_config(database, off, 0, nullptr);
  for (const int on : {SQLITE_DBCONFIG_DEFENSIVE, SQLITE_DBCONFIG_ENABLE_FKEY})
    sqlite3_db_config(database, on, 1, nullptr);
}

}  // namespace

// ---- a statement

Statement::~Statement() {
  sqlite3_finalize(statement_);
}
Statement::Statement(Statement&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
Statement& Statement::operator=(Statement&& other) noexcept {
  std::swap(statement_, other.statement_);
  return *this;
}

void Statement::bind(std::span<const Cell> cells) {
  sqlite3_reset(statement_);
  EXPECTS(cells.size() == parameters());
  for (std::size_t i = 0; i < cells.size(); ++i)
    if (bind_cell(statement_, static_cast<int>(i) + 1, cells[i]) != SQLITE_OK)
      sqlite3_bind_null(statement_, static_cast<int>(i) + 1);  // too long: what needs it refuses NULL
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement_);
    return false;
  }
  auto failed = error_of(sqlite3_db_handle(statement_));
  sqlite3_reset(statement_);
  return failed;
}

Cells Statement::row() const {
  Cells cells;
  for (int i = 0; i < sqlite3_data_count(statement_); ++i) cells.push_back(cell_of(statement_, i));
  return cells;
}

Result<void> Statement::run(std::span<const Cell> cells) {
  bind(cells);
  const auto stepped = step();
  if (!stepped) return tl::unexpected<Error>(stepped.error());
  return {};
}

std::vector<std::string> Statement::columns() const {
  std::vector<std::string> names;
  for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
    const char* name = sqlite3_column_name(statement_, i);
    names.emplace_back(name == nullptr ? "" : name);
  }
  return names;
}

std::size_t Statement::parameters() const {
  return static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_));
}

// ---- a database

struct Database::Deadline {
  SteadyClock::time_point at;
};

Database::Database(std::string path) : path_(std::move(path)) {}
Database::~Database() {
  sqlite3_close_v2(database_);
}
Database::Database(Database&& other) noexcept
    : path_(std::move(other.path_)),
      database_(std::exchange(other.database_, nullptr)),
      deadline_(std::move(other.deadline_)) {}
Database& Database::operator=(Database&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(database_, other.database_);
  std::swap(deadline_, other.deadline_);
  return *this;
}

tl::unexpected<Error> Database::error() const {
  const auto why = error_of(database_);
  return fail(why.value().code, "{}: {}", path_, why.value().message);
}

Result<Database> Database::open(const std::string& path, Mode mode) {
  sqlite3_hard_heap_limit64(kHeapBytesMax);
  Database opened(path);
  const int flags = mode == Mode::kRead    ? SQLITE_OPEN_READONLY
                    : mode == Mode::kWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                           : SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY;
  // A name that SQLite would read as more than a file's gets a folder before it.
  const std::string name = mode == Mode::kMemory ? ":memory:" : path.starts_with('/') ? path : "./" + path;
  const int code = sqlite3_open_v2(name.c_str(), &opened.database_,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (opened.database_ == nullptr) return fail(Errc::kLimitReached, "{}: no memory", path);
  if (code != SQLITE_OK) return opened.error();
  set_limits(opened.database_);
  if (mode == Mode::kRead) sqlite3_busy_timeout(opened.database_, kBusyMs);
  for (const char* pragma : {"PRAGMA cell_size_check=ON", "PRAGMA mmap_size=0", "PRAGMA temp_store=MEMORY"})
    if (const auto set = opened.run(pragma); !set) return tl::unexpected<Error>(set.error());
  return opened;
}

Result<void> Database::run(const std::string& sql) {
  if (sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error();
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const char* rest = nullptr;
  const int code =
      sqlite3_prepare_v3(database_, sql.data(), static_cast<int>(sql.size()), 0, &statement, &rest);
  if (code != SQLITE_OK) return error();
  Statement prepared(statement);
  const auto used = static_cast<std::size_t>(rest - sql.data());
  if (statement == nullptr || !trim(sql.substr(used)).empty())
    return fail(Errc::kMalformed, "{}: expected one statement", path_);
  return prepared;
}

Result<std::vector<Cells>> Database::ask(std::string_view sql, std::span<const Cell> bound) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected<Error>(statement.error());
  statement->bind(bound);
  std::vector<Cells> rows;
  while (true) {
    const auto more = statement->step();
    if (!more) return fail(more.error().code, "{}: {}", path_, more.error().message);
    if (!*more) return rows;
    rows.push_back(statement->row());
  }
}

Result<std::int64_t> Database::ask_number(std::string_view sql) const {
  const auto rows = ask(sql);
  if (!rows) return tl::unexpected<Error>(rows.error());
  if (rows->size() == 1 && rows->front().size() == 1)
    if (const auto* number = std::get_if<std::int64_t>(&rows->front().front())) return *number;
  return fail(Errc::kMalformed, "{}: expected a number from {}", path_, sql);
}

Result<void> Database::check() const {
  const auto rows = ask("PRAGMA quick_check(1)");
  if (!rows) return tl::unexpected<Error>(rows.error());
  const std::string* said = rows->size() == 1 && rows->front().size() == 1
                                ? std::get_if<std::string>(&rows->front().front())
                                : nullptr;
  if (said != nullptr && *said == "ok") return {};
  return fail(Errc::kMalformed, "{}: damaged: {}", path_, said == nullptr ? "" : printable(*said));
}

void Database::stop_after(std::chrono::milliseconds time) {
  if (!deadline_) deadline_ = std::make_unique<Deadline>();
  deadline_->at = SteadyClock::now() + time;
  sqlite3_progress_handler(
      database_, kStepsBetweenLooks,
      [](void* deadline) { return SteadyClock::now() >= static_cast<Deadline*>(deadline)->at ? 1 : 0; },
      deadline_.get());
}

void Database::allow_only_select() {
  sqlite3_set_authorizer(database_, only_select, nullptr);
}

}  // namespace skywarden::ledger
