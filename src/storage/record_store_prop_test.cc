// Whatever is written and wherever the power fails: bytes are bounded, nothing critical goes before what is
// less so, what was synchronised is there unless the plan let it go, and the store goes on.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>

#include "storage/memory_disk.h"
#include "storage/record_file.h"
#include "storage/record_store.h"
#include "storage/record_store_example.h"

namespace skywarden::storage {
namespace {

const datum::Schema kTower = kept_schema("tower"), kBuoy = kept_schema("buoy");
constexpr RecordStoreOptions kSmall{
    .bytes_max = 96 * 1024, .block_records = 16, .open_bytes = 8192, .thin_from = 0.6};

std::map<std::string, std::vector<std::byte>> files_of(MemoryDisk& disk) {
  std::map<std::string, std::vector<std::byte>> out;
  const std::vector<std::string> names = disk.names().value();
  for (const std::string& name : names) out[name] = disk.read(name).value();
  return out;
}

std::uint64_t rounded_bytes(MemoryDisk& disk) {
  std::uint64_t bytes = 0;
  for (const auto& [name, contents] : files_of(disk))
    bytes += (contents.size() + kFileGrainBytes - 1) / kFileGrainBytes * kFileGrainBytes;
  return bytes;
}

// What the plan says is what lies on the disk.
void check_against_disk(const RecordStore& store, MemoryDisk& disk) {
  const RecordStoreStatus status = store.status();
  std::array<std::uint64_t, 3> bytes{};
  std::size_t files = 0;
  for (const auto& [name, contents] : files_of(disk)) {
    if (!name.starts_with("records-")) continue;
    const auto file = read_record_file(contents);
    REQUIRE(file);
    bytes[static_cast<std::size_t>(file->head.criticality)] +=
        (contents.size() + kFileGrainBytes - 1) / kFileGrainBytes * kFileGrainBytes;
    ++files;
  }
  CHECK(status.bytes == bytes);
  CHECK(status.files == files);
}

RecordStore opened_store(MemoryDisk& disk) {
  auto opened = RecordStore::open(disk, {&kTower, &kBuoy}, kSmall);
  REQUIRE(opened);
  return std::move(opened->store);
}

struct Numbers {
  std::vector<double> smoke;  // as the records were counted
  std::size_t less_critical = 0;
};

Numbers numbers_in(MemoryDisk& disk) {
  const auto read = read_kept(disk, kTower);
  REQUIRE(read);
  Numbers out;
  for (const datum::Record& record : read->records) {
    if (const auto smoke = datum::number_of(record.fields[0])) out.smoke.push_back(*smoke);
    for (std::size_t f = 1; f < record.fields.size(); ++f)
      out.less_critical += std::holds_alternative<datum::Observed>(record.fields[f]) ? 1 : 0;
  }
  std::ranges::sort(out.smoke);
  return out;
}

}  // namespace

TEST_CASE("after a power failure anywhere the store has what was durable, within its bytes, and goes on") {
  std::size_t torn = 0, full = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    MemoryDisk disk;
    std::uint64_t written = 0, durable = 0;
    for (int life = 0; life < 8; ++life) {
      auto opened = RecordStore::open(disk, {&kTower, &kBuoy}, kSmall);
      REQUIRE_MESSAGE(opened, (opened ? "" : opened.error().message));
      CHECK(opened->damage.empty());
      torn += opened->torn ? 1 : 0;
      RecordStore& store = opened->store;
      check_against_disk(store, disk);
      CHECK(rounded_bytes(disk) <= kSmall.bytes_max);
      const Numbers before = numbers_in(disk);
      // Each once, and those that are gone are the oldest ones, when nothing less critical is left.
      CHECK(std::ranges::adjacent_find(before.smoke) == before.smoke.end());
      if (before.smoke.size() < durable) {
        // Records that wait are not planned yet.
        CHECK(store.status().bytes[0] + store.status().bytes[1] == 0);
        ++full;
      }
      if (durable > 0) {
        REQUIRE_FALSE(before.smoke.empty());
        CHECK(before.smoke.back() >= static_cast<double>(durable - 1));
      }
      disk.stop_after(random.below(400));
      for (;;) {
        bool stopped = false;
        for (std::uint64_t batch = 1 + random.below(12); batch > 0; --batch)
          REQUIRE(store.add(0, kept_record(random, written++)));
        if (random.chance(0.2)) REQUIRE(store.add(1, kept_record(random, written)));
        stopped = !(random.chance(0.02) ? store.pack() : store.sync());
        if (stopped) break;
        durable = written;
        if (random.chance(0.002)) break;  // the program ends, and what it wrote stays
      }
      disk.crash(random);
      // A record may have become durable just before the machine stopped, without anybody being told.
      const Numbers after = numbers_in(disk);
      written = after.smoke.empty() ? 0 : static_cast<std::uint64_t>(after.smoke.back()) + 1;
      CHECK(written >= durable);
    }
  }
  CHECK(torn > 5);
  CHECK(full > 0);
}

TEST_CASE("a store that was closed and opened goes on as one that never was") {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Random random(seed);
    MemoryDisk disk, other_disk;
    auto store = std::make_unique<RecordStore>(opened_store(disk));
    RecordStore other = opened_store(other_disk);
    for (std::uint64_t i = 0; i < 600; ++i) {
      const std::size_t schema = random.below(4) == 0 ? 1 : 0;
      const datum::Record record = kept_record(random, i);
      REQUIRE(store->add(schema, record));
      REQUIRE(other.add(schema, record));
      REQUIRE(store->sync());
      REQUIRE(other.sync());
      if (random.chance(0.05)) store = std::make_unique<RecordStore>(opened_store(disk));
    }
    CHECK(store->status().thinned > 0);
    CHECK(files_of(disk) == files_of(other_disk));
  }
}

TEST_CASE("bytes are bounded at every moment, and critical cells go last") {
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    Random random(seed);
    MemoryDisk disk(kSmall.bytes_max);  // its own bound: a write beyond would fail
    RecordStore store = opened_store(disk);
    std::uint64_t number = 0;
    while (store.status().bytes[2] == 0 || numbers_in(disk).smoke.size() == number) {
      REQUIRE(store.add(0, kept_record(random, number++)));
      REQUIRE(store.sync());
      CHECK(rounded_bytes(disk) <= kSmall.bytes_max);
    }
    CHECK(store.status().bytes[0] + store.status().bytes[1] == 0);
    CHECK(store.status().dropped > 0);
  }
}

}  // namespace skywarden::storage
