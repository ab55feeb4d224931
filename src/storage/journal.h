// A journal on a disk: records that only come, made durable together, the newest of which are kept. For what
// a node is the better for having after a restart and has promised to nobody by vote: a journal that is found
// damaged is told of, what is sound of it counts, and the node goes on. The log is another matter
// (log_store.h).
//
// Files NAME-N, N the number in 16 hexadecimal digits: segments (segment.h) that need none before them, whose
// batches are records, each a length (4 bytes, little-endian) and its bytes. A segment that is full ends with
// a mark. A damaged one is set aside as NAME-N.damaged.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/segment.h"

namespace skywarden::storage {

inline constexpr std::size_t kJournalRecordBytesMax = std::size_t{1} << 20;

// What a batch holds. kMalformed: not records of at most kJournalRecordBytesMax.
[[nodiscard]] Result<std::vector<std::vector<std::byte>>> read_journal_batch(
    std::span<const std::byte> batch);

class Journal {
 public:
  struct Options {
    std::string name;
    std::size_t records_max = 0;  // so many are kept at least, and up to a segment more
    std::uint64_t segment_bytes = std::uint64_t{1} << 20;  // larger only where one batch is
  };
  struct Opened;

  // Made when there is none. kConflict: another node's. kUnsupported: of a later version.
  [[nodiscard]] static Result<Opened> open(Disk& disk, const LogIdentity& identity, Options options);

  // Not durable before sync(). Expects at most kJournalRecordBytesMax.
  void add(std::span<const std::byte> record);
  // After an error the journal takes nothing more.
  [[nodiscard]] Result<void> sync();
  [[nodiscard]] bool has_unsynced() const { return !pending_.empty(); }

 private:
  struct Kept {
    std::uint64_t number = 0;
    std::size_t records = 0;
  };

  Journal(Disk& disk, LogIdentity identity, Options options)
      : disk_(&disk), identity_(std::move(identity)), options_(std::move(options)) {}

  [[nodiscard]] std::string name_of(std::uint64_t number) const;
  [[nodiscard]] Result<void> write_pending();
  [[nodiscard]] Result<void> end_segment();
  [[nodiscard]] Result<void> begin_segment(std::span<const std::byte> batch);
  [[nodiscard]] Result<void> forget_oldest();

  Disk* disk_;
  LogIdentity identity_;
  Options options_;
  std::deque<Kept> kept_;           // segments with what is known of, ascending
  std::unique_ptr<DiskFile> file_;  // none: the next batch begins a segment
  std::uint64_t last_number_ = 0;   // of a segment, damaged ones included
  std::uint64_t blocks_ = 0;        // of the file
  std::uint32_t salt_ = 0;
  std::uint64_t end_ = 0;  // blocks of it that are written
  std::uint64_t next_batch_ = 1;
  std::vector<std::byte> pending_;
  std::size_t pending_records_ = 0;
  std::optional<Error> failed_;
};

struct Journal::Opened {
  Journal journal;
  std::vector<std::vector<std::byte>> records;  // sound ones, the newest records_max at most, oldest first
  std::vector<std::string> damage;              // a line each
  bool made = false;                            // there was none
  bool torn = false;                            // the last batch was not finished and does not count
};

}  // namespace skywarden::storage
