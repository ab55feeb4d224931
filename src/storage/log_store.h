// The log of one node on its disk: steps of the consensus machine go in, and come out again after a restart
// (consensus::Persist, consensus::Persisted). Steps are gathered and made durable together, by one write and
// one wait for the disk: sync() is the group commit. Format and what may be cut: segment.h.
//
// One writer at a time; who owns the folder sees to that. After an error the log takes nothing more: what
// reached the disk is not known then, and only reading it again can tell.
#pragma once

#include <memory>

#include "storage/log_reader.h"

namespace skywarden::storage {

class LogStore {
 public:
  struct Options {
    std::uint64_t segment_bytes = std::uint64_t{8} << 20;  // larger only where one batch is
  };
  struct Opened;

  // A new log, durable when it returns. kConflict when there is one.
  [[nodiscard]] static Result<LogStore> found(Disk& disk, const LogIdentity& identity, Options options);
  // As read_log; kConflict: it is another node's.
  [[nodiscard]] static Result<Opened> open(Disk& disk, const LogIdentity& identity, Options options);

  // Not durable before sync(). Expects no snapshot in it; `head` is the chain's after it.
  void add(const consensus::Persist& step, const ChainHead& head);
  [[nodiscard]] Result<void> sync();
  // A step that brings a snapshot, and the entries that are left behind it: durable when it returns, and what
  // is older is gone. What was added and not synchronised is contained in it and goes too.
  [[nodiscard]] Result<void> checkpoint(const consensus::Persist& step, std::span<const consensus::Entry> log,
                                        const ChainHead& base_head, const ChainHead& head);
  // Notes that all batches so far are durable, so that a hole in the last one is noticed too. For quiet
  // moments: it is written, and not waited for. Nothing happens while something waits for sync().
  [[nodiscard]] Result<void> mark();

  [[nodiscard]] bool has_unsynced() const { return !pending_.empty(); }
  [[nodiscard]] std::uint64_t syncs() const { return syncs_; }

 private:
  LogStore(Disk& disk, LogIdentity identity, Options options)
      : disk_(&disk), identity_(std::move(identity)), options_(options) {}

  [[nodiscard]] Result<void> run(Result<void> step);  // remembers a failure
  [[nodiscard]] Result<void> write_pending();
  [[nodiscard]] Result<void> begin_segment(SegmentHead head, std::span<const std::byte> batch);
  [[nodiscard]] Result<void> write_checkpoint(const Checkpoint& record, std::span<const std::byte> snapshot);
  [[nodiscard]] Result<void> write_mark();

  Disk* disk_;
  LogIdentity identity_;
  Options options_;
  std::unique_ptr<DiskFile> file_;
  SegmentHead segment_;
  std::uint32_t salt_ = 0;
  std::uint64_t end_ = 0;  // blocks of the segment that are written
  std::uint64_t next_batch_ = 1;
  bool marked_ = false;  // nothing was written since the last mark
  consensus::HardState state_;
  std::vector<std::byte> pending_, blocks_;
  std::uint64_t syncs_ = 0;
  std::optional<Error> failed_;
};

struct LogStore::Opened {
  LogStore store;
  LogContents contents;
};

}  // namespace skywarden::storage
