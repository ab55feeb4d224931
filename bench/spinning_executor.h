// An executor for measurements: threads that wait by spinning, so that handing over a few microseconds of
// work costs less than the work. The caller does the first share itself.
#pragma once

#include <immintrin.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "base/contract.h"
#include "base/executor.h"

namespace skywarden {

class SpinningExecutor final : public Executor {
 public:
  explicit SpinningExecutor(std::size_t threads) {
    for (std::size_t i = 1; i < threads; ++i) workers_.emplace_back([this] { work(); });
  }
  ~SpinningExecutor() override {
    stopping_ = true;
    for (std::thread& worker : workers_) worker.join();
  }

  void run(std::size_t count, const std::function<void(std::size_t)>& job) override {
    EXPECTS(count <= kCountMax);
    job_ = &job;
    done_ = 0;
    round_ = (round_ + 1) & 0xFFFFFFFF;
    ticket_.store(round_ << 32 | count << 16, std::memory_order_release);
    while (take_one()) {
    }
    wait([&] { return done_.load(std::memory_order_acquire) == count; });
  }

 private:
  static constexpr std::size_t kCountMax = 0xFFFF;

  // A ticket says which round it is, how many jobs that has and which comes next, so that a thread which was
  // away meanwhile takes none of another round, and nobody waits for a thread that took none.
  bool take_one() {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    for (;;) {
      const std::uint64_t next = ticket & kCountMax;
      if (next >= (ticket >> 16 & kCountMax)) return false;
      if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) {
        (*job_)(next);
        done_.fetch_add(1, std::memory_order_release);
        return true;
      }
    }
  }

  // Gives the processor away now and then: it may be another thread of ours that needs it.
  template <typename Condition>
  static void wait(Condition done) {
    for (int spins = 1; !done(); ++spins) {
      _mm_pause();
      if (spins % 2000 == 0) std::this_thread::yield();
    }
  }

  void work() {
    while (!stopping_) wait([&] { return take_one() || stopping_.load(std::memory_order_relaxed); });
  }

  std::vector<std::thread> workers_;
  std::atomic<std::uint64_t> ticket_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> stopping_{false};
  const std::function<void(std::size_t)>* job_ = nullptr;
  std::uint64_t round_ = 0;
};

}  // namespace skywarden
