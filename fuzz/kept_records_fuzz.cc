#include <algorithm>
#include <span>

#include "base/contract.h"
#include "base/little_endian.h"
#include "storage/memory_disk.h"
#include "storage/record_file.h"
#include "storage/record_store.h"
#include "storage/record_store_example.h"
#include "storage/segment.h"
#include "wire/crc32c.h"

// Three readings of what an enemy wrote into a folder of kept records: as a packed file, with a checksum that
// is right; as an open file; and as what waits in an open file whose blocks are right. Whatever it is, the
// store opens or refuses, stays within its bytes, and goes on.
namespace {

using namespace skywarden;
using namespace skywarden::storage;

const datum::Schema kTower = kept_schema("tower");
constexpr RecordStoreOptions kSmall{.bytes_max = 96 * 1024, .block_records = 16, .open_bytes = 8192};

void put(Disk& disk, const char* name, std::span<const std::byte> bytes) {
  auto file = disk.create(name, bytes.size());
  EXPECTS(file && (*file)->write(0, bytes));
}

void goes_on(Disk& disk) {
  (void)read_kept(disk, kTower);
  auto opened = RecordStore::open(disk, {&kTower}, kSmall);
  if (!opened) {
    EXPECTS(opened.error().code == Errc::kConflict || opened.error().code == Errc::kUnsupported ||
            opened.error().code == Errc::kNotFound);
    return;
  }
  Random random(1);
  for (std::uint64_t i = 0; i < 3; ++i) EXPECTS(opened->store.add(0, kept_record(random, i)));
  EXPECTS(opened->store.sync() && opened->store.pack());
  const RecordStoreStatus status = opened->store.status();
  EXPECTS(status.bytes[0] + status.bytes[1] + status.bytes[2] + 2 * kSmall.open_bytes <= kSmall.bytes_max);
  const auto again = RecordStore::open(disk, {&kTower}, kSmall);
  EXPECTS(again && again->damage.empty());
}

void read_as_waiting(std::span<const std::byte> bytes) {
  MemoryDisk disk;
  EXPECTS(RecordStore::open(disk, {&kTower}, kSmall));
  const char* name = "open-0000000000000001";
  const auto segment = disk.read(name).value();
  if (2 + blocks_of(bytes.size()) > segment.size() / kSectorBytes) return;
  std::vector<std::byte> blocks;
  write_batch(blocks, 2, bytes, salt_of(std::span(segment).first(kSectorBytes)), 2);
  EXPECTS(disk.open(name).value()->write(2 * kSectorBytes, blocks));
  goes_on(disk);
}

}  // namespace

// The first byte chooses the reading.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
  if (const auto state = read_state(bytes)) EXPECTS(std::ranges::equal(write_state(*state), bytes));
  std::vector<std::byte> checked(bytes.begin(), bytes.end());
  append_little_endian(checked, wire::crc32c(bytes), 4);
  const auto file = read_record_file(checked);
  if (file) EXPECTS(write_record_file(file->head, file->batch) == checked);
  MemoryDisk disk;
  switch (data[0] % 4) {
    case 0:
      if (!file) return 0;  // one with a wrong checksum or head is like the next
      put(disk, "records-0000000000000003", checked);
      return goes_on(disk), 0;
    case 1:
      put(disk, "records-0000000000000003", bytes);
      return goes_on(disk), 0;
    case 2:
      put(disk, "open-0000000000000003", bytes);
      return goes_on(disk), 0;
    default:
      read_as_waiting(bytes);
  }
  return 0;
}
