#include "ledger/ledger_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "ledger/against_log.h"
#include "ledger/ledger_example.h"

namespace skywarden::ledger {
namespace {

using example::agreed;
using example::Folder;
using example::open;
using example::part;

// Whole, sound, and what was agreed.
void check_equal(const std::string& path, const std::vector<node::Entered>& all, std::size_t count) {
  auto reader = LedgerReader::open(path);
  REQUIRE_MESSAGE(reader.has_value(), reader.error().message);
  CHECK(reader->applied() == LogIndex(count));
  std::uint64_t epoch = 0;
  for (std::size_t i = 0; i < count; ++i) {
    epoch = epoch_at(all[i].entry, epoch);
    CHECK(reader->rows(all[i].entry.index) == rows_of(all[i], epoch, {}));
  }
  const auto compared = compare(*reader, nullptr, {});
  REQUIRE(compared);
  CHECK(compared->lines == std::vector<std::string>{});
  CHECK(compared->chained == count);
}

void damage(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::function<storage::ChainHead(LogIndex)> heads_of(const std::vector<node::Entered>& all) {
  return [&all](LogIndex index) {
    return index == LogIndex() ? storage::first_head(example::kIdentity.cluster)
                               : all[index.value() - 1].head;
  };
}

}  // namespace

TEST_CASE("what is entered in parts, over restarts and twice, is in the ledger once") {
  const Folder folder;
  const auto all = agreed(1, 200);
  std::vector<std::string> said;
  for (const std::size_t until : {0U, 1U, 40U, 41U, 200U}) {
    LedgerFile file = open(folder.file(), &said);
    file.resume({}, LogIndex(until), heads_of(all), {});
    file.enter(part(all, 0, until / 2));
    file.enter(part(all, until / 3, until));  // overlaps
    CHECK(file.applied() == LogIndex(until));
  }
  check_equal(folder.file(), all, all.size());
  CHECK(said.empty());
}

TEST_CASE("a ledger that is no database, torn or another node's is set aside and made anew") {
  const auto all = agreed(2, 60);
  const auto trial = [&](const std::function<void(const std::string&)>& harm) {
    const Folder folder;
    {
      LedgerFile file = open(folder.file());
      file.enter(part(all, 0, 50));
    }
    harm(folder.file());
    std::vector<std::string> said;
    LedgerFile file = open(folder.file(), &said);
    file.resume({}, LogIndex(60), heads_of(all), {});
    file.enter(part(all, 0, 60));
    check_equal(folder.file(), all, 60);
    CHECK(std::filesystem::exists(folder.file() + ".damaged"));
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("set aside") != std::string::npos);
    CHECK(said[0].find('\n') == std::string::npos);
  };
  trial([](const std::string& path) { damage(path, "this is no database, and was none"); });
  trial([](const std::string& path) {
    std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  });
  trial([](const std::string& path) {
    std::filesystem::remove(path);
    (void)LedgerFile::open(path, {{"other", NodeId(3)}}, [](const std::string&) {});
  });
  trial([&](const std::string& path) {  // of a log that agreed on something else
    std::filesystem::remove(path);
    open(path).enter(agreed(3, 50));
  });
  trial([](const std::string& path) {
    auto database = Database::open(path, Database::Mode::kWrite);
    REQUIRE(database);
    CHECK(database->run("DROP INDEX entry_by_kind"));
  });
}

TEST_CASE("a ledger that is gone, or was killed before it was made, is made anew from the log") {
  const Folder folder;
  const auto all = agreed(4, 30);
  for (const bool empty : {false, true}) {
    open(folder.file()).enter(part(all, 0, 30));
    std::filesystem::remove(folder.file());
    if (empty) damage(folder.file(), "");
    std::vector<std::string> said;
    LedgerFile file = open(folder.file(), &said);
    file.resume({}, LogIndex(30), heads_of(all), {});
    file.enter(part(all, 0, 30));
    check_equal(folder.file(), all, 30);
    CHECK(said.empty());
  }
}

TEST_CASE("what was compacted before the ledger had it is a gap with the alerts known otherwise") {
  const Folder folder;
  const auto all = agreed(5, 120);
  std::vector<std::string> said;
  std::vector<datum::Alert> known;
  node::Ledger ledger({}, example::kIdentity.cluster);
  std::uint64_t epoch = 0;
  for (std::size_t i = 0; i < 80; ++i) {
    if (auto alert = ledger.apply(all[i].entry)) known.push_back(*alert);
    epoch = epoch_at(all[i].entry, epoch);
  }
  std::reverse(known.begin(), known.end());
  {
    LedgerFile file = open(folder.file(), &said);
    file.resume({}, LogIndex(20), heads_of(all), {});
    file.enter(part(all, 0, 20));
    file.skip_to({LogIndex(80), all[79].head, epoch}, known);
    file.skip_to({LogIndex(70), all[69].head, epoch}, known);  // it is there already
    file.enter(part(all, 80, 100));
  }
  LedgerFile file = open(folder.file(), &said);
  file.resume({LogIndex(80), all[79].head, epoch}, LogIndex(120), heads_of(all), known);
  file.enter(part(all, 80, 120));
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("entries 21 to 80 were compacted") != std::string::npos);

  auto reader = LedgerReader::open(folder.file());
  REQUIRE(reader);
  const auto compared = compare(*reader, nullptr, {});
  REQUIRE(compared);
  CHECK(compared->lines == std::vector<std::string>{});
  CHECK(compared->chained == 60);
  CHECK(compared->carried ==
        static_cast<std::uint64_t>(std::count_if(known.begin(), known.end(), [](const datum::Alert& alert) {
          return alert.index > LogIndex(20);
        })));
  CHECK(compared->carried > 10);
  CHECK(compared->gaps.size() == 1);
  const auto before = reader->ask("SELECT count(*) FROM alert WHERE idx <= 80", 1);
  REQUIRE(before);
  CHECK(before->rows[0][0] == Cell(static_cast<std::int64_t>(known.size())));
}

TEST_CASE("a full disk is said once, the entries wait, and are written when there is room again") {
  const Folder folder;
  const auto all = agreed(6, 400);
  std::vector<std::string> said;
  LedgerFile file = open(folder.file(), &said);
  file.enter(part(all, 0, 10));
  rlimit whole{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &whole) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{std::filesystem::file_size(folder.file() + "-wal") + 20'000, whole.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  for (std::size_t i = 10; i < 300; i += 10) file.enter(part(all, i, i + 10));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &whole) == 0);
  (void)std::signal(SIGXFSZ, handler);
  CHECK(file.behind());
  CHECK(file.applied() >= LogIndex(10));
  CHECK(file.applied() < LogIndex(300));
  REQUIRE(said.size() == 1);
  CHECK(said[0].find("the node goes on, its log is the truth") != std::string::npos);
  {
    auto reader = LedgerReader::open(folder.file());  // what is there is whole
    REQUIRE(reader);
    CHECK(reader->applied() == file.applied());
  }
  file.enter(part(all, 300, 400));
  CHECK(!file.behind());
  REQUIRE(said.size() == 2);
  CHECK(said[1].find("written again, up to entry 400") != std::string::npos);
  check_equal(folder.file(), all, 400);
}

TEST_CASE("a ledger that cannot keep up stays where it is, and the next start brings it on") {
  const Folder folder;
  auto all = agreed(7, 30);
  std::vector<std::string> said;
  {
    LedgerFile file = open(folder.file(), &said);
    file.enter(part(all, 0, 10));
    file.enter(part(all, 12, 20));  // two are missing
    CHECK(file.behind());
    file.enter(part(all, 10, 30));
    CHECK(file.applied() == LogIndex(10));
    REQUIRE(said.size() == 1);
    CHECK(said[0].find("stays at entry 10 until the next start: entry 13 came where 11 was expected") !=
          std::string::npos);
  }
  LedgerFile file = open(folder.file());
  file.resume({}, LogIndex(30), heads_of(all), {});
  file.enter(part(all, 0, 30));
  check_equal(folder.file(), all, 30);
}

TEST_CASE("where the ledger cannot be at all, it says why") {
  const auto opened =
      LedgerFile::open("/nowhere/at/all/ledger.sqlite", {example::kIdentity}, [](const auto&) {});
  REQUIRE(!opened);
  CHECK(opened.error().code == Errc::kInputOutput);
  CHECK(opened.error().message.find("/nowhere/at/all/ledger.sqlite") != std::string::npos);
}

}  // namespace skywarden::ledger
