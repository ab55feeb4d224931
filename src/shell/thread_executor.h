// An Executor over threads: started for each run and joined at its end, so that none outlives the work.
#pragma once

#include <cstddef>
#include <functional>

#include "base/executor.h"

namespace skywarden::shell {

inline constexpr unsigned kThreadsMax = 256;

class ThreadExecutor final : public Executor {
 public:
  // The caller's thread is one of them; 1…kThreadsMax, values outside are taken as the nearest.
  explicit ThreadExecutor(unsigned threads = processor_count());

  [[nodiscard]] static unsigned processor_count();  // 1 when unknown
  [[nodiscard]] unsigned threads() const { return threads_; }

  void run(std::size_t count, const std::function<void(std::size_t)>& job) override;

 private:
  unsigned threads_;
};

}  // namespace skywarden::shell
