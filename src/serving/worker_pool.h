// Threads that run what is due in a set of lanes. Lanes come and go while it runs; one that is retired is
// kept until everything in it has been answered.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "serving/lane.h"

namespace skywarden::serving {

class WorkerPool {
 public:
  explicit WorkerPool(unsigned threads);  // at least one
  ~WorkerPool();                          // answers everything, then stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Shared with whoever submits: a lane must outlive its last request.
  void add(std::shared_ptr<Lane> lane);
  // Nothing more will be submitted to it. `emptied` gets its metrics when it has answered everything.
  void retire(const std::shared_ptr<Lane>& lane, std::function<void(const inference::BatchMetrics&)> emptied);
  // Something was submitted.
  void wake();

 private:
  struct Entry {
    std::shared_ptr<Lane> lane;
    bool retired = false;
    std::function<void(const inference::BatchMetrics&)> emptied;
  };

  void work();
  void drop_retired();
  [[nodiscard]] std::vector<std::shared_ptr<Lane>> lanes();

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::vector<Entry> entries_;
  std::uint64_t changes_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace skywarden::serving
