// The batcher against a slow version that states its rules over one flat list, and against what must hold
// whatever the rules: nothing lost, nothing answered twice, no deadline passed unsaid, order within priority.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "base/random.h"
#include "inference/batcher.h"

using namespace skywarden;
using namespace skywarden::inference;

namespace {

constexpr Instant kStart{std::chrono::seconds(1'000)};

Duration us(std::int64_t count) {
  return std::chrono::microseconds(count);
}

std::int64_t drawn(Random& random, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

// The rules of batcher.h, said once more over a list that is sorted anew each time.
struct SlowBatcher {
  BatcherOptions options;
  const Batcher* costs = nullptr;    // what passes take is measured, not decided
  std::vector<WaitingRequest> list;  // in the order of arrival

  Duration expected(std::size_t depth, std::uint32_t rows) const { return costs->expected(depth, rows); }
  std::optional<std::size_t> depth(Instant now, Instant deadline, std::uint32_t rows) const {
    for (std::size_t d = 0; d < options.depths.size(); ++d)
      if (deadline == Instant::max() || now + expected(d, rows) <= deadline) return d;
    return std::nullopt;
  }
  std::uint32_t rows() const {
    std::uint32_t sum = 0;
    for (const auto& r : list) sum += r.rows;
    return sum;
  }
  std::uint32_t target() const {
    std::uint32_t best = rows();
    if (best >= options.preferred.front())
      best = *std::prev(std::upper_bound(options.preferred.begin(), options.preferred.end(), best));
    return best;
  }
  bool due(Instant now) const {
    if (list.empty()) return false;
    if (rows() >= options.preferred.back()) return true;
    return std::any_of(list.begin(), list.end(), [&](const WaitingRequest& r) {
      return now >= r.arrived + options.delay_max ||
             (r.deadline != Instant::max() && now + expected(0, target()) >= r.deadline);
    });
  }
  Batcher::Step next(Instant now) {
    Batcher::Step step;
    for (std::size_t p = 0; p < kPriorities; ++p)
      for (const auto& r : list)
        if (static_cast<std::size_t>(r.priority) == p && !depth(now, r.deadline, r.rows))
          step.too_late.push_back(r.id);
    std::erase_if(list, [&](const auto& r) { return !depth(now, r.deadline, r.rows); });
    if (!due(now)) return step;
    std::vector<WaitingRequest> order = list;
    const auto rank = [&](const WaitingRequest& r) {
      const bool starves = now - r.arrived >= options.starve_max;
      return std::tuple(starves ? 0 : 1, starves ? r.arrived : Instant{}, r.priority);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
    RequestBatch batch;
    const std::uint32_t most = target();
    for (const auto& r : order) {
      const Instant tightest = std::min(batch.tightest, r.deadline);
      const auto d = depth(now, tightest, batch.rows + r.rows);
      if (!batch.requests.empty() && (batch.rows + r.rows > most || !d)) break;
      batch.requests.push_back(r.id);
      batch.rows += r.rows;
      batch.tightest = tightest;
      batch.depth = *d;
    }
    std::erase_if(list, [&](const auto& r) { return std::ranges::count(batch.requests, r.id) > 0; });
    step.batch = batch;
    return step;
  }
};

BatcherOptions drawn_options(Random& random) {
  BatcherOptions options;
  options.delay_max = us(drawn(random, 0, 3'000));
  options.starve_max = options.delay_max + us(drawn(random, 0, 20'000));
  options.preferred = {static_cast<std::uint32_t>(drawn(random, 1, 4))};
  if (random.chance(0.7)) options.preferred.push_back(static_cast<std::uint32_t>(drawn(random, 5, 20)));
  options.queue_max = static_cast<std::size_t>(drawn(random, 1, 40));
  options.depths.clear();
  for (std::int64_t d = 0, n = drawn(random, 1, 4); d < n; ++d)
    options.depths.push_back({us(2'000 >> (2 * d)), us(400 >> (2 * d))});
  return options;
}

// One history: requests come, batches run one at a time and take longer or shorter than foreseen.
struct History {
  explicit History(std::uint64_t seed)
      : random(seed), options(drawn_options(random)), fast(options), slow{options, &fast, {}} {}

  Random random;
  BatcherOptions options;
  Batcher fast;
  SlowBatcher slow;
  Instant now = kStart;
  std::map<RequestId, WaitingRequest> open;
  std::set<RequestId> answered;
  std::uint64_t offered = 0, refused = 0, late = 0, served = 0, missed = 0, degraded = 0;

  void answer(RequestId id) {
    REQUIRE(open.erase(id) == 1);
    REQUIRE(answered.insert(id).second);
  }
  void offer(RequestId id) {
    WaitingRequest request;
    request.id = id;
    request.priority = static_cast<Priority>(drawn(random, 0, 2));
    request.rows = static_cast<std::uint32_t>(drawn(random, 1, 5));
    request.arrived = now;
    if (random.chance(0.6)) request.deadline = now + us(drawn(random, -100, 12'000));
    ++offered;
    const bool full = slow.list.size() >= options.queue_max;
    const bool in_time = slow.depth(now, request.deadline, request.rows).has_value();
    const bool fits = request.rows <= options.preferred.back();
    const Admission admission = fast.offer(request, now);
    REQUIRE(admission == (!fits      ? Admission::kTooLarge
                          : !in_time ? Admission::kTooLate
                          : full     ? Admission::kQueueFull
                                     : Admission::kAdmitted));
    open.emplace(id, request);
    if (admission != Admission::kAdmitted) {
      ++refused;
      return answer(id);
    }
    slow.list.push_back(request);
  }
  void check_batch(const RequestBatch& batch, Instant began) {
    Instant tightest = Instant::max();
    std::map<Priority, Instant> last;
    for (const RequestId id : batch.requests) {
      const WaitingRequest& r = open.at(id);
      tightest = std::min(tightest, r.deadline);
      REQUIRE(last[r.priority] <= r.arrived);
      last[r.priority] = r.arrived;
      for (const auto& [other, waiting] : open)  // who is left behind came later or is less urgent
        if (std::ranges::count(batch.requests, other) == 0 && waiting.priority == r.priority)
          REQUIRE(waiting.arrived >= r.arrived);
    }
    REQUIRE(tightest == batch.tightest);
    // Promised in time, by what was expected when it left.
    if (tightest != Instant::max()) REQUIRE(began + slow.expected(batch.depth, batch.rows) <= tightest);
  }
  void step() {
    REQUIRE(fast.waiting() == slow.list.size());
    const auto wake = fast.wake();
    REQUIRE(wake.has_value() == !slow.list.empty());
    const bool due = slow.due(now);
    if (wake) REQUIRE((*wake <= now) == due);
    const Batcher::Step here = fast.next(now);
    const Batcher::Step there = slow.next(now);
    REQUIRE(here.too_late == there.too_late);
    for (const RequestId id : here.too_late) {
      ++late;
      answer(id);
    }
    REQUIRE(here.batch.has_value() == there.batch.has_value());
    if (!here.batch) return;
    REQUIRE(here.batch->requests == there.batch->requests);
    REQUIRE(here.batch->depth == there.batch->depth);
    REQUIRE(here.batch->rows == there.batch->rows);
    check_batch(*here.batch, now);
    const Instant began = now;
    const Duration foreseen = slow.expected(here.batch->depth, here.batch->rows);
    now += Duration(
        static_cast<Duration::rep>(static_cast<double>(foreseen.count()) * random.uniform(0.3, 2.0)));
    for (const RequestId id : here.batch->requests) {
      ++served;
      if (here.batch->depth > 0) ++degraded;
      if (now > open.at(id).deadline) ++missed;
      answer(id);
    }
    fast.finished(*here.batch, began, now);
  }
  void run(std::size_t requests) {
    for (RequestId id = 1; id <= requests; ++id) {
      if (random.chance(0.7)) now += us(drawn(random, 0, 800));
      offer(id);
      for (std::int64_t i = drawn(random, 0, 2); i > 0; --i) step();
    }
    for (int rounds = 0; !open.empty(); ++rounds) {
      REQUIRE(rounds < 10'000);
      const auto wake = fast.wake();
      REQUIRE(wake);
      now = std::max(now, *wake);
      step();
    }
  }
};

}  // namespace

TEST_CASE("the batcher does what its rules say, request by request") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    History history(seed);
    history.run(200);
    CHECK(history.answered.size() == 200);
    const BatchMetrics& m = history.fast.metrics();
    CHECK(m.offered == history.offered);
    CHECK(m.refused_full + m.refused_late + m.refused_large == history.refused);
    CHECK(m.given_up == history.late);
    CHECK(m.served == history.served);
    CHECK(m.missed == history.missed);
    CHECK(m.degraded == history.degraded);
    CHECK(m.offered == m.refused_full + m.refused_late + m.refused_large + m.given_up + m.served);
  }
}

TEST_CASE("the drawn histories meet every outcome") {
  BatchMetrics all;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    History history(seed);
    history.run(200);
    all += history.fast.metrics();
  }
  for (const std::uint64_t count : {all.refused_full, all.refused_late, all.refused_large, all.given_up,
                                    all.degraded, all.missed, all.served})
    CHECK(count > 100);
}

TEST_CASE("a low priority is not passed over for ever") {
  BatcherOptions options;
  options.preferred = {1};
  options.delay_max = us(0);
  options.starve_max = us(5'000);
  Batcher batcher(options);
  REQUIRE(batcher.offer({1, Priority::kLow, 1, kStart}, kStart) == Admission::kAdmitted);
  std::optional<Instant> left;
  for (int i = 0; i < 20 && !left; ++i) {
    const Instant now = kStart + us(1'000 * i);
    REQUIRE(batcher.offer({static_cast<RequestId>(10 + i), Priority::kHigh, 1, now}, now) ==
            Admission::kAdmitted);
    const auto step = batcher.next(now);
    REQUIRE(step.batch);
    if (step.batch->requests.front() == 1) left = now;
  }
  REQUIRE(left);
  CHECK(*left == kStart + us(5'000));
}

TEST_CASE("options of a batcher that make no sense are named") {
  BatcherOptions options;
  options.preferred = {4, 4};
  CHECK(options.validate().error().message.starts_with("preferred"));
  options = {};
  options.queue_max = 0;
  CHECK(options.validate().error().message.starts_with("queue_max"));
  options = {};
  options.depths.clear();
  CHECK(options.validate().error().message.starts_with("depths"));
}

TEST_CASE("what passes take is learnt from passes") {
  Batcher batcher(BatcherOptions{});
  const Duration before = batcher.expected(0, 8);
  RequestBatch batch;
  batch.requests = {1};
  batch.deadlines = {Instant::max()};
  batch.rows = 8;
  for (int i = 0; i < 100; ++i) batcher.finished(batch, kStart, kStart + 3 * before);
  CHECK(to_seconds(batcher.expected(0, 8)) == doctest::Approx(3.0 * to_seconds(before)).epsilon(0.01));
  for (int i = 0; i < 100; ++i) batcher.finished(batch, kStart, kStart + before / 2);
  CHECK(to_seconds(batcher.expected(0, 8)) == doctest::Approx(0.5 * to_seconds(before)).epsilon(0.01));
}

TEST_CASE("one slow pass closes neither the best depth nor the whole queue for ever") {
  BatcherOptions options;
  options.delay_max = us(0);
  options.depths = {{us(100), us(0)}, {us(10), us(0)}};
  Batcher batcher(options);
  RequestBatch slow;
  slow.requests = {1};
  slow.deadlines = {Instant::max()};
  slow.rows = 1;
  for (const std::size_t depth : {std::size_t{0}, std::size_t{1}}) {
    slow.depth = depth;
    batcher.finished(slow, kStart, kStart + us(100'000));
  }
  std::array<int, 2> ran{};
  int refused = 0;
  Instant now = kStart;
  for (RequestId id = 2; id < 3000; ++id, now += us(10'000)) {
    if (batcher.offer({id, Priority::kNormal, 1, now, now + us(150)}, now) != Admission::kAdmitted) {
      ++refused;
      continue;
    }
    const auto step = batcher.next(now);
    REQUIRE(step.batch);
    ++ran[step.batch->depth];
    batcher.finished(*step.batch, now, now + options.depths[step.batch->depth].fixed);
  }
  CHECK(refused > 10);  // it did look as if nothing could be done in time
  CHECK(refused < 500);
  CHECK(ran[1] > 10);
  CHECK(ran[0] > 2000);
}

TEST_CASE("a flood of requests that come too late does not wipe out what was learnt of slow passes") {
  BatcherOptions options;
  options.depths = {{us(100), us(0)}};
  Batcher batcher(options);
  RequestBatch slow;
  slow.requests = {1};
  slow.deadlines = {Instant::max()};
  slow.rows = 1;
  for (int i = 0; i < 100; ++i) batcher.finished(slow, kStart, kStart + us(5'000));
  for (RequestId id = 2; id < 1000; ++id)
    CHECK(batcher.offer({id, Priority::kNormal, 1, kStart, kStart + us(150)}, kStart) == Admission::kTooLate);
  CHECK(batcher.expected(0, 1) > us(4'000));
}
