#include "inference/batcher.h"

#include <algorithm>
#include <bit>

#include "base/contract.h"

namespace skywarden::inference {
namespace {

constexpr double kMemory = 0.125;   // of the newest pass in what passes take
constexpr double kForgiven = 0.02;  // of a depth's slowness, when it was passed over for it …
constexpr Duration kForgivenEvery = std::chrono::milliseconds(10);  // … not more often than that
constexpr double kSlownessMin = 0.05, kSlownessMax = 1000.0;

std::size_t class_of(std::uint64_t count) {
  return std::min<std::size_t>(std::bit_width(count), BatchMetrics::kClasses - 1);
}

Instant earlier_by(Instant t, Duration d) {
  return t == Instant::max() ? t : t - d;
}

}  // namespace

Result<void> BatcherOptions::validate() const {
  if (delay_max < Duration::zero() || delay_max > std::chrono::seconds(10))
    return fail(Errc::kOutOfRange, "delay_max: expected 0…10 s");
  if (starve_max < delay_max) return fail(Errc::kOutOfRange, "starve_max: expected at least delay_max");
  if (preferred.empty() || preferred.front() == 0 ||
      std::ranges::adjacent_find(preferred, std::ranges::greater_equal{}) != preferred.end())
    return fail(Errc::kOutOfRange, "preferred: expected ascending numbers of rows, the first at least 1");
  if (queue_max == 0 || queue_max > 1'000'000)
    return fail(Errc::kOutOfRange, "queue_max: expected 1…1,000,000");
  if (depths.empty() || depths.size() > kDepthsMax)
    return fail(Errc::kOutOfRange, "depths: expected 1…{}", kDepthsMax);
  return {};
}

std::string_view to_string(Admission admission) {
  switch (admission) {
    case Admission::kAdmitted:
      return "admitted";
    case Admission::kQueueFull:
      return "queue_full";
    case Admission::kTooLate:
      return "too_late";
    case Admission::kTooLarge:
      return "too_large";
  }
  return "";
}

BatchMetrics& BatchMetrics::operator+=(const BatchMetrics& other) {
  offered += other.offered;
  refused_full += other.refused_full;
  refused_late += other.refused_late;
  refused_large += other.refused_large;
  given_up += other.given_up;
  batches += other.batches;
  served += other.served;
  rows += other.rows;
  degraded += other.degraded;
  missed += other.missed;
  for (std::size_t i = 0; i < kClasses; ++i) {
    waits[i] += other.waits[i];
    sizes[i] += other.sizes[i];
  }
  return *this;
}

double wait_quantile_us(const BatchMetrics& metrics, double share) {
  std::uint64_t all = 0;
  for (const std::uint64_t count : metrics.waits) all += count;
  if (all == 0) return 0.0;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < BatchMetrics::kClasses; ++i) {
    seen += metrics.waits[i];
    if (static_cast<double>(seen) >= share * static_cast<double>(all))
      return static_cast<double>(std::uint64_t{1} << i);
  }
  return static_cast<double>(std::uint64_t{1} << BatchMetrics::kClasses);
}

Batcher::Batcher(BatcherOptions options) : options_(std::move(options)) {
  EXPECTS(options_.validate().has_value());
  slowness_.fill(1.0);
}

Duration Batcher::usual(std::size_t depth, std::uint32_t rows) const {
  EXPECTS(depth < options_.depths.size());
  const DepthCost& cost = options_.depths[depth];
  return cost.fixed + static_cast<Duration::rep>(rows) * cost.per_row;
}

Duration Batcher::expected(std::size_t depth, std::uint32_t rows) const {
  const auto nanoseconds = static_cast<double>(usual(depth, rows).count());
  return Duration(static_cast<Duration::rep>(nanoseconds * slowness_[depth]));
}

void Batcher::forgive(std::size_t end, Instant now, Instant deadline, std::uint32_t rows) {
  if (forgiven_ && now < *forgiven_ + kForgivenEvery) return;
  forgiven_ = now;
  for (std::size_t depth = 0; depth < end; ++depth)
    if (slowness_[depth] > 1.0 && now <= earlier_by(deadline, usual(depth, rows)))
      slowness_[depth] -= kForgiven * (slowness_[depth] - 1.0);
}

std::optional<std::size_t> Batcher::depth_for(Instant now, Instant deadline, std::uint32_t rows) const {
  for (std::size_t depth = 0; depth < options_.depths.size(); ++depth)
    if (now <= earlier_by(deadline, expected(depth, rows))) return depth;
  return std::nullopt;
}

Admission Batcher::offer(const WaitingRequest& request, Instant now) {
  EXPECTS(request.rows > 0);
  ++metrics_.offered;
  if (request.rows > options_.preferred.back()) {
    ++metrics_.refused_large;
    return Admission::kTooLarge;
  }
  if (!depth_for(now, request.deadline, request.rows)) {
    ++metrics_.refused_late;
    forgive(options_.depths.size(), now, request.deadline, request.rows);
    return Admission::kTooLate;
  }
  if (waiting_ >= options_.queue_max) {
    ++metrics_.refused_full;
    return Admission::kQueueFull;
  }
  lines_[static_cast<std::size_t>(request.priority)].push_back(request);
  ++waiting_;
  waiting_rows_ += request.rows;
  return Admission::kAdmitted;
}

Batcher::Line* Batcher::head(Instant now) {
  Line* best = nullptr;
  for (Line& line : lines_) {
    if (line.empty() || now - line.front().arrived < options_.starve_max) continue;
    if (best == nullptr || line.front().arrived < best->front().arrived) best = &line;
  }
  if (best != nullptr) return best;
  for (Line& line : lines_)
    if (!line.empty()) return &line;
  return nullptr;
}

// A request whose deadline leaves time for the best depth is to keep it; one that never had it is to be done
// as soon as possible.
Instant Batcher::latest_start() const {
  Instant latest = Instant::max();
  const Duration pass = expected(0, target_rows());
  for (const Line& line : lines_)
    for (const WaitingRequest& request : line) latest = std::min(latest, earlier_by(request.deadline, pass));
  return latest;
}

std::uint32_t Batcher::target_rows() const {
  std::uint32_t target = 0;
  for (const std::uint32_t size : options_.preferred)
    if (size <= waiting_rows_) target = size;
  return target > 0 ? target : static_cast<std::uint32_t>(waiting_rows_);
}

bool Batcher::due(Instant now) const {
  const std::optional<Instant> at = wake();
  return at && *at <= now;
}

std::optional<Instant> Batcher::wake() const {
  if (waiting_ == 0) return std::nullopt;
  if (waiting_rows_ >= options_.preferred.back()) return Instant::min();
  Instant oldest = Instant::max();
  for (const Line& line : lines_)
    if (!line.empty()) oldest = std::min(oldest, line.front().arrived);
  return std::min(oldest + options_.delay_max, latest_start());
}

void Batcher::give_up_late(Instant now, std::vector<RequestId>& too_late) {
  for (Line& line : lines_) {
    std::erase_if(line, [&](const WaitingRequest& request) {
      if (depth_for(now, request.deadline, request.rows)) return false;
      too_late.push_back(request.id);
      --waiting_;
      waiting_rows_ -= request.rows;
      ++metrics_.given_up;
      return true;
    });
  }
}

RequestBatch Batcher::take(Instant now) {
  RequestBatch batch;
  const std::uint32_t target = target_rows();
  for (Line* line = head(now); line != nullptr; line = head(now)) {
    const WaitingRequest& request = line->front();
    const std::uint32_t rows = batch.rows + request.rows;
    const Instant tightest = std::min(batch.tightest, request.deadline);
    const auto depth = depth_for(now, tightest, rows);
    // The first fits by itself, however many rows are preferred: those that could not were given up.
    if (!batch.requests.empty() && (rows > target || !depth)) break;
    ENSURES(depth.has_value());
    batch.requests.push_back(request.id);
    batch.deadlines.push_back(request.deadline);
    batch.rows = rows;
    batch.tightest = tightest;
    batch.depth = *depth;
    ++metrics_.waits[class_of(static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, (now - request.arrived) / std::chrono::microseconds(1))))];
    --waiting_;
    waiting_rows_ -= request.rows;
    line->pop_front();
  }
  return batch;
}

Batcher::Step Batcher::next(Instant now) {
  Step step;
  give_up_late(now, step.too_late);
  if (due(now)) step.batch = take(now);
  return step;
}

void Batcher::finished(const RequestBatch& batch, Instant began, Instant ended) {
  const auto requests = static_cast<std::uint64_t>(batch.requests.size());
  ++metrics_.batches;
  metrics_.served += requests;
  metrics_.rows += batch.rows;
  ++metrics_.sizes[class_of(batch.rows) - 1];
  if (batch.depth > 0) metrics_.degraded += requests;
  forgive(batch.depth, began, batch.tightest, batch.rows);
  metrics_.missed += static_cast<std::uint64_t>(
      std::ranges::count_if(batch.deadlines, [&](Instant deadline) { return ended > deadline; }));
  const Duration nominal = expected(batch.depth, batch.rows);
  if (nominal <= Duration::zero() || ended < began) return;
  double& slowness = slowness_[batch.depth];
  const double seen = slowness * to_seconds(ended - began) / to_seconds(nominal);
  slowness = std::clamp(slowness + kMemory * (seen - slowness), kSlownessMin, kSlownessMax);
}

}  // namespace skywarden::inference
