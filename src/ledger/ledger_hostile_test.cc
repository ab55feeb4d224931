// Files that an enemy made, and questions that an enemy asks: an error of one line or an answer, in time.
#include <doctest/doctest.h>

#include <chrono>
#include <fstream>
#include <iterator>

#include "ledger/against_log.h"
#include "ledger/ledger_example.h"

namespace skywarden::ledger {
namespace {

using example::agreed;
using example::Folder;

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Everything a reader does.
void read_all(const std::string& path) {
  auto reader = LedgerReader::open(path);
  if (!reader) {
    CHECK(!reader.error().message.empty());
    CHECK(reader.error().message.find('\n') == std::string::npos);
    return;
  }
  Question question;
  question.box = GeoBox{-90, -180, 90, 180};
  (void)reader->ask(question);
  question = {};
  question.latest = true;
  (void)reader->ask(question);
  const auto compared = compare(*reader, nullptr, {});
  if (compared) CHECK(compared->lines.size() <= kDifferencesShown);
}

// A database that pretends to be a ledger.
Result<LedgerReader> pretending(const std::string& sql) {
  const Folder folder;
  example::open(folder.file()).enter(agreed(31, 20));
  {
    auto database = Database::open(folder.file(), Database::Mode::kWrite);
    REQUIRE(database);
    const auto ran = database->run(sql);
    REQUIRE_MESSAGE(ran.has_value(), ran.error().message);
  }
  return LedgerReader::open(folder.file());
}

}  // namespace

TEST_CASE("damaged bytes anywhere are an error or a difference, never a crash") {
  const Folder folder;
  example::open(folder.file()).enter(agreed(32, 60));
  const std::string sound = bytes_of(folder.file());
  Random random(33);
  std::size_t refused = 0, found = 0;
  constexpr int kTrials = 1500;
  for (int i = 0; i < kTrials; ++i) {
    std::string bytes = sound;
    // Most blows fall on the header, the schema and the beginnings of pages.
    const std::size_t page = random.below(bytes.size() / 4096);
    const std::size_t from = random.chance(0.5) ? page * 4096 : random.below(bytes.size());
    const std::uint64_t blows = 1 + random.below(6);
    for (std::uint64_t blow = 0; blow < blows; ++blow) {
      const std::size_t place = std::min(from + random.below(120), bytes.size() - 1);
      bytes[place] = static_cast<char>(random.below(256));
    }
    if (random.chance(0.1)) bytes.resize(random.below(bytes.size()));
    write(folder.file(), bytes);
    read_all(folder.file());
    auto reader = LedgerReader::open(folder.file());
    if (!reader) {
      ++refused;
      continue;
    }
    const auto compared = compare(*reader, nullptr, {});
    found += !compared || compared->differences > 0 ? 1 : 0;
  }
  MESSAGE(refused, " refused when opened, ", found, " more found by comparing, of ", kTrials);
  CHECK(refused > 300);
  CHECK(found > 50);
}

TEST_CASE("a writer goes on from any damaged bytes, with what it can use or anew") {
  const Folder folder;
  const auto all = agreed(34, 40);
  example::open(folder.file()).enter(all);
  const std::string sound = bytes_of(folder.file());
  Random random(35);
  for (int i = 0; i < 200; ++i) {
    std::string bytes = sound;
    const std::size_t from = random.below(bytes.size());
    for (std::size_t place = from; place < std::min(from + 30, bytes.size()); ++place)
      bytes[place] = static_cast<char>(random.below(256));
    write(folder.file(), bytes);
    std::vector<std::string> said;
    LedgerFile file = example::open(folder.file(), &said);
    file.resume({}, LogIndex(40), [&](LogIndex index) { return all[index.value() - 1].head; }, {});
    file.enter(all);
    CHECK((file.applied() == LogIndex(40) || file.behind()));
    for (const std::string& line : said) CHECK(line.find('\n') == std::string::npos);
  }
}

TEST_CASE("a ledger with tables, views or triggers of its own is refused") {
  CHECK(pretending("SELECT 1").has_value());
  for (const char* sql : {"CREATE TABLE mine (a)", "CREATE VIEW mine AS SELECT 1",
                          "CREATE TRIGGER mine AFTER INSERT ON entry BEGIN SELECT 1; END",
                          "ALTER TABLE origin ADD COLUMN mine TEXT",
                          "DROP INDEX entry_by_kind; CREATE INDEX entry_by_kind ON entry (abs(idx), kind)"}) {
    const auto refused = pretending(sql);
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::kMalformed);
    CHECK(refused.error().message.find("its tables are not a ledger's") != std::string::npos);
  }
  CHECK(pretending("PRAGMA application_id=7").error().code == Errc::kMalformed);
  const auto later = pretending("PRAGMA user_version=2");
  CHECK(later.error().code == Errc::kUnsupported);
  CHECK(later.error().message.find("a ledger of version 2, this build knows 1") != std::string::npos);
  CHECK(LedgerReader::open("/nowhere").error().code == Errc::kNotFound);
  CHECK(LedgerReader::open("/dev/zero").error().code == Errc::kNotFound);
}

TEST_CASE("only a SELECT is answered, within rows and time") {
  const Folder folder;
  example::open(folder.file()).enter(agreed(36, 50));
  auto reader = LedgerReader::open(folder.file());
  REQUIRE(reader);
  const auto some = reader->ask("SELECT idx, kind FROM entry ORDER BY idx", 7);
  REQUIRE(some);
  CHECK(some->rows.size() == 7);
  CHECK(some->more);
  CHECK(some->columns == std::vector<std::string>{"idx", "kind"});
  CHECK(
      reader
          ->ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT i FROM n",
                9)
          .value()
          .rows.size() == 5);
  for (const char* sql : {"DELETE FROM entry",
                          "INSERT INTO merged VALUES (1, 1)",
                          "DROP TABLE entry",
                          "PRAGMA writable_schema=1",
                          "SELECT * FROM pragma_database_list",
                          "ATTACH '/tmp/other' AS other",
                          "VACUUM INTO '/tmp/other'",
                          "BEGIN",
                          "CREATE TEMP TABLE t (a)",
                          "SELECT load_extension('x')",
                          "ANALYZE",
                          "SELECT writefile('/tmp/x', 'y')",
                          "SELECT 1; SELECT 2",
                          "",
                          "  ",
                          "-- nothing",
                          "SELECT ?1",
                          "SELECT * FROM nothing",
                          "SELECT",
                          "SELECT zeroblob(100000000)"}) {
    const auto refused = reader->ask(sql, 10);
    CHECK_MESSAGE(!refused.has_value(), sql);
    if (!refused) CHECK(refused.error().message.find('\n') == std::string::npos);
  }
  CHECK(reader->ask(std::string(kSqlBytesMax + 1, ' '), 1).error().code == Errc::kLimitReached);
  CHECK(reader->ask("SELECT " + std::string(5000, '(') + "1" + std::string(5000, ')'), 1).error().code ==
        Errc::kMalformed);
  const auto began = std::chrono::steady_clock::now();
  const auto endless =
      reader->ask("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT sum(i) FROM n", 1);
  REQUIRE(!endless);
  CHECK(endless.error().code == Errc::kLimitReached);
  CHECK(std::chrono::steady_clock::now() - began < 3 * kQuestionTimeMax);
  CHECK(reader->ask("SELECT count(*) FROM entry", 1).value().rows[0][0] ==
        Cell(std::int64_t{50}));  // it goes on
}

TEST_CASE("a ledger is read while it is written") {
  const Folder folder;
  const auto all = agreed(37, 40);
  LedgerFile file = example::open(folder.file());
  file.enter(example::part(all, 0, 20));
  auto reader = LedgerReader::open(folder.file());
  REQUIRE(reader);
  CHECK(reader->applied() == LogIndex(20));
  file.enter(example::part(all, 20, 40));
  CHECK(reader->applied() == LogIndex(40));
}

}  // namespace skywarden::ledger
