#include "ledger/against_log.h"

#include <doctest/doctest.h>

#include "ledger/ledger_example.h"

namespace skywarden::ledger {
namespace {

using example::agreed;
using example::Folder;
using example::part;

// A log as read from its folder, from `base` on.
storage::LogContents log_of(const std::vector<node::Entered>& all, std::size_t base = 0) {
  storage::LogContents log{example::kIdentity, {}, storage::EntryChain(example::kIdentity.cluster)};
  node::Ledger ledger({}, example::kIdentity.cluster);
  for (std::size_t i = 0; i < base; ++i) (void)ledger.apply(all[i].entry);
  if (base > 0) {
    const LogIndex last(base);
    log.persisted.snapshot = consensus::Snapshot{{last, all[base - 1].entry.term}, {}, ledger.save()};
    log.chain.begin_again(last, all[base - 1].head);
  }
  for (std::size_t i = base; i < all.size(); ++i) {
    log.persisted.log.push_back(all[i].entry);
    log.chain.append(all[i].entry);
  }
  return log;
}

Comparison compared(const std::string& path, const storage::LogContents* log) {
  auto reader = LedgerReader::open(path);
  REQUIRE_MESSAGE(reader.has_value(), reader.error().message);
  auto result = compare(*reader, log, {});
  REQUIRE_MESSAGE(result.has_value(), result.error().message);
  return std::move(*result);
}

void change(const std::string& path, const std::string& sql) {
  auto database = Database::open(path, Database::Mode::kWrite);
  REQUIRE(database);
  const auto ran = database->run("PRAGMA foreign_keys=OFF;" + sql);
  REQUIRE_MESSAGE(ran.has_value(), ran.error().message);
}

}  // namespace

TEST_CASE("a ledger is what its log says, also behind a snapshot") {
  const Folder folder;
  const auto all = agreed(21, 100);
  example::open(folder.file()).enter(part(all, 0, 90));
  for (const std::size_t base : {0U, 30U, 90U, 95U}) {
    const auto log = log_of(all, base);
    const Comparison same = compared(folder.file(), &log);
    CHECK(same.lines == std::vector<std::string>{});
    CHECK(same.chained == 90);
    CHECK(same.in_log == (base < 90 ? 90 - base : 0));
    CHECK(same.applied == LogIndex(90));
    CHECK(same.log_last == LogIndex(100));
  }
}

TEST_CASE("whatever is changed in a ledger is found, with its entry and its cell") {
  const auto all = agreed(22, 60);
  const auto log = log_of(all);
  std::uint64_t alert = 0, epoch = 0;  // the first of each
  for (const node::Entered& each : all) {
    if (alert == 0 && each.told) alert = each.entry.index.value();
    if (epoch == 0 && each.entry.kind == consensus::EntryKind::kConfiguration)
      epoch = each.entry.index.value();
  }
  REQUIRE(alert > 0);
  REQUIRE(epoch > 0);
  const auto found = [&](const std::string& sql, const std::string& line) {
    const Folder folder;
    example::open(folder.file()).enter(part(all, 0, 60));
    change(folder.file(), sql);
    for (const storage::LogContents* with : {static_cast<const storage::LogContents*>(nullptr), &log}) {
      const Comparison result = compared(folder.file(), with);
      CHECK(result.differences > 0);
      REQUIRE(!result.lines.empty());
      CHECK_MESSAGE(result.lines[0].find(line) != std::string::npos, result.lines[0]);
    }
  };
  const std::string at = fmt::format(" WHERE idx = {}", alert), entry = fmt::format("entry {}: ", alert);
  found("UPDATE alert SET severity = CASE severity WHEN 'Minor' THEN 'Severe' ELSE 'Minor' END" + at,
        entry + "alert.severity is");
  found("UPDATE alert SET area_m2 = area_m2 + 1" + at, entry + "alert.area_m2 is");
  found("UPDATE entry SET time_ns = time_ns + 1" + at, entry + "entry.time_ns is");
  found("UPDATE entry SET kind = 'untold'" + at, entry + "has a row in alert");
  found("DELETE FROM reason" + at + " AND n = 0", entry + "reason.n is 1, its payload says 0");
  found("DELETE FROM alert" + at, entry + "lacks a row in alert");
  found(fmt::format("UPDATE area SET east = east + 1 WHERE id = {}", 2 * alert), entry + "area.east is");
  found(fmt::format("UPDATE share SET share = 9 WHERE idx = {}", epoch),
        fmt::format("entry {}: share.share", epoch));
  found("UPDATE payload SET bytes = x'07' WHERE idx = 1",
        "entry 1: entry.kind is 'term', its payload says 'unread'");
  found("UPDATE entry SET head = zeroblob(32) WHERE idx = 5",
        "entry 5: entry.head is x'0000000000000000…' of 32 bytes");
  found("DELETE FROM entry WHERE idx = 7", "entries 7 to 7: missing");
  found("INSERT INTO merged VALUES (1000000, 1)", "merged: ");
  found("INSERT INTO gap VALUES (3, 9, 0, zeroblob(32))", "entry 3: entry.epoch is");
}

TEST_CASE("a ledger made over from first to last is unlike the log") {
  const Folder folder;
  example::open(folder.file()).enter(agreed(23, 40));
  CHECK(compared(folder.file(), nullptr).differences == 0);
  const auto log = log_of(agreed(24, 40));
  CHECK(compared(folder.file(), &log).differences > 0);
}

TEST_CASE("a told alert that the log does not tell is found, though it agrees with its own payload") {
  const Folder folder;
  auto all = agreed(25, 60);
  const auto log = log_of(all);
  const auto untold = std::find_if(all.begin(), all.end(), [](const node::Entered& each) {
    return !each.told && wildfire::decode_proposal(each.entry.payload).has_value();
  });
  REQUIRE(untold != all.end());
  untold->told = true;
  example::open(folder.file()).enter(all);
  CHECK(compared(folder.file(), nullptr).differences == 0);
  const Comparison result = compared(folder.file(), &log);
  REQUIRE(!result.lines.empty());
  CHECK(result.lines[0].find("the log says 'untold'") != std::string::npos);
}

TEST_CASE("the log of another node is refused") {
  const Folder folder;
  const auto all = agreed(26, 10);
  example::open(folder.file()).enter(all);
  auto log = log_of(all);
  log.identity.node = NodeId(4);
  auto reader = LedgerReader::open(folder.file());
  REQUIRE(reader);
  const auto refused = compare(*reader, &log, {});
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kConflict);
}

}  // namespace skywarden::ledger
