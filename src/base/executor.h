// Work that may run on several cores. Whoever hands it over must not be able to tell on how many: every job
// writes where no other job reads or writes, and results are put together in the order of indices.
#pragma once

#include <cstddef>
#include <functional>

namespace skywarden {

class Executor {
 public:
  Executor() = default;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;
  virtual ~Executor() = default;

  // Calls job(0) … job(count − 1), each once, in any order, and returns when all have returned. Jobs must not
  // throw and must not call the executor.
  virtual void run(std::size_t count, const std::function<void(std::size_t)>& job) = 0;
};

class SerialExecutor final : public Executor {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& job) override {
    for (std::size_t i = 0; i < count; ++i) job(i);
  }
};

}  // namespace skywarden
