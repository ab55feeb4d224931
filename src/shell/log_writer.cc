#include "shell/log_writer.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "base/contract.h"
#include "consensus/raft_progress.h"

namespace skywarden::shell {
namespace {

constexpr auto kQuiet = std::chrono::milliseconds(20);  // without a write, before it is noted

std::size_t bytes_of(const std::vector<LogWriter::Step>& steps) {
  std::size_t bytes = 0;
  for (const LogWriter::Step& step : steps)
    for (const consensus::Entry& entry : step.persist.append) bytes += consensus::cost(entry);
  return bytes;
}

}  // namespace

LogWriter::LogWriter(storage::LogStore& store, std::function<void()> on_news)
    : store_(&store), on_news_(std::move(on_news)), thread_([this] { run(); }) {}

LogWriter::~LogWriter() {
  stop();
}

void LogWriter::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  given_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void LogWriter::give(std::vector<Step> steps) {
  EXPECTS(!steps.empty());
  const std::size_t bytes = bytes_of(steps);
  {
    const std::scoped_lock lock(mutex_);
    bytes_behind_ += bytes;
    std::move(steps.begin(), steps.end(), std::back_inserter(steps_));
  }
  given_.notify_one();
}

Result<consensus::Write> LogWriter::durable() const {
  const std::scoped_lock lock(mutex_);
  if (failed_) return tl::unexpected<Error>(*failed_);
  return durable_;
}

Result<void> LogWriter::wait() const {
  std::unique_lock lock(mutex_);
  written_.wait(lock, [&] { return failed_ || (steps_.empty() && !writing_); });
  if (failed_) return tl::unexpected<Error>(*failed_);
  return {};
}

std::size_t LogWriter::bytes_behind() const {
  const std::scoped_lock lock(mutex_);
  return bytes_behind_;
}

std::uint64_t LogWriter::syncs() const {
  const std::scoped_lock lock(mutex_);
  return syncs_;
}

Result<void> LogWriter::end() {
  stop();
  if (failed_) return tl::unexpected<Error>(*failed_);
  return store_->mark();
}

void LogWriter::run() {
  bool noted = true;
  for (;;) {
    std::vector<Step> steps;
    {
      std::unique_lock lock(mutex_);
      const auto wanted = [&] { return stopping_ || !steps_.empty(); };
      if (noted)
        given_.wait(lock, wanted);
      else
        given_.wait_for(lock, kQuiet, wanted);
      steps = std::exchange(steps_, {});
      if (steps.empty() && stopping_) return;
      writing_ = true;
    }
    noted = steps.empty();
    const consensus::Write last = noted ? consensus::Write() : steps.back().write;
    const std::size_t bytes = bytes_of(steps);
    const Result<void> done = noted ? store_->mark() : write(std::move(steps));
    {
      const std::scoped_lock lock(mutex_);
      if (!done) failed_ = done.error();
      writing_ = false;
      if (!noted) {
        ++syncs_;
        durable_ = last;
        bytes_behind_ -= bytes;
      }
    }
    written_.notify_all();
    if (!noted || !done) on_news_();
    if (!done) return;
  }
}

Result<void> LogWriter::write(std::vector<Step> steps) {
  for (Step& step : steps) {
    if (!step.persist.snapshot)
      store_->add(step.persist, step.head);
    else if (auto done = store_->checkpoint(step.persist, step.log, step.base_head, step.head); !done)
      return done;
  }
  return store_->sync();
}

}  // namespace skywarden::shell
