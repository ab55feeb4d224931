// Keeps the records that a service completes as they came, on a disk that is too small for all of them
// (storage/record_store.h). A thread of its own waits for the disk; who completes waits for nothing: what
// came meanwhile becomes durable together, and what the queue has no room for is not kept and counted. When
// the disk fails nothing more is kept, which is said once, and the service goes on. From any thread.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "storage/disk.h"
#include "storage/record_store.h"

namespace skywarden::serving {

struct KeeperOptions {
  storage::RecordStoreOptions store;                    // that validate
  std::size_t queue_bytes_max = std::size_t{16} << 20;  // of records that wait for the disk, in memory
};

class RecordKeeper {
 public:
  using Complain = std::function<void(const std::string&)>;

  // Fails as RecordStore::open.
  [[nodiscard]] static Result<std::unique_ptr<RecordKeeper>> open(std::unique_ptr<storage::Disk> disk,
                                                                  const std::vector<datum::Schema>& schemas,
                                                                  const KeeperOptions& options,
                                                                  Complain complain);
  ~RecordKeeper();  // what was offered is durable, unless the disk failed
  RecordKeeper(const RecordKeeper&) = delete;
  RecordKeeper& operator=(const RecordKeeper&) = delete;

  // Copies of them. Expects a schema that was given to open(), and records that follow it.
  void offer(const std::string& schema, std::span<const datum::Record* const> records);
  void wait() const;  // until what was offered is durable, or the disk has failed

  // The text format of Prometheus (docs/formats.md has the names).
  [[nodiscard]] std::string metrics_text() const;

 private:
  struct Waiting {
    std::size_t schema = 0;
    datum::Record record;
  };

  RecordKeeper(std::unique_ptr<storage::Disk> disk, const std::vector<datum::Schema>& schemas,
               const KeeperOptions& options, Complain complain);
  void run();
  [[nodiscard]] Result<void> write(std::vector<Waiting>& records, std::uint64_t& refused);

  std::unique_ptr<storage::Disk> disk_;
  std::vector<std::unique_ptr<const datum::Schema>> schemas_;
  KeeperOptions options_;
  Complain complain_;
  std::unique_ptr<storage::RecordStore> store_;  // the thread's
  mutable std::mutex mutex_;                     // guards what follows
  std::condition_variable offered_;
  mutable std::condition_variable written_;
  std::vector<Waiting> queue_;
  std::size_t queue_bytes_ = 0;
  bool writing_ = false, stopping_ = false, failed_ = false;
  std::uint64_t durable_ = 0, queue_full_ = 0, refused_ = 0, after_failure_ = 0, waits_ = 0;
  storage::RecordStoreStatus status_;
  std::thread thread_;
};

}  // namespace skywarden::serving
