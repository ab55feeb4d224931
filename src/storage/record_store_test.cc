#include "storage/record_store.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "onboard/record_batch.h"
#include "storage/memory_disk.h"
#include "storage/record_store_example.h"

namespace skywarden::storage {
namespace {

const datum::Schema kTower = kept_schema("tower"), kBuoy = kept_schema("buoy");
constexpr RecordStoreOptions kSmall{.bytes_max = 320 * 1024, .block_records = 16, .open_bytes = 16 * 1024};
constexpr RecordStoreOptions kRoomy{.bytes_max = 4 << 20, .block_records = 16, .open_bytes = 16 * 1024};

RecordStore::Opened open(Disk& disk, const RecordStoreOptions& options = kSmall) {
  auto opened = RecordStore::open(disk, {&kTower, &kBuoy}, options);
  REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
  return std::move(*opened);
}

KeptRecords kept(Disk& disk, const datum::Schema& schema = kTower) {
  auto read = read_kept(disk, schema);
  REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
  CHECK(read->damage.empty());
  return std::move(*read);
}

// As bytes, because fields are not compared.
std::vector<std::byte> bytes_of(std::vector<datum::Record> records, const datum::Schema& schema = kTower) {
  return onboard::BatchPacker::make(schema, records)->pack_all();
}

std::vector<datum::Record> drawn(std::size_t count, std::uint64_t seed = 1) {
  Random random(seed);
  std::vector<datum::Record> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(kept_record(random, i));
  return out;
}

void write(RecordStore& store, std::size_t schema, std::span<const datum::Record> records) {
  for (const datum::Record& record : records) {
    REQUIRE(store.add(schema, record));
    REQUIRE(store.sync());
  }
}

}  // namespace

TEST_CASE("everything that fits comes back as it was, of each schema, packed or not") {
  MemoryDisk disk;
  const auto tower = drawn(100, 1), buoy = drawn(37, 2);
  {
    auto opened = open(disk, kRoomy);
    CHECK(opened.made);
    write(opened.store, 0, tower);
    write(opened.store, 1, buoy);
    CHECK(opened.store.status().open_records == 9);
    CHECK(opened.store.status().files > 0);
  }
  CHECK(bytes_of(kept(disk).records) == bytes_of(tower));
  CHECK(bytes_of(kept(disk, kBuoy).records, kBuoy) == bytes_of(buoy, kBuoy));
  auto again = open(disk, kRoomy);
  CHECK_FALSE(again.made);
  CHECK_FALSE(again.torn);
  CHECK(again.damage.empty());
  CHECK(again.store.status().open_records == 9);
  REQUIRE(again.store.pack());
  CHECK(again.store.status().open_records == 0);
  CHECK(bytes_of(kept(disk).records) == bytes_of(tower));
  CHECK(bytes_of(kept(disk, kBuoy).records, kBuoy) == bytes_of(buoy, kBuoy));
}

TEST_CASE("when storage fills notes go first, then wind is thinned to every other record, smoke stays") {
  MemoryDisk disk;
  auto opened = open(disk);
  const auto records = drawn(400);
  write(opened.store, 0, records);
  const RecordStoreStatus status = opened.store.status();
  CHECK(status.thinned > 0);
  CHECK(status.bytes[0] + status.bytes[1] + status.bytes[2] + 2 * kSmall.open_bytes <= kSmall.bytes_max);
  const auto read = kept(disk);
  REQUIRE(read.records.size() == records.size());
  std::size_t smoke = 0, wind = 0, notes = 0;
  const auto there = [](const datum::Field& field) { return std::holds_alternative<datum::Observed>(field); };
  for (const datum::Record& record : read.records) {
    smoke += there(record.fields[0]) ? 1 : 0;
    wind += there(record.fields[1]) ? 1 : 0;
    notes += there(record.fields[3]) ? 1 : 0;
  }
  CHECK(smoke == records.size());
  CHECK(wind < records.size() * 6 / 10);
  CHECK(wind > 0);
  CHECK(notes < wind);
}

TEST_CASE("with less room than before the least critical go when the store is opened") {
  MemoryDisk disk;
  {
    auto opened = open(disk);
    write(opened.store, 0, drawn(300));
    CHECK(opened.store.status().dropped == 0);
  }
  RecordStoreOptions less = kSmall;
  less.open_bytes = 8192;
  less.bytes_max = 8 * less.open_bytes;
  const auto opened = open(disk, less);
  const RecordStoreStatus status = opened.store.status();
  CHECK(status.dropped > 0);
  CHECK(status.bytes[0] == 0);
  CHECK(status.bytes[0] + status.bytes[1] + status.bytes[2] <= less.bytes_max - 2 * less.open_bytes);
}

TEST_CASE("a damaged file is told of and removed, the others count") {
  MemoryDisk disk;
  {
    auto opened = open(disk);
    write(opened.store, 0, drawn(48));
  }
  disk.flip("records-0000000000000001", 1000);
  CHECK(read_kept(disk, kTower)->damage.size() == 1);
  auto opened = open(disk);
  REQUIRE(opened.damage.size() == 1);
  CHECK(opened.damage.front() == "records-0000000000000001: its checksum is wrong; it is removed");
  CHECK(open(disk).damage.empty());
}

TEST_CASE("a damaged open file costs the records that waited in it, not the packed ones") {
  MemoryDisk disk;
  const auto records = drawn(40);
  {
    auto opened = open(disk);
    write(opened.store, 0, records);
  }
  disk.flip("open-0000000000000003", 8 * 1100);
  {
    auto opened = open(disk);
    REQUIRE(opened.damage.size() == 1);
    CHECK(opened.store.status().open_records == 0);
    write(opened.store, 0, std::span(records).last(8));
  }
  CHECK(bytes_of(kept(disk).records) == bytes_of(records));
}

TEST_CASE("who opens the folder without the schema of records that wait, or with another, is told so") {
  MemoryDisk disk;
  {
    auto opened = open(disk);
    write(opened.store, 1, drawn(3));
  }
  const auto without = RecordStore::open(disk, {&kTower}, kSmall);
  REQUIRE_FALSE(without);
  CHECK(without.error().code == Errc::kNotFound);
  datum::Schema other = kBuoy;
  other.fields[0].resolution = 0.5;
  const auto changed = RecordStore::open(disk, {&other}, kSmall);
  REQUIRE_FALSE(changed);
  CHECK(changed.error().code == Errc::kConflict);
  CHECK(open(disk).store.status().open_records == 3);
}

TEST_CASE("a record that no batch takes is refused and changes nothing") {
  MemoryDisk disk;
  auto opened = open(disk);
  Random random(1);
  datum::Record record = kept_record(random, 1);
  record.stream = "\xFF";
  CHECK(opened.store.add(0, record).error().code == Errc::kMalformed);
  datum::Schema wide = kTower;
  wide.fields.resize(12, wide.fields[3]);
  MemoryDisk other_disk;
  auto other = RecordStore::open(other_disk, {&wide}, kSmall);
  record.stream = "ridge";
  record.fields.resize(12, datum::Observed{std::string(4000, 'x')});
  CHECK(other->store.add(0, record).error().code == Errc::kLimitReached);
  CHECK_FALSE(other->store.has_unsynced());
}

TEST_CASE("a disk that is full stops the store, and what was synchronised before is there") {
  MemoryDisk disk(40 * 1024);
  const auto records = drawn(400);
  std::size_t durable = 0;
  {
    auto opened = open(disk);
    for (const datum::Record& record : records) {
      REQUIRE(opened.store.add(0, record));
      if (!opened.store.sync()) break;
      ++durable;
    }
    CHECK(durable < records.size());
    CHECK_FALSE(opened.store.sync());
  }
  disk.set_bytes_max(UINT64_MAX);
  (void)open(disk);
  CHECK(kept(disk).records.size() >= durable);
}

TEST_CASE("what is counted: files in steps of 4,096 bytes, and the open file") {
  MemoryDisk disk;
  auto opened = open(disk);
  write(opened.store, 0, drawn(16));
  const RecordStoreStatus status = opened.store.status();
  CHECK(status.files == 5);  // one critical, two of each of the others
  CHECK(status.bytes == std::array<std::uint64_t, 3>{2 * 4096, 2 * 4096, 4096});
  CHECK(status.open_bytes == kSmall.open_bytes);
}

}  // namespace skywarden::storage
