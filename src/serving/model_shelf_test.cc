// Models side by side, exchanged while clients ask.
#include "serving/model_shelf.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <thread>

using namespace skywarden;
using namespace skywarden::serving;

namespace {

// Answers each row with its version's factor times the row, after a moment.
class Multiplier final : public Engine {
 public:
  Multiplier(float factor, std::atomic<int>& alive) : factor_(factor), alive_(alive) {
    ++alive_;
    shape_.kind = "multiplier";
    shape_.inputs = {{"in", 1}};
    shape_.outputs = {{"out", 1}};
    shape_.rows_max = 8;
  }
  ~Multiplier() override { --alive_; }
  [[nodiscard]] const EngineShape& shape() const override { return shape_; }
  [[nodiscard]] Result<std::vector<Rows>> run(std::span<const Sequence* const> sequences) override {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
    std::vector<Rows> out;
    for (const Sequence* sequence : sequences) {
      out.push_back({sequence->numbers[0]});
      for (float& value : out.back()[0]) value *= factor_;
    }
    return out;
  }

 private:
  float factor_;
  std::atomic<int>& alive_;
  EngineShape shape_;
};

inference::BatcherOptions quick() {
  inference::BatcherOptions options;
  options.delay_max = std::chrono::microseconds(100);
  return options;
}

Sequence one_row(float value) {
  return {1, {{value}}, {{}}};
}

}  // namespace

TEST_CASE("models are exchanged under load and no request is dropped") {
  constexpr int kClients = 4, kRequests = 400, kVersions = 20;
  std::atomic<int> alive = 0, answered = 0, wrong = 0, refused = 0;
  std::array<std::atomic<int>, kVersions + 1> by_version{};
  {
    WorkerPool pool(2);
    ModelShelf shelf(pool);
    REQUIRE(shelf.put("m", std::make_unique<Multiplier>(1.0F, alive), "first", quick()));
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c)
      clients.emplace_back([&] {
        for (int i = 1; i <= kRequests; ++i) {
          std::atomic<bool> done = false;
          const auto sent = shelf.submit("m", one_row(1.0F), inference::Priority::kNormal, Instant::max(),
                                         [&](const Served&, const Result<Rows>& rows) {
                                           const float version = rows ? rows->at(0).at(0) : 0.0F;
                                           if (version < 1.0F || version > kVersions)
                                             ++wrong;
                                           else
                                             ++by_version[static_cast<std::size_t>(version)];
                                           ++answered;
                                           done = true;
                                           done.notify_all();
                                         });
          if (!sent) {
            ++refused;
            continue;
          }
          done.wait(false);
        }
      });
    for (int v = 2; v <= kVersions; ++v) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      const auto version =
          shelf.put("m", std::make_unique<Multiplier>(static_cast<float>(v), alive), "exchanged", quick());
      REQUIRE(version);
      CHECK(*version == static_cast<std::uint64_t>(v));
    }
    for (std::thread& client : clients) client.join();
    CHECK(answered == kClients * kRequests);
    CHECK(wrong == 0);
    CHECK(refused == 0);
    // The old ones go as soon as they are empty, not at the end.
    for (int i = 0; i < 2'000 && alive > 1; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    CHECK(alive == 1);
    int versions = 0;
    for (const auto& count : by_version) versions += count > 0 ? 1 : 0;
    CHECK(versions > 1);
    const auto status = shelf.status();
    REQUIRE(status.size() == 1);
    CHECK(status[0].metrics.served == static_cast<std::uint64_t>(kClients * kRequests));
    CHECK(status[0].metrics.offered == status[0].metrics.served);
  }
  CHECK(alive == 0);
}

TEST_CASE("what waits is answered when the pool stops") {
  std::atomic<int> alive = 0, answered = 0;
  {
    WorkerPool pool(1);
    ModelShelf shelf(pool);
    auto slow = quick();
    slow.delay_max = std::chrono::seconds(1);
    REQUIRE(shelf.put("m", std::make_unique<Multiplier>(2.0F, alive), "", slow));
    for (int i = 0; i < 3; ++i)
      REQUIRE(shelf.submit("m", one_row(1.0F), inference::Priority::kLow, Instant::max(),
                           [&](const Served&, const Result<Rows>& rows) { answered += rows ? 1 : 0; }));
  }
  CHECK(answered == 3);
  CHECK(alive == 0);
}

TEST_CASE("a full queue, a passed deadline and a misfit are said") {
  std::atomic<int> alive = 0;
  WorkerPool pool(1);
  ModelShelf shelf(pool);
  auto options = quick();
  options.queue_max = 1;
  options.delay_max = std::chrono::milliseconds(200);
  REQUIRE(shelf.put("m", std::make_unique<Multiplier>(2.0F, alive), "", options));
  std::atomic<int> full = 0, late = 0, done = 0;
  const auto count = [&](const Served& served, const Result<Rows>& rows) {
    if (rows) ++done;
    if (served.admission == inference::Admission::kQueueFull) ++full;
    if (served.admission == inference::Admission::kTooLate || served.given_up) ++late;
  };
  REQUIRE(shelf.submit("m", one_row(1.0F), inference::Priority::kNormal, Instant::max(), count));
  REQUIRE(shelf.submit("m", one_row(1.0F), inference::Priority::kNormal, Instant::max(), count));
  CHECK(full == 1);
  REQUIRE(shelf.submit("m", one_row(1.0F), inference::Priority::kNormal, shell::steady_now(), count));
  CHECK(late == 1);
  CHECK(
      shelf.submit("none", one_row(1.0F), inference::Priority::kNormal, Instant::max(), count).error().code ==
      Errc::kNotFound);
  CHECK(shelf.submit("m", Sequence{2, {{1.0F}}, {{}}}, inference::Priority::kNormal, Instant::max(), count)
            .error()
            .code == Errc::kOutOfRange);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_FALSE(shelf.submit("m", one_row(nan), inference::Priority::kNormal, Instant::max(), count));
  REQUIRE(shelf.remove("m"));
  CHECK(shelf.remove("m").error().code == Errc::kNotFound);
  for (int i = 0; i < 2'000 && alive > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(done == 1);
  CHECK(alive == 0);
}
