#include "serving/worker_pool.h"

#include <algorithm>

namespace skywarden::serving {

WorkerPool::WorkerPool(unsigned threads) {
  EXPECTS(threads > 0);
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ++changes_;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::add(std::shared_ptr<Lane> lane) {
  {
    const std::lock_guard lock(mutex_);
    entries_.push_back({std::move(lane), false, {}});
    ++changes_;
  }
  changed_.notify_all();
}

void WorkerPool::retire(const std::shared_ptr<Lane>& lane,
                        std::function<void(const inference::BatchMetrics&)> emptied) {
  {
    const std::lock_guard lock(mutex_);
    for (Entry& entry : entries_) {
      if (entry.lane != lane) continue;
      entry.retired = true;
      entry.emptied = std::move(emptied);
      break;
    }
    ++changes_;
  }
  changed_.notify_all();
}

void WorkerPool::wake() {
  {
    const std::lock_guard lock(mutex_);
    ++changes_;
  }
  changed_.notify_one();
}

std::vector<std::shared_ptr<Lane>> WorkerPool::lanes() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Lane>> out;
  for (const Entry& entry : entries_) out.push_back(entry.lane);
  return out;
}

void WorkerPool::drop_retired() {
  std::vector<Entry> gone;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(entries_, [&](Entry& entry) {
      if (!entry.retired || !entry.lane->idle()) return false;
      gone.push_back(std::move(entry));
      return true;
    });
  }
  for (const Entry& entry : gone)
    if (entry.emptied) entry.emptied(entry.lane->metrics());
}

void WorkerPool::work() {
  for (;;) {
    std::uint64_t seen = 0;
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      seen = changes_;
      stopping = stopping_;
    }
    bool worked = false, all_idle = true;
    Instant next = Instant::max();
    {
      // Released before waiting: a lane that was retired meanwhile is freed without waiting for this thread.
      const auto all = lanes();
      for (const auto& lane : all) worked = lane->work() || worked;
      for (const auto& lane : all) {
        if (const auto at = lane->wake()) next = std::min(next, *at);
        all_idle = all_idle && lane->idle();
      }
    }
    drop_retired();
    if (worked) {
      // A thread that found this lane busy went to sleep without knowing when it is due again.
      wake();
      continue;
    }
    if (stopping && all_idle) return;
    const Instant now = shell::steady_now();
    if (next <= now) continue;
    std::unique_lock lock(mutex_);
    const auto changed = [&] { return changes_ != seen; };
    if (next == Instant::max() && !stopping)
      changed_.wait(lock, changed);
    else
      changed_.wait_for(lock, std::min<Duration>(next - now, std::chrono::milliseconds(stopping ? 5 : 1'000)),
                        changed);
  }
}

}  // namespace skywarden::serving
