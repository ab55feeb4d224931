#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "network/bundle_decode.h"
#include "network/bundle_store.h"
#include "network/bundle_test_data.h"

namespace skywarden::network {
namespace {

const Instant kStart = *parse_utc("2026-05-08T00:00:00Z");

std::vector<std::byte> bundle_of(std::uint64_t sequence, BundleCriticality criticality, Duration lifetime,
                                 std::size_t payload, Instant created = kStart) {
  Bundle bundle = rfc9173_bundle();
  bundle.primary.created = {to_dtn_time(created), sequence};
  bundle.primary.lifetime_ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(lifetime).count());
  bundle.blocks = {criticality_block(2, criticality),
                   payload_block(std::vector<std::byte>(payload, std::byte{7}))};
  return *encode_bundle(bundle);
}

// The same rules the slow way: a list that is searched and sorted anew at each step.
class SlowStore {
 public:
  explicit SlowStore(BundleStoreOptions options) : options_(options) {}

  bool put(const StoredBundle& newcomer) {
    std::vector<StoredBundle> kept = bundles_;
    std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
      return std::tie(a.criticality, a.expires) < std::tie(b.criticality, b.expires);
    });
    while (!kept.empty() && !fits(kept, newcomer)) {
      const StoredBundle& least = kept.front();
      if (std::tie(least.criticality, least.expires) >= std::tie(newcomer.criticality, newcomer.expires))
        return false;
      kept.erase(kept.begin());
    }
    if (!fits(kept, newcomer)) return false;
    kept.push_back(newcomer);
    std::sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) { return a.slot < b.slot; });
    bundles_ = kept;
    return true;
  }
  void remove(std::uint64_t slot) {
    std::erase_if(bundles_, [&](const auto& bundle) { return bundle.slot == slot; });
  }
  void expire(Instant now) {
    std::erase_if(bundles_, [&](const auto& bundle) { return bundle.expires <= now; });
  }
  [[nodiscard]] std::vector<std::uint64_t> by_urgency() const {
    std::vector<StoredBundle> sorted = bundles_;
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& a, const auto& b) { return a.criticality > b.criticality; });
    std::vector<std::uint64_t> slots;
    for (const auto& bundle : sorted) slots.push_back(bundle.slot);
    return slots;
  }
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const auto& bundle : bundles_) sum += bundle.bytes.size();
    return sum;
  }

 private:
  [[nodiscard]] bool fits(const std::vector<StoredBundle>& kept, const StoredBundle& newcomer) const {
    std::size_t sum = newcomer.bytes.size();
    for (const auto& bundle : kept) sum += bundle.bytes.size();
    return sum <= options_.bytes_max && kept.size() + 1 <= options_.count_max;
  }
  BundleStoreOptions options_;
  std::vector<StoredBundle> bundles_;  // by slot
};

TEST_CASE("the store keeps what the slow, obvious store keeps") {
  CHECK(rc::check([] {
    const BundleStoreOptions options{.bytes_max = *rc::gen::inRange<std::size_t>(200, 1200),
                                     .count_max = *rc::gen::inRange<std::size_t>(1, 8)};
    BundleStore store(options);
    SlowStore slow(options);
    Instant now = kStart;
    std::uint64_t slots = 0;
    const int steps = *rc::gen::inRange(1, 60);
    for (int step = 0; step < steps; ++step) {
      const int action = *rc::gen::inRange(0, 10);
      if (action < 7) {
        const auto criticality = static_cast<BundleCriticality>(*rc::gen::inRange(0, 4));
        const auto lifetime = std::chrono::seconds(*rc::gen::inRange(1, 30));
        const auto bytes = bundle_of(static_cast<std::uint64_t>(step), criticality, lifetime,
                                     *rc::gen::inRange<std::size_t>(0, 300), now);
        const auto put = store.put(bytes, now);
        StoredBundle expected;
        expected.slot = slots + 1;
        expected.criticality = criticality;
        expected.expires = now + lifetime;
        expected.bytes = bytes;
        RC_ASSERT(slow.put(expected) == put.has_value());
        if (put) RC_ASSERT(put->slot == ++slots);
      } else if (action < 9) {
        const auto slot = *rc::gen::inRange<std::uint64_t>(0, slots + 2);
        store.take(slot);
        slow.remove(slot);
      } else {
        now += std::chrono::seconds(*rc::gen::inRange(0, 20));
        store.expire(now);
        slow.expire(now);
      }
      RC_ASSERT(store.by_urgency(1000) == slow.by_urgency());
      RC_ASSERT(store.bytes() == slow.bytes());
      RC_ASSERT(store.count() <= options.count_max && store.bytes() <= options.bytes_max);
    }
  }));
}

TEST_CASE("under three times the load every critical bundle that fits is there in the end") {
  BundleStore store({.bytes_max = 30'000, .count_max = 1000});
  std::uint64_t sequence = 0, critical = 0;
  while (sequence < 600) {
    const bool important = sequence % 4 == 0;
    const auto put =
        store.put(bundle_of(++sequence, important ? BundleCriticality::kCritical : BundleCriticality::kBulk,
                            std::chrono::hours(1), 60),
                  kStart);
    CHECK((put.has_value() || !important));
    critical += important ? 1 : 0;
  }
  std::uint64_t kept = 0;
  for (const std::uint64_t slot : store.by_urgency(1000))
    kept += store.find(slot)->criticality == BundleCriticality::kCritical ? 1 : 0;
  CHECK(critical == 150);
  CHECK(kept == critical);
  CHECK(store.count() > kept);
}

TEST_CASE("a full store says who had to go, in that order, and refuses what matters less") {
  BundleStore store({.bytes_max = 100'000, .count_max = 3});
  const auto put = [&](std::uint64_t sequence, BundleCriticality criticality, int hours) {
    return store.put(bundle_of(sequence, criticality, std::chrono::hours(hours), 10), kStart);
  };
  CHECK(put(1, BundleCriticality::kNormal, 5)->slot == 1);
  CHECK(put(2, BundleCriticality::kBulk, 9)->slot == 2);
  CHECK(put(3, BundleCriticality::kNormal, 4)->slot == 3);
  CHECK(put(4, BundleCriticality::kCritical, 1)->evicted == std::vector<std::uint64_t>{2});
  CHECK(put(5, BundleCriticality::kNormal, 6)->evicted == std::vector<std::uint64_t>{3});
  const auto refused = put(6, BundleCriticality::kBulk, 9);
  REQUIRE(!refused);
  CHECK(refused.error().code == Errc::kLimitReached);
  CHECK(store.by_urgency(9) == std::vector<std::uint64_t>{4, 1, 5});
  CHECK(store.by_urgency(1) == std::vector<std::uint64_t>{4});
  CHECK(put(1, BundleCriticality::kNormal, 5).error().code == Errc::kConflict);
  CHECK(store
            .put(bundle_of(9, BundleCriticality::kCritical, std::chrono::hours(1), 10),
                 kStart + std::chrono::hours(1))
            .error()
            .code == Errc::kOutOfRange);
  CHECK(store.expire(kStart + std::chrono::hours(5)) == std::vector<std::uint64_t>{4, 1});
  CHECK(store.count() == 1);
}

TEST_CASE("without a clock or an age a bundle is kept for the retention time") {
  BundleStore store({.retention = std::chrono::hours(2)});
  REQUIRE(store.put(*encode_bundle(rfc9173_bundle()), kStart));
  CHECK(store.find(1)->expires == kStart + std::chrono::hours(2));
  CHECK(store.find(1)->criticality == BundleCriticality::kNormal);
}

TEST_CASE("an entry survives the way to disk and back, and damage is noticed") {
  BundleStore store({});
  const auto bytes = bundle_of(1, BundleCriticality::kImportant, std::chrono::hours(1), 20);
  REQUIRE(store.put(bytes, kStart));
  auto kept = write_kept_bundle(*store.find(1));
  const auto read = read_kept_bundle(kept);
  REQUIRE(read);
  CHECK(read->received == kStart);
  CHECK(read->bytes == bytes);
  for (std::size_t size = 0; size < kept.size(); ++size)
    CHECK(!read_kept_bundle(std::span(kept).first(size)));
  kept[kept.size() / 2] ^= std::byte{1};
  CHECK(read_kept_bundle(kept).error().message == "a kept bundle is damaged");
}

}  // namespace
}  // namespace skywarden::network
