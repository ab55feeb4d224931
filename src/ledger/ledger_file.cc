#include "ledger/ledger_file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/contract.h"

namespace skywarden::ledger {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEntryBytes = 128;  // what an entry that waits takes beside its payload
constexpr const char* kSettings = "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL";
constexpr const char* kApplied =
    "SELECT max(coalesce((SELECT max(idx) FROM entry), 0), coalesce((SELECT max(last) FROM gap), 0))";
constexpr const char* kEpochThere =
    "SELECT coalesce((SELECT epoch FROM entry WHERE idx = ?1), (SELECT epoch FROM gap WHERE last = ?1), 0)";
constexpr const char* kHeadThere =
    "SELECT coalesce((SELECT head FROM entry WHERE idx = ?1), (SELECT head FROM gap WHERE last = ?1))";

Cell number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

Cell blob(const storage::ChainHead& head) {
  return Blob(head.begin(), head.end());
}

std::string insert_sql(const TableShape& shape) {
  std::string places;
  for (std::size_t i = 0; i < shape.columns.size(); ++i)
    places += fmt::format("{}?{}", i == 0 ? "" : ",", i + 1);
  return fmt::format("INSERT INTO {} VALUES ({})", shape.name, places);
}

}  // namespace

LedgerFile::LedgerFile(std::string path, Options options, OnProblem on_problem)
    : path_(std::move(path)), options_(std::move(options)), on_problem_(std::move(on_problem)) {}

// ---- opening

Result<LedgerFile> LedgerFile::open(const std::string& path, Options options, OnProblem on_problem) {
  LedgerFile file(path, std::move(options), std::move(on_problem));
  std::error_code error;
  if (fs::exists(path, error)) {
    const auto used = file.use();
    if (used) return file;
    if (used.error().code == Errc::kUnavailable) return tl::unexpected<Error>(used.error());
    if (used.error().code != Errc::kNotFound)
      file.on_problem_(fmt::format("{}; it is set aside as {}.damaged and made anew from the log",
                                   used.error().message, path));
    if (auto aside = file.set_aside(); !aside) return tl::unexpected<Error>(aside.error());
  }
  if (auto made = file.make_new(); !made) return tl::unexpected<Error>(made.error());
  return file;
}

Result<void> LedgerFile::make_new() {
  // A database beside which another one's unfinished writes lie would take them for its own.
  std::error_code error;
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path_ + suffix, error);
  auto database = Database::open(path_, Database::Mode::kWrite);
  if (!database) return tl::unexpected<Error>(database.error());
  database_.emplace(std::move(*database));
  if (auto set = database_->run(kSettings); !set) return set;
  applied_ = LogIndex();
  epoch_ = 0;
  auto made = in_transaction([&]() -> Result<void> {
    if (auto schema = make_schema(*database_); !schema) return schema;
    auto origin = database_->prepare("INSERT INTO origin VALUES (1, ?1, ?2, ?3)");
    if (!origin) return tl::unexpected<Error>(origin.error());
    return origin->run(Cells{options_.identity.cluster, number(options_.identity.node.value()),
                             std::string(word_for(options_.agrees_on))});
  });
  return made ? prepare() : made;
}

Result<void> LedgerFile::use() {
  auto database = Database::open(path_, Database::Mode::kWrite);
  if (!database) return tl::unexpected<Error>(database.error());
  database_.emplace(std::move(*database));
  const auto tables = database_->ask_number("SELECT count(*) FROM sqlite_schema");
  if (tables && *tables == 0) return fail(Errc::kNotFound, "{}: empty", path_);  // it was never finished
  if (auto schema = check_schema(*database_, path_); !schema) return schema;
  if (auto sound = database_->check(); !sound) return sound;
  const auto origin = database_->ask("SELECT cluster, node, agrees_on FROM origin");
  if (!origin) return tl::unexpected<Error>(origin.error());
  if (*origin != std::vector<Cells>{{options_.identity.cluster, number(options_.identity.node.value()),
                                     std::string(word_for(options_.agrees_on))}})
    return fail(Errc::kConflict, "{}: another node's ledger", path_);
  if (auto set = database_->run(kSettings); !set) return set;
  const auto applied = database_->ask_number(kApplied);
  if (!applied) return tl::unexpected<Error>(applied.error());
  applied_ = LogIndex(static_cast<std::uint64_t>(*applied));
  const auto epoch = database_->ask(kEpochThere, Cells{*applied});
  if (!epoch) return tl::unexpected<Error>(epoch.error());
  epoch_ = static_cast<std::uint64_t>(std::get<std::int64_t>(epoch->at(0).at(0)));
  return prepare();
}

Result<void> LedgerFile::prepare() {
  inserts_.clear();
  for (std::size_t i = 0; i < kTables; ++i) {
    auto insert = database_->prepare(insert_sql(shape_of(static_cast<Table>(i))));
    if (!insert) return tl::unexpected<Error>(insert.error());
    inserts_.push_back(std::move(*insert));
  }
  auto leader = database_->prepare("INSERT OR IGNORE INTO leader VALUES (?1, ?2)");
  if (!leader) return tl::unexpected<Error>(leader.error());
  insert_leader_.emplace(std::move(*leader));
  return {};
}

Result<void> LedgerFile::set_aside() {
  inserts_.clear();
  insert_leader_.reset();
  database_.reset();
  std::error_code error;
  for (const char* suffix : {"-wal", "-shm", "-journal"}) fs::remove(path_ + suffix, error);
  fs::rename(path_, path_ + ".damaged", error);
  if (error) return fail(Errc::kInputOutput, "{}: cannot be set aside: {}", path_, error.message());
  return {};
}

void LedgerFile::begin_anew(const std::string& why) {
  on_problem_(
      fmt::format("{}: {}; it is set aside as {}.damaged and made anew from the log", path_, why, path_));
  auto anew = set_aside();
  if (anew) anew = make_new();
  if (!anew) give_up(anew.error().message);
}

// ---- where the log goes on

void LedgerFile::resume(const Base& base, LogIndex last,
                        const std::function<storage::ChainHead(LogIndex)>& head_at,
                        std::span<const datum::Alert> known) {
  const LogIndex both = std::min(applied_, last);
  if (both >= base.index && both > LogIndex()) {
    const auto head = head_of(both);
    if (!head)
      begin_anew(head.error().message);
    else if (*head != head_at(both))
      begin_anew(fmt::format("not of this log, at entry {}", both.value()));
  }
  skip_to(base, known);
}

void LedgerFile::skip_to(const Base& base, std::span<const datum::Alert> known) {
  if (given_up_ || base.index <= applied_) return;
  waiting_.clear();
  waiting_bytes_ = 0;
  const LogIndex first = applied_.next();
  const auto skipped = in_transaction([&]() -> Result<void> {
    auto gap = database_->prepare("INSERT INTO gap VALUES (?1, ?2, ?3, ?4)");
    if (!gap) return tl::unexpected<Error>(gap.error());
    if (auto run = gap->run(
            Cells{number(first.value()), number(base.index.value()), number(base.epoch), blob(base.head)});
        !run)
      return run;
    for (const datum::Alert& alert : known)
      if (alert.index >= first && alert.index <= base.index)
        if (auto written = write(rows_of(alert)); !written) return written;
    return {};
  });
  if (!skipped) return give_up(skipped.error().message);
  applied_ = base.index;
  epoch_ = base.epoch;
  on_problem_(
      fmt::format("{}: entries {} to {} were compacted before it had them; of those it holds the alerts "
                  "that are known otherwise",
                  path_, first.value(), base.index.value()));
}

// The head there; nothing when the ledger has no such entry. Errors of the file.
Result<std::optional<storage::ChainHead>> LedgerFile::head_of(LogIndex index) {
  const auto rows = database_->ask(kHeadThere, Cells{number(index.value())});
  if (!rows) return tl::unexpected<Error>(rows.error());
  const auto* bytes = rows->empty() ? nullptr : std::get_if<Blob>(&rows->front().front());
  storage::ChainHead head{};
  if (bytes == nullptr || bytes->size() != head.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), head.begin());
  return head;
}

// ---- entries

void LedgerFile::enter(std::vector<node::Entered> entered) {
  if (given_up_) return;
  for (node::Entered& each : entered) {
    const LogIndex next = waiting_.empty() ? applied_.next() : waiting_.back().entry.index.next();
    if (each.entry.index == applied_ && !holds(each)) return give_up("the log has another entry there");
    if (each.entry.index < next) continue;
    if (each.entry.index > next)
      return give_up(
          fmt::format("entry {} came where {} was expected", each.entry.index.value(), next.value()));
    waiting_bytes_ += each.entry.payload.size() + kEntryBytes;
    waiting_.push_back(std::move(each));
  }
  if (!waiting_.empty()) write_waiting();
}

// One head stands for all before it.
bool LedgerFile::holds(const node::Entered& entered) {
  const auto head = head_of(entered.entry.index);
  return head && *head == entered.head;
}

void LedgerFile::write_waiting() {
  std::uint64_t epoch = epoch_;
  const auto written = in_transaction([&]() -> Result<void> {
    for (const node::Entered& each : waiting_) {
      epoch = epoch_at(each.entry, epoch);
      if (auto one = write(each, epoch); !one) return one;
    }
    return {};
  });
  if (!written) {
    if (waiting_bytes_ > kWaitingBytesMax) return give_up(written.error().message);
    if (!std::exchange(troubled_, true))
      on_problem_(fmt::format("{}: entry {} could not be written: {}; the node goes on, its log is the truth",
                              path_, waiting_.front().entry.index.value(), written.error().message));
    return;
  }
  applied_ = waiting_.back().entry.index;
  epoch_ = epoch;
  waiting_.clear();
  waiting_bytes_ = 0;
  if (std::exchange(troubled_, false))
    on_problem_(fmt::format("{}: written again, up to entry {}", path_, applied_.value()));
}

Result<void> LedgerFile::write(const node::Entered& entered, std::uint64_t epoch) {
  if (auto rows = write(rows_of(entered, epoch, options_.read_value)); !rows) return rows;
  if (entered.leader == kNobody) return {};
  return insert_leader_->run(Cells{number(entered.entry.term.value()), number(entered.leader.value())});
}

Result<void> LedgerFile::write(const std::vector<TableRow>& rows) {
  for (const TableRow& row : rows)
    if (auto run = inserts_[static_cast<std::size_t>(row.table)].run(row.cells); !run) return run;
  return {};
}

Result<void> LedgerFile::in_transaction(const std::function<Result<void>()>& work) {
  if (auto begun = database_->run("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = work();
  if (done) done = database_->run("COMMIT");
  if (!done) (void)database_->run("ROLLBACK");  // SQLite may have done so itself
  return done;
}

void LedgerFile::give_up(const std::string& why) {
  given_up_ = true;
  waiting_.clear();
  on_problem_(
      fmt::format("{}: stays at entry {} until the next start: {}; the node goes on, its log is the truth",
                  path_, applied_.value(), why));
}

}  // namespace skywarden::ledger
