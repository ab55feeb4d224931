#include "shell/thread_executor.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

namespace skywarden::shell {

ThreadExecutor::ThreadExecutor(unsigned threads) : threads_(std::clamp(threads, 1U, kThreadsMax)) {}

unsigned ThreadExecutor::processor_count() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, kThreadsMax);
}

void ThreadExecutor::run(std::size_t count, const std::function<void(std::size_t)>& job) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) job(i);
  };
  std::vector<std::jthread> helpers;  // joined when they leave scope
  for (std::size_t i = 1; i < std::min<std::size_t>(threads_, count); ++i) helpers.emplace_back(work);
  work();
}

}  // namespace skywarden::shell
