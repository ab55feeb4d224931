#include "shell/thread_executor.h"

#include <doctest/doctest.h>

#include <vector>

using namespace skywarden;

TEST_CASE("any number of threads runs each job once and gives the serial result") {
  const auto squares = [](Executor& executor, std::size_t count) {
    std::vector<std::size_t> out(count, 0);
    executor.run(count, [&](std::size_t i) { out[i] += i * i + 1; });
    return out;
  };
  SerialExecutor serial;
  for (const std::size_t count : {0U, 1U, 2U, 1000U}) {
    const auto expected = squares(serial, count);
    for (const unsigned threads : {0U, 1U, 2U, 3U, 16U}) {
      shell::ThreadExecutor executor(threads);
      CHECK(squares(executor, count) == expected);
    }
  }
}

TEST_CASE("the number of threads is bounded") {
  CHECK(shell::ThreadExecutor(0).threads() == 1);
  CHECK(shell::ThreadExecutor(1'000'000).threads() == shell::kThreadsMax);
  CHECK(shell::ThreadExecutor::processor_count() >= 1);
}
