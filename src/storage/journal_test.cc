#include "storage/journal.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "base/random.h"
#include "storage/log_store.h"
#include "storage/memory_disk.h"

namespace skywarden::storage {
namespace {

using Line = std::vector<std::byte>;

const LogIdentity kIdentity{"forest", NodeId(3)};
constexpr std::size_t kKept = 20;

Journal::Options options() {
  return {"seen", kKept, std::uint64_t{1} << 13};
}

Line line(std::uint64_t number, std::size_t bytes = 100) {
  Line out(bytes, static_cast<std::byte>(number >> 8));
  out[0] = static_cast<std::byte>(number);
  return out;
}

Journal::Opened open(Disk& disk) {
  auto opened = Journal::open(disk, kIdentity, options());
  REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
  return std::move(*opened);
}

void write(Journal& journal, std::uint64_t number) {
  journal.add(line(number));
  REQUIRE(journal.sync());
}

bool ends_with(const std::vector<Line>& all, const std::vector<Line>& part) {
  return part.size() <= all.size() && std::equal(part.rbegin(), part.rend(), all.rbegin());
}

}  // namespace

TEST_CASE("what was synchronised is there, what was only added is not") {
  MemoryDisk disk;
  auto opened = open(disk);
  CHECK(opened.made);
  write(opened.journal, 1);
  opened.journal.add(line(2, 2000));
  opened.journal.add(line(3, 1));
  REQUIRE(opened.journal.sync());
  opened.journal.add(line(4));
  Random random(1);
  disk.crash(random);
  const auto again = open(disk);
  CHECK_FALSE(again.made);
  CHECK(again.damage.empty());
  CHECK(again.records == std::vector<Line>{line(1), line(2, 2000), line(3, 1)});
}

TEST_CASE("the newest are kept, and the disk does not fill") {
  MemoryDisk disk;
  auto opened = open(disk);
  std::uint64_t bytes_max = 0;
  for (std::uint64_t i = 1; i <= 500; ++i) {
    write(opened.journal, i);
    bytes_max = std::max(bytes_max, disk.bytes());
  }
  CHECK(bytes_max <= 5 * (std::uint64_t{1} << 13));
  const auto again = open(disk);
  REQUIRE(again.records.size() == kKept);
  for (std::size_t i = 0; i < kKept; ++i) CHECK(again.records[i] == line(500 - kKept + 1 + i));
}

TEST_CASE("the journal of another node is refused and left as it is") {
  MemoryDisk disk;
  auto opened = open(disk);
  write(opened.journal, 1);
  const auto other = Journal::open(disk, {"forest", NodeId(4)}, options());
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Errc::kConflict);
  CHECK(other.error().message ==
        "seen-0000000000000001: this is the journal of node 3 of cluster forest, not of node 4 of cluster "
        "forest");
  CHECK(open(disk).records.size() == 1);
}

TEST_CASE("a full disk is said, and the journal takes nothing more") {
  MemoryDisk disk(std::uint64_t{3} << 13);
  auto opened = open(disk);
  Result<void> done;
  for (std::uint64_t i = 1; i < 100 && done; ++i) {
    opened.journal.add(line(i, 400));
    done = opened.journal.sync();
  }
  REQUIRE_FALSE(done);
  CHECK(done.error().code == Errc::kLimitReached);
  disk.set_bytes_max(UINT64_MAX);
  CHECK_FALSE(opened.journal.sync());
  CHECK_FALSE(open(disk).records.empty());
}

TEST_CASE("a damaged segment is told of and set aside, once, and the others count") {
  MemoryDisk disk;
  auto opened = open(disk);
  for (std::uint64_t i = 1; i <= 20; ++i) write(opened.journal, i);  // two segments
  disk.flip("seen-0000000000000001", (3 * kSectorBytes + 40) * 8);
  auto damaged = open(disk);
  REQUIRE(damaged.damage.size() == 1);
  CHECK(damaged.damage[0] ==
        "seen-0000000000000001: block 3: damaged, and it may have been acknowledged; it is set aside");
  CHECK(damaged.records.size() == 6);
  CHECK(damaged.records.back() == line(20));
  write(damaged.journal, 21);
  const auto again = open(disk);
  CHECK(again.damage.empty());
  CHECK(again.records.size() == 7);
  disk.flip("seen-0000000000000002", (2 * kSectorBytes + 40) * 8);  // and the one that was written to
  auto empty = open(disk);
  CHECK(empty.damage.size() == 1);
  CHECK(empty.records.empty());
  write(empty.journal, 22);
  CHECK(open(disk).records == std::vector<Line>{line(22)});
}

TEST_CASE("a segment that is gone from the middle is told of") {
  MemoryDisk disk;
  auto opened = open(disk);
  for (std::uint64_t i = 1; i <= 34; ++i) write(opened.journal, i);
  REQUIRE(disk.remove("seen-0000000000000002"));
  const auto again = open(disk);
  REQUIRE(again.damage.size() == 1);
  CHECK(again.damage[0].find("what lies between is missing") != std::string::npos);
}

TEST_CASE("a log and a journal live in one folder") {
  MemoryDisk disk;
  auto opened = open(disk);
  REQUIRE(LogStore::found(disk, kIdentity, {}));
  write(opened.journal, 1);
  CHECK(LogStore::open(disk, kIdentity, {}));
  CHECK(open(disk).records.size() == 1);
}

TEST_CASE("whenever the machine stops, the journal holds what was acknowledged, and perhaps the last batch") {
  rc::check([](std::uint64_t seed) {
    Random random(seed);
    MemoryDisk disk;
    std::vector<Line> all;  // acknowledged
    std::uint64_t number = 0;
    for (int life = 0; life < 4; ++life) {
      std::vector<Line> doubtful;  // written, and not acknowledged
      disk.stop_after(1 + random.below(60));
      if (auto opened = Journal::open(disk, kIdentity, options())) {
        RC_ASSERT(opened->damage.empty());
        for (;;) {
          doubtful.clear();
          for (std::uint64_t n = 1 + random.below(3); n > 0; --n)
            doubtful.push_back(line(++number, 1 + random.below(1500)));
          for (const Line& each : doubtful) opened->journal.add(each);
          if (!opened->journal.sync()) break;
          all.insert(all.end(), doubtful.begin(), doubtful.end());
        }
      }
      disk.crash(random);
      auto after = Journal::open(disk, kIdentity, options());
      RC_ASSERT(after.has_value());
      RC_ASSERT(after->damage.empty());
      std::vector<Line> with = all;
      with.insert(with.end(), doubtful.begin(), doubtful.end());
      const bool whole = ends_with(all, after->records);
      RC_ASSERT(whole || ends_with(with, after->records));
      RC_ASSERT(after->records.size() >= std::min(kKept, all.size()));
      if (!whole) all = with;
    }
  });
}

TEST_CASE("a bit that flips takes its segment and nothing else") {
  std::size_t noticed = 0;
  rc::check([&](std::uint64_t seed) {
    Random random(seed);
    MemoryDisk disk;
    auto opened = Journal::open(disk, kIdentity, options());
    RC_ASSERT(opened.has_value());
    std::vector<Line> all;
    for (std::uint64_t i = 1; i <= 30; ++i) {
      all.push_back(line(i, 1 + random.below(1000)));
      opened->journal.add(all.back());
      RC_ASSERT(opened->journal.sync().has_value());
    }
    const auto names = disk.names().value();
    const std::string& name = names[random.below(names.size())];
    disk.flip(name, random.below(disk.read(name).value().size() * 8));
    const auto read = Journal::open(disk, kIdentity, options());
    RC_ASSERT(read.has_value());
    for (const Line& each : read->records)  // each is one of those that were written
      RC_ASSERT(std::find(all.begin(), all.end(), each) != all.end());
    RC_ASSERT(read->damage.size() == 1 || read->records.size() == kKept);
    noticed += read->damage.size();
    RC_ASSERT(Journal::open(disk, kIdentity, options())->damage.empty());  // told once
  });
  CHECK(noticed > 20);
}

}  // namespace skywarden::storage
