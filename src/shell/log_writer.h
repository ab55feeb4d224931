// A thread that keeps a member's log: steps are given to it in their order, and it makes them durable while
// the member goes on. What was given while it was at work goes to the disk together, by one write and one
// wait. After a failure nothing more is written.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"
#include "consensus/disk_progress.h"
#include "storage/log_store.h"

namespace skywarden::shell {

class LogWriter {
 public:
  struct Step {
    consensus::Persist persist;
    consensus::Write write;
    storage::ChainHead head;  // the chain's after it
    // With a snapshot: the entries left behind it, and the chain's head at its end.
    std::vector<consensus::Entry> log;
    storage::ChainHead base_head{};
  };

  // `on_news` is called from the thread, when more is durable or the disk has failed. The store is the
  // thread's until end().
  LogWriter(storage::LogStore& store, std::function<void()> on_news);
  ~LogWriter();
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  void give(std::vector<Step> steps);              // at least one
  [[nodiscard]] std::size_t bytes_behind() const;  // of entries that were given and are not durable
  // The latest write that is durable, with all before it. Errors of the disk.
  [[nodiscard]] Result<consensus::Write> durable() const;
  // Until all that was given is durable. Errors of the disk.
  [[nodiscard]] Result<void> wait() const;
  [[nodiscard]] std::uint64_t syncs() const;
  // What was given is durable, and it is noted that it is; the thread has ended. Errors of the disk.
  [[nodiscard]] Result<void> end();

 private:
  void run();
  [[nodiscard]] Result<void> write(std::vector<Step> steps);
  void stop();

  storage::LogStore* store_;
  std::function<void()> on_news_;
  mutable std::mutex mutex_;
  std::condition_variable given_;
  mutable std::condition_variable written_;
  std::vector<Step> steps_;  // not begun yet
  bool writing_ = false;
  bool stopping_ = false;
  std::size_t bytes_behind_ = 0;
  consensus::Write durable_;
  std::uint64_t syncs_ = 0;
  std::optional<Error> failed_;
  std::thread thread_;
};

}  // namespace skywarden::shell
