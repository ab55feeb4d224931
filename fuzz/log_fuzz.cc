#include <span>

#include "base/contract.h"
#include "storage/log_store.h"
#include "storage/memory_disk.h"

// Two readings of what an enemy wrote: as it is, as a segment; and as batches in blocks whose checksums are
// right, after an honest beginning. What is accepted must do as the beginning of a consensus machine.
namespace {

using namespace skywarden;
using namespace skywarden::storage;

constexpr std::size_t kSegmentBytes = std::size_t{1} << 16;

void read_as_batches(std::span<const std::byte> bytes) {
  MemoryDisk disk;
  const LogIdentity identity{"fuzz", NodeId(1)};
  if (!LogStore::found(disk, identity, LogStore::Options{kSegmentBytes})) return;
  const std::string name = segment_name(1);
  const auto segment = disk.read(name).value();
  std::vector<std::byte> blocks;
  const std::uint32_t salt = salt_of(std::span(segment).first(kSectorBytes));
  std::uint64_t batch = 2;
  std::uint64_t at = 2;
  while (!bytes.empty()) {  // a length of one byte, then a batch
    const std::size_t size = std::min(bytes.size() - 1, 8 * std::to_integer<std::size_t>(bytes[0]));
    const auto contents = bytes.subspan(1, size);
    if ((at + blocks_of(size)) * kSectorBytes > kSegmentBytes) break;
    write_batch(blocks, batch++, contents, salt, at);
    at += blocks_of(size);
    bytes = bytes.subspan(1 + size);
  }
  EXPECTS(disk.open(name).value()->write(2 * kSectorBytes, blocks));
  const auto log = read_log(disk);
  if (!log) return;
  EXPECTS(!log->torn);
  EXPECTS(consensus::is_contiguous(log->persisted.log, {}));
  EXPECTS(log->persisted.log.empty() || log->persisted.state.term >= log->persisted.log.back().term);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto as_it_is = read_last_segment(bytes);
  if (as_it_is) EXPECTS(as_it_is->end <= as_it_is->head.blocks);
  EXPECTS(as_it_is || !as_it_is.error().message.empty());
  const auto records = read_records(bytes);
  if (records) {  // one value has one encoding
    std::vector<std::byte> again;
    for (const Record& record : *records)
      if (const auto* step = std::get_if<StepRecord>(&record))
        append_step(again, step->step, step->head);
      else
        append_checkpoint(again, std::get<Checkpoint>(record));
    EXPECTS(again.size() == bytes.size());
  }
  if (size > 0) read_as_batches(bytes);
  return 0;
}
