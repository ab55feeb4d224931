// A lane is a batcher (inference/batcher.h) with what waits in it and what runs it: requests of one kind go
// in from any thread, each comes back through its callback exactly once. One batch of a lane runs at a time,
// on whichever thread of the pool is free; lanes run side by side.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/contract.h"
#include "inference/batcher.h"
#include "shell/steady_clock.h"

namespace skywarden::serving {

class Lane {
 public:
  Lane() = default;
  virtual ~Lane() = default;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  // Runs what is due, if no other thread is at it; true when it did something.
  virtual bool work() = 0;
  // When work() may next have something to do; nothing when nothing waits or another thread is at it.
  [[nodiscard]] virtual std::optional<Instant> wake() const = 0;
  [[nodiscard]] virtual bool idle() const = 0;  // nothing waits or runs
  [[nodiscard]] virtual inference::BatchMetrics metrics() const = 0;
};

// How a request went: done, or refused at once, or given up before its deadline.
struct Served {
  inference::Admission admission = inference::Admission::kAdmitted;
  bool given_up = false;
  std::size_t depth = 0;
  Duration waited{}, took{};  // until its batch left; of the batch
};

template <typename In, typename Out>
class LaneOf final : public Lane {
 public:
  // Called on a thread of the pool, or on the caller's of submit() when refused. Must return soon.
  using Done = std::function<void(Served, Result<Out>)>;
  // As many results as inputs. What was done at a cheaper depth than asked says so in `depth`.
  using Run = std::function<std::vector<Result<Out>>(std::span<const In* const>, std::size_t& depth)>;

  LaneOf(inference::BatcherOptions options, Run run) : run_(std::move(run)), batcher_(std::move(options)) {}

  void submit(In input, std::uint32_t rows, inference::Priority priority, Instant deadline, Done done) {
    using inference::Admission;
    Admission admission{};
    {
      const std::lock_guard lock(mutex_);
      const Instant now = shell::steady_now();
      const inference::RequestId id = next_id_++;
      admission = batcher_.offer({id, priority, rows, now, deadline}, now);
      if (admission == Admission::kAdmitted) {
        waiting_.emplace(id, Waiting{std::move(input), std::move(done), now});
        return;
      }
    }
    done({.admission = admission}, fail(Errc::kUnavailable, "{}", inference::to_string(admission)));
  }

  bool work() override {
    std::vector<Waiting> late, taken;
    std::optional<inference::RequestBatch> batch;
    Instant began{};
    {
      const std::lock_guard lock(mutex_);
      if (running_) return false;
      began = shell::steady_now();
      const inference::Batcher::Step step = batcher_.next(began);
      for (const inference::RequestId id : step.too_late) late.push_back(take(id));
      batch = step.batch;
      if (batch)
        for (const inference::RequestId id : batch->requests) taken.push_back(take(id));
      running_ = batch.has_value();
    }
    for (Waiting& each : late)
      each.done({.given_up = true, .waited = began - each.arrived},
                fail(Errc::kUnavailable, "the deadline would have passed"));
    if (!batch) return !late.empty();
    std::vector<const In*> inputs;
    for (const Waiting& each : taken) inputs.push_back(&each.input);
    std::vector<Result<Out>> results = run_(inputs, batch->depth);
    ENSURES(results.size() == taken.size());
    const Instant ended = shell::steady_now();
    {
      // Before anybody is answered, so that who has an answer finds it counted.
      const std::lock_guard lock(mutex_);
      batcher_.finished(*batch, began, ended);
    }
    for (std::size_t i = 0; i < taken.size(); ++i)
      taken[i].done({.depth = batch->depth, .waited = began - taken[i].arrived, .took = ended - began},
                    std::move(results[i]));
    const std::lock_guard lock(mutex_);
    running_ = false;
    return true;
  }

  [[nodiscard]] std::optional<Instant> wake() const override {
    const std::lock_guard lock(mutex_);
    return running_ ? std::nullopt : batcher_.wake();
  }
  [[nodiscard]] bool idle() const override {
    const std::lock_guard lock(mutex_);
    return !running_ && batcher_.waiting() == 0;
  }
  // What a request of so many rows is expected to take at the best depth, and what waits before it.
  [[nodiscard]] Duration expected(std::uint32_t rows) const {
    const std::lock_guard lock(mutex_);
    return batcher_.expected(0, rows);
  }
  [[nodiscard]] Duration queue() const {
    const std::lock_guard lock(mutex_);
    const auto rows = static_cast<std::uint32_t>(batcher_.waiting_rows());
    return rows == 0 ? Duration::zero() : batcher_.expected(0, rows);
  }
  [[nodiscard]] inference::BatchMetrics metrics() const override {
    const std::lock_guard lock(mutex_);
    return batcher_.metrics();
  }

 private:
  struct Waiting {
    In input;
    Done done;
    Instant arrived{};
  };

  Waiting take(inference::RequestId id) {
    const auto found = waiting_.find(id);
    ENSURES(found != waiting_.end());
    Waiting out = std::move(found->second);
    waiting_.erase(found);
    return out;
  }

  Run run_;
  mutable std::mutex mutex_;  // guards what follows
  inference::Batcher batcher_;
  std::map<inference::RequestId, Waiting> waiting_;
  inference::RequestId next_id_ = 1;
  bool running_ = false;
};

}  // namespace skywarden::serving
