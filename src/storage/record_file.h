// The two formats of a folder of kept records (record_store.h; docs/formats.md): a file of packed records,
// and what stands first in the file that new records wait in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "datum/schema.h"
#include "onboard/retention.h"

namespace skywarden::storage {

inline constexpr std::uint64_t kRecordFileVersion = 1;

// Which records of a block a file has.
enum class Half : std::uint8_t {
  kAll,
  kFirst,   // the first, third, … of each stream
  kSecond,  // the second, fourth, … of each stream
};

struct RecordFileHead {
  std::uint64_t block = 0;                                       // records that were packed together
  datum::Criticality criticality = datum::Criticality::kNormal;  // of the fields in it
  Half half = Half::kAll;
  friend bool operator==(const RecordFileHead&, const RecordFileHead&) = default;
};

struct RecordFile {
  RecordFileHead head;
  std::span<const std::byte> batch;  // onboard/record_batch.h; points into what was read
};

[[nodiscard]] std::vector<std::byte> write_record_file(const RecordFileHead& head,
                                                       std::span<const std::byte> batch);
// kMalformed: damaged, or never one. kUnsupported: of a later version.
[[nodiscard]] Result<RecordFile> read_record_file(std::span<const std::byte> bytes);

// What a store knows beside its files.
struct RecordStoreState {
  std::uint64_t next_id = 1;  // of a file; files from here on were not finished
  std::uint64_t files = 0;    // that were held
  std::uint64_t refused = 0;  // not kept, because all that is held is more critical
  onboard::RetentionMemory memory;
  friend bool operator==(const RecordStoreState&, const RecordStoreState&) = default;
};

[[nodiscard]] std::vector<std::byte> write_state(const RecordStoreState& state);
[[nodiscard]] Result<RecordStoreState> read_state(std::span<const std::byte> bytes);  // errors as above

}  // namespace skywarden::storage
