// Records kept on a disk that is too small for all of them: by the plan of onboard/retention.h critical cells
// stay longest, others are thinned to every other record and then go, oldest first, and bytes are bounded.
//
// Records wait in one open file and are durable there when sync() returns. When there are enough of them, or
// the file is full, they are packed: what the schema calls critical into a file of its own, what is normal
// and what is low into two files each, one for the first, third, … record of each stream and one for those in
// between. A file is what the plan keeps or drops, so thinning halves the pace of the old records instead of
// tearing holes of hours. Files are record batches (onboard/record_batch.h): what was observed, numbers on
// their schema's grid, reasons of what is missing; estimates are not kept, because they can be made again.
//
// After a crash the store is as it was when the last block had been packed, and what was synchronised since
// waits in the open file; a packing that was under way is done again. Files that are damaged are removed and
// told of: nobody rests a vote on them. docs/formats.md has the formats.
//
// One thread, no clock; the disk may be any (disk.h). What it cannot do: keep a record because of what
// happened around it; criticality is the schema's alone.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/retention.h"
#include "storage/disk.h"
#include "storage/record_file.h"

namespace skywarden::storage {

inline constexpr std::uint64_t kFileGrainBytes = 4096;  // what a file takes is counted in these

struct RecordStoreOptions {
  // Of all files, the open one included; at least 8 × open_bytes. Names of files are not counted.
  std::uint64_t bytes_max = std::uint64_t{64} << 20;
  std::size_t block_records = 512;                      // 2…65,536; packed together, of all schemas
  std::uint64_t open_bytes = std::uint64_t{256} << 10;  // of the open file; 8 KiB…16 MiB, whole sectors
  double thin_from = 0.75;                              // as in onboard::RetentionOptions
  [[nodiscard]] Result<void> validate() const;          // kOutOfRange names the option
};

struct RecordStoreStatus {
  std::array<std::uint64_t, onboard::kCriticalities> bytes{};  // of packed files, by criticality
  std::uint64_t open_bytes = 0;                                // of the open file
  std::uint64_t files = 0;                                     // packed ones
  std::uint64_t open_records = 0;                              // not packed yet
  // Files since the folder was begun: thinned, dropped, refused because all that is held is more critical.
  std::uint64_t thinned = 0, dropped = 0, refused = 0;
};

class RecordStore {
 public:
  struct Opened;

  // Made when there is none. The schemas outlive the store. kNotFound, kConflict: records wait in the open
  // file whose schema is not among these, or is another of that name. kUnsupported: of a later version.
  [[nodiscard]] static Result<Opened> open(Disk& disk, std::vector<const datum::Schema*> schemas,
                                           const RecordStoreOptions& options = {});

  // `schema` counts those given to open(); the record follows it. Not durable before sync(). kMalformed,
  // kLimitReached: a record that batches do not take, or larger than the open file; it changes nothing.
  [[nodiscard]] Result<void> add(std::size_t schema, const datum::Record& record);
  // What was added is durable. After an error of the disk the store takes nothing more.
  [[nodiscard]] Result<void> sync();
  // Packs what waits, however little it is; what was added is durable before.
  [[nodiscard]] Result<void> pack();

  [[nodiscard]] bool has_unsynced() const { return !pending_.empty(); }
  [[nodiscard]] RecordStoreStatus status() const;

 private:
  struct Pending {
    std::size_t schema = 0;
    datum::Record record;
    std::vector<std::byte> packed;  // alone
  };
  struct Packed {
    onboard::RetainedEntry entry;
    std::vector<std::byte> bytes;
  };
  struct Found;

  RecordStore(Disk& disk, std::vector<const datum::Schema*> schemas, const RecordStoreOptions& options);

  [[nodiscard]] Result<void> take_open_file(Found& found, std::vector<std::byte>& again);
  [[nodiscard]] Result<void> take_files(Found& found);
  [[nodiscard]] Result<void> take_waiting(std::span<const std::byte> batch, Opened& opened);
  [[nodiscard]] Result<void> sync_all();
  [[nodiscard]] Result<void> append_some(std::size_t count);
  [[nodiscard]] std::size_t count_that_fits() const;
  [[nodiscard]] Result<void> pack_block();
  [[nodiscard]] std::vector<Packed> packed_block();
  void pack_one(std::size_t schema, datum::Criticality criticality, Half half, std::vector<Packed>& out);
  [[nodiscard]] Result<void> begin_open_file(std::span<const std::byte> contents);
  [[nodiscard]] RecordStoreState state() const;
  [[nodiscard]] std::size_t record_bytes_max() const;

  Disk* disk_;
  std::vector<const datum::Schema*> schemas_;
  RecordStoreOptions options_;
  std::unique_ptr<onboard::RetentionPlan> plan_;
  std::uint64_t next_id_ = 1, refused_ = 0;
  std::vector<std::vector<datum::Record>> waiting_;  // in the open file, by schema
  std::size_t waiting_records_ = 0;
  std::vector<Pending> pending_;  // added, not in the open file yet
  std::string open_name_;         // of the open file that is on the disk
  std::unique_ptr<DiskFile> file_;
  std::uint64_t number_ = 0;  // of the open file, and of the block that it becomes
  std::uint64_t blocks_ = 0, end_ = 0, next_batch_ = 1;
  std::uint32_t salt_ = 0;
  std::optional<Error> failed_;
};

struct RecordStore::Opened {
  RecordStore store;
  std::vector<std::string> damage;  // a line each
  bool made = false;                // there was none
  bool torn = false;                // a write was under way when the program or the power went
};

struct KeptRecords {
  std::vector<datum::Record>
      records;  // by time, equal times by stream; cells that went are Missing{kDropped}
  std::size_t files = 0, other_files = 0;                      // of this schema; of others
  std::array<std::uint64_t, onboard::kCriticalities> bytes{};  // of its files, by criticality
  std::size_t open_records = 0;                                // of them, not packed yet
  RecordStoreState state;                                      // of the folder, when it was last packed
  std::vector<std::string> damage;                             // a line each
};

// What is kept of a schema, looked at without changing it, also while a store writes there. kConflict: of
// another schema of that name.
[[nodiscard]] Result<KeptRecords> read_kept(Disk& disk, const datum::Schema& schema);

}  // namespace skywarden::storage
