// Which requests to a model run together, and when: a queue that waits a little so that they share one pass,
// and never so long that a deadline passes unsaid. A pure machine: time comes in as arguments, batches come
// out; who runs them tells it how long that took. It holds identities and sizes, no data.
//
// Rules, in this order:
// 1. Requests leave in the order of their priority, within a priority in that of their arrival. One that has
//    waited `starve_max` goes before everybody, oldest first, of one age by priority.
// 2. A batch leaves when it fills the largest preferred size, when its oldest has waited `delay_max`, or when
//    the tightest deadline among those that wait would be endangered by waiting on.
// 3. It takes the largest preferred size that is there, or all when that is less than the smallest.
// 4. It runs at the best depth that meets the tightest deadline in it. Depth 0 is the best and the slowest; a
//    deeper number is a cheaper method: a result is degraded rather than late.
//    What passes take is learnt from passes; a depth that is passed over as too slow is forgiven a
//    little, at most a hundred times a second, so that one slow pass does not close it for ever.
// 5. A request that not even the cheapest depth could serve in time is answered so at once. So is one that
//    finds the queue full.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace skywarden::inference {

inline constexpr std::size_t kDepthsMax = 4;

// What a pass is expected to take; corrected by what passes did take (Batcher::finished).
struct DepthCost {
  Duration fixed = std::chrono::microseconds(100);
  Duration per_row = std::chrono::microseconds(10);
};

struct BatcherOptions {
  Duration delay_max = std::chrono::milliseconds(1);
  Duration starve_max = std::chrono::seconds(1);
  std::vector<std::uint32_t> preferred = {8, 32};  // rows of a batch, ascending; the last is the most
  std::size_t queue_max = 1024;                    // requests that wait
  std::vector<DepthCost> depths = {DepthCost{}};   // 1…kDepthsMax, dearest first
  [[nodiscard]] Result<void> validate() const;     // kOutOfRange names the option
};

using RequestId = std::uint64_t;
enum class Priority : std::uint8_t { kHigh, kNormal, kLow };
inline constexpr std::size_t kPriorities = 3;

struct WaitingRequest {
  RequestId id = 0;
  Priority priority = Priority::kNormal;
  std::uint32_t rows = 1;  // at least one
  Instant arrived{};       // not before that of an earlier offer
  Instant deadline = Instant::max();
};

enum class Admission : std::uint8_t { kAdmitted, kQueueFull, kTooLate, kTooLarge };
[[nodiscard]] std::string_view to_string(Admission admission);

struct RequestBatch {
  std::vector<RequestId> requests;  // in the order of rule 1
  std::vector<Instant> deadlines;   // theirs
  std::uint32_t rows = 0;
  std::size_t depth = 0;
  Instant tightest = Instant::max();  // deadline among them
};

// Counts since the start; times in classes of powers of two microseconds: below 1, below 2, below 4, …
struct BatchMetrics {
  static constexpr std::size_t kClasses = 32;
  std::uint64_t offered = 0, refused_full = 0, refused_late = 0, refused_large = 0;
  std::uint64_t given_up = 0;  // admitted, then answered that it cannot be done in time
  std::uint64_t batches = 0, served = 0, rows = 0;
  std::uint64_t degraded = 0;                   // requests served at a depth other than the best
  std::uint64_t missed = 0;                     // requests that were served after their deadline all the same
  std::array<std::uint64_t, kClasses> waits{};  // requests, from arrival to leaving
  std::array<std::uint64_t, kClasses> sizes{};  // batches by rows: 1, 2–3, 4–7, …
  BatchMetrics& operator+=(const BatchMetrics& other);
};

// The upper end of the class that holds this share (0…1) of the requests, in microseconds; 0 when there are
// none.
[[nodiscard]] double wait_quantile_us(const BatchMetrics& metrics, double share);

class Batcher {
 public:
  explicit Batcher(BatcherOptions options);  // options that validate

  // Everything but kAdmitted is the answer: the request is not kept.
  Admission offer(const WaitingRequest& request, Instant now);

  struct Step {
    std::vector<RequestId> too_late;  // to be answered so now
    std::optional<RequestBatch> batch;
  };
  // To be asked when a pass could begin. The batch is the caller's from then on.
  [[nodiscard]] Step next(Instant now);

  // When next() may first have something to say, if nothing is offered meanwhile; nothing when none waits.
  [[nodiscard]] std::optional<Instant> wake() const;

  // A batch is done.
  void finished(const RequestBatch& batch, Instant began, Instant ended);

  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] std::uint64_t waiting_rows() const { return waiting_rows_; }
  [[nodiscard]] const BatchMetrics& metrics() const { return metrics_; }
  [[nodiscard]] const BatcherOptions& options() const { return options_; }
  // What a pass of so many rows is expected to take now.
  [[nodiscard]] Duration expected(std::size_t depth, std::uint32_t rows) const;

 private:
  using Line = std::deque<WaitingRequest>;

  [[nodiscard]] Duration usual(std::size_t depth, std::uint32_t rows) const;  // as the options say
  // Depths before `end` that would serve in time if passes took what they usually do.
  void forgive(std::size_t end, Instant now, Instant deadline, std::uint32_t rows);
  [[nodiscard]] std::optional<std::size_t> depth_for(Instant now, Instant deadline, std::uint32_t rows) const;
  [[nodiscard]] Instant latest_start() const;  // by rule 2, the deadlines' part
  [[nodiscard]] Line* head(Instant now);       // the line whose front is next by rule 1
  [[nodiscard]] bool due(Instant now) const;
  [[nodiscard]] std::uint32_t target_rows() const;
  void give_up_late(Instant now, std::vector<RequestId>& too_late);
  [[nodiscard]] RequestBatch take(Instant now);

  BatcherOptions options_;
  std::array<Line, kPriorities> lines_;
  std::size_t waiting_ = 0;
  std::uint64_t waiting_rows_ = 0;
  std::array<double, kDepthsMax> slowness_{};  // observed over expected, smoothed
  std::optional<Instant> forgiven_;            // last
  BatchMetrics metrics_;
};

}  // namespace skywarden::inference
