#include <span>

#include "base/contract.h"
#include "storage/journal.h"
#include "storage/memory_disk.h"

// Two readings of what an enemy wrote: as a file of a journal; and as batches in blocks whose checksums are
// right, after an honest beginning. Whatever it is, the journal opens, tells what was damaged once, and goes
// on.
namespace {

using namespace skywarden;
using namespace skywarden::storage;

const LogIdentity kIdentity{"fuzz", NodeId(1)};
constexpr std::size_t kRecordsMax = 100;
constexpr std::uint64_t kSegmentBytes = std::uint64_t{1} << 14;

Result<Journal::Opened> open(Disk& disk) {
  return Journal::open(disk, kIdentity, {"seen", kRecordsMax, kSegmentBytes});
}

void goes_on(Disk& disk) {
  auto opened = open(disk);
  if (!opened) {
    EXPECTS(opened.error().code == Errc::kConflict || opened.error().code == Errc::kUnsupported);
    return;
  }
  EXPECTS(opened->records.size() <= kRecordsMax);
  opened->journal.add(std::vector<std::byte>(7, std::byte{1}));
  if (!opened->journal.sync()) return;  // batches may be numbered to the end
  const auto again = open(disk);
  EXPECTS(again && again->damage.empty() && !again->records.empty());
  EXPECTS(again->records.back() == std::vector<std::byte>(7, std::byte{1}));
}

void put(Disk& disk, const char* name, std::span<const std::byte> bytes) {
  auto file = disk.create(name, bytes.size());
  EXPECTS(file && (*file)->write(0, bytes));
}

void read_as_batches(std::span<const std::byte> bytes) {
  MemoryDisk disk;
  EXPECTS(open(disk));
  const char* name = "seen-0000000000000001";
  const auto segment = disk.read(name).value();
  const std::uint32_t salt = salt_of(std::span(segment).first(kSectorBytes));
  std::vector<std::byte> blocks;
  std::uint64_t at = 1, batch = 1;
  while (!bytes.empty()) {  // a length of one byte, then a batch
    const std::size_t size = std::min(bytes.size() - 1, 8 * std::to_integer<std::size_t>(bytes[0]));
    if ((at + blocks_of(size)) * kSectorBytes > kSegmentBytes) break;
    write_batch(blocks, batch++, bytes.subspan(1, size), salt, at);
    at += blocks_of(size);
    bytes = bytes.subspan(1 + size);
  }
  EXPECTS(disk.open(name).value()->write(kSectorBytes, blocks));
  goes_on(disk);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  if (const auto records = read_journal_batch(bytes)) {
    std::size_t all = 0;
    for (const auto& record : *records) all += 4 + record.size();
    EXPECTS(all == size);
  }
  MemoryDisk disk;
  put(disk, "seen-0000000000000003", bytes);
  goes_on(disk);
  read_as_batches(bytes);
  return 0;
}
