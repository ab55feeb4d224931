#include "storage/log_store.h"

#include <doctest/doctest.h>

#include "consensus/withheld.h"
#include "storage/memory_disk.h"

namespace skywarden::storage {
namespace {

using consensus::Entry;
using consensus::Persist;

const LogIdentity kIdentity{"forest", NodeId(3)};
constexpr LogStore::Options kOptions{std::uint64_t{1} << 14};

Persist step_of(std::uint64_t index, std::size_t bytes = 100) {
  Persist step;
  step.state = consensus::HardState{Term(1), NodeId(2)};
  step.append.push_back({Term(1), LogIndex(index), std::vector<std::byte>(bytes, std::byte{1})});
  return step;
}

struct Log {
  MemoryDisk disk;
  EntryChain chain{kIdentity.cluster};
  std::optional<LogStore> store;

  Log() {
    auto founded = LogStore::found(disk, kIdentity, kOptions);
    REQUIRE(founded);
    store.emplace(std::move(*founded));
  }
  void add(std::uint64_t index, std::size_t bytes = 100) {
    const Persist step = step_of(index, bytes);
    for (const Entry& entry : step.append) chain.append(entry);
    store->add(step, chain.head());
  }
  void write(std::uint64_t index) {
    add(index);
    REQUIRE(store->sync());
  }
};

// Zeros over one block of the first segment.
void erase_block(MemoryDisk& disk, std::uint64_t block) {
  const std::string name = segment_name(1);
  auto bytes = disk.read(name).value();
  for (std::uint64_t i = 0; i < kSectorBytes * 8; ++i) {
    const std::uint64_t bit = block * kSectorBytes * 8 + i;
    if ((std::to_integer<unsigned>(bytes[bit / 8]) >> (bit % 8) & 1U) != 0) disk.flip(name, bit);
  }
}

}  // namespace

TEST_CASE("what was synchronised is there, what was only added is not") {
  Log log;
  log.write(1);
  log.write(2);
  log.add(3);
  const auto opened = LogStore::open(log.disk, kIdentity, kOptions);
  REQUIRE(opened);
  CHECK(opened->contents.persisted.log.size() == 2);
  CHECK(opened->contents.persisted.state == consensus::HardState{Term(1), NodeId(2)});
  CHECK(opened->contents.chain.last() == LogIndex(2));
}

TEST_CASE("many steps share one wait for the disk") {
  Log log;
  for (std::uint64_t i = 1; i <= 50; ++i) log.add(i);
  REQUIRE(log.store->sync());
  CHECK(log.store->syncs() == 1);
  CHECK(read_log(log.disk)->persisted.log.size() == 50);
}

TEST_CASE("a batch larger than a segment gets one of its own") {
  Log log;
  log.add(1, 50'000);
  REQUIRE(log.store->sync());
  log.write(2);
  const auto read = read_log(log.disk);
  REQUIRE(read);
  CHECK(read->persisted.log.size() == 2);
  CHECK(read->first_segment == 1);
  CHECK(read->last_segment >= 2);
}

TEST_CASE("the log of another node, or of another cluster, is refused in words") {
  Log log;
  const auto other = LogStore::open(log.disk, {"forest", NodeId(4)}, kOptions);
  REQUIRE(!other);
  CHECK(other.error().code == Errc::kConflict);
  CHECK(other.error().message ==
        "this is the log of node 3 of cluster forest, not of node 4 of cluster forest");
  CHECK(LogStore::open(log.disk, {"desert", NodeId(3)}, kOptions).error().code == Errc::kConflict);
  CHECK(LogStore::found(log.disk, kIdentity, kOptions).error().code == Errc::kConflict);
}

TEST_CASE("no log is not an empty log") {
  MemoryDisk disk;
  CHECK(LogStore::open(disk, kIdentity, kOptions).error().code == Errc::kNotFound);
}

TEST_CASE("a hole in the middle is a lost log") {
  Log log;
  for (std::uint64_t i = 1; i <= 3; ++i) log.write(i);
  erase_block(log.disk, 3);  // head, checkpoint, the first two batches
  const auto read = read_log(log.disk);
  REQUIRE(!read);
  CHECK(read.error().code == Errc::kMalformed);
  CHECK(read.error().message ==
        "log-0000000000000001: block 3: a batch is missing before a later one, and it may have been "
        "acknowledged");
}

TEST_CASE("a last batch that turned to zeros is noticed once it is marked as durable") {
  Log log;
  for (std::uint64_t i = 1; i <= 3; ++i) log.write(i);
  REQUIRE(log.store->mark());
  erase_block(log.disk, 4);
  CHECK(read_log(log.disk).error().code == Errc::kMalformed);
}

TEST_CASE("entries that are not the ones whose head was noted are a lost log") {
  Log log;
  log.write(1);
  log.store->add(step_of(2), first_head("another"));
  REQUIRE(log.store->sync());
  CHECK(read_log(log.disk).error().message ==
        "log-0000000000000001: batch 3: the chain of entries up to 2 is broken");
}

TEST_CASE("a missing segment is a lost log") {
  Log log;
  for (std::uint64_t i = 1; i <= 200; ++i) log.write(i);
  auto names = log.disk.names().value();
  REQUIRE(names.size() > 3);
  SUBCASE("in the middle") {
    REQUIRE(log.disk.remove(names[1]));
  }
  SUBCASE("the first") {
    REQUIRE(log.disk.remove(names[0]));
  }
  CHECK(read_log(log.disk).error().code == Errc::kMalformed);
}

TEST_CASE("a full disk is said, and costs nothing that was acknowledged") {
  Log log;
  log.disk.set_bytes_max(40'000);  // two segments
  std::uint64_t written = 0;
  Result<void> done;
  while (done) {
    log.add(written + 1);
    done = log.store->sync();
    if (done) ++written;
  }
  CHECK(done.error().code == Errc::kLimitReached);
  CHECK(!log.store->sync());  // and stays said
  const auto read = read_log(log.disk);
  REQUIRE(read);
  CHECK(read->persisted.log.size() == written);
}

TEST_CASE("a checkpoint takes the place of all that is older") {
  Log log;
  for (std::uint64_t i = 1; i <= 100; ++i) log.write(i);
  const auto before = log.disk.bytes();
  Persist step;
  step.snapshot = consensus::Snapshot{
      {LogIndex(99), Term(1)}, {consensus::Epoch(), {{{NodeId(3), 1}}, {}}, {}, 0}, {std::byte{9}}};
  const auto read = read_log(log.disk);
  REQUIRE(read);
  const std::vector<Entry> rest(read->persisted.log.end() - 1, read->persisted.log.end());
  REQUIRE(log.store->checkpoint(step, rest, log.chain.head_at(LogIndex(99)), log.chain.head()));
  CHECK(log.disk.bytes() < before);
  log.write(101);
  const auto again = read_log(log.disk);
  REQUIRE(again);
  CHECK(again->persisted.snapshot == step.snapshot);
  CHECK(again->persisted.log.size() == 2);
  CHECK(again->first_segment == again->last_segment);
  SUBCASE("a damaged snapshot is a lost log") {
    log.disk.flip(snapshot_name(again->first_segment), 70);
    CHECK(read_log(log.disk).error().code == Errc::kMalformed);
  }
  SUBCASE("a missing one too") {
    REQUIRE(log.disk.remove(snapshot_name(again->first_segment)));
    CHECK(read_log(log.disk).error().code == Errc::kMalformed);
  }
}

TEST_CASE("records come back as they were, and nothing else is one") {
  std::vector<std::byte> batch;
  Persist step = step_of(7, 10);
  step.truncate_from = LogIndex(5);
  append_step(batch, step, first_head("a"));
  append_step(batch, {}, first_head("b"));
  const auto records = read_records(batch);
  REQUIRE(records);
  REQUIRE(records->size() == 2);
  CHECK(std::get<StepRecord>((*records)[0]) == StepRecord{step, first_head("a")});
  CHECK(!read_records(std::span(batch).first(batch.size() - 1)));
  CHECK(!read_records(std::span(batch).subspan(1)));
}

TEST_CASE("a witness's entry has the size of a fingerprint, or the log is lost") {
  for (const std::size_t less : {0, 1}) {
    Log log;
    Persist step = step_of(1);
    step.append.back() = consensus::withheld(step.append.back());
    step.append.back().payload.resize(consensus::kWithheldBytes - less);
    log.chain.append(step.append.back());
    log.store->add(step, log.chain.head());
    REQUIRE(log.store->sync());
    const auto read = read_log(log.disk);
    if (less == 0) {
      REQUIRE(read);
      CHECK(read->persisted.log == step.append);
    } else {
      CHECK(read.error().message ==
            "log-0000000000000001: batch 2: entry 1 is withheld and has 7 bytes, expected 8");
    }
  }
}

TEST_CASE("heads of a chain depend on every entry and on the cluster") {
  EntryChain a("forest"), b("forest"), c("desert");
  CHECK(a.head() == b.head());
  CHECK(a.head() != c.head());
  const Entry entry{Term(1), LogIndex(1), {std::byte{1}}};
  Entry other = entry;
  other.kind = consensus::EntryKind::kConfiguration;
  a.append(entry);
  b.append(other);
  CHECK(a.head() != b.head());
  b.truncate_from(LogIndex(1));
  b.append(entry);
  CHECK(a.head() == b.head());
}

}  // namespace skywarden::storage
