#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <vector>

#include "agents/rating.h"

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;

constexpr Duration kHalfLife = 8h;
const Instant kStart{};

struct Found {
  std::uint32_t useful, views;
  Duration after;
};
std::vector<Found> drawn_results() {
  std::vector<Found> out;
  for (auto left = *rc::gen::inRange(0, 40); left > 0; --left) {
    const auto views = *rc::gen::inRange<std::uint32_t>(1, kResultViewsMax + 1);
    out.push_back({*rc::gen::inRange<std::uint32_t>(0, views + 1), views,
                   std::chrono::minutes(*rc::gen::inRange(0, 300))});
  }
  return out;
}
Rating after(const std::vector<Found>& results, Instant& now) {
  Rating rating;
  now = kStart;
  for (const Found& found : results) {
    now += found.after;
    rating = with_result(rating, found.useful, found.views, now, kHalfLife);
  }
  return rating;
}

// As published: (p + z²/2n − z √(p(1−p)/n + z²/4n²)) / (1 + z²/n).
double wilson(double useful, double views) {
  const double p = useful / views, zz = 4.0;
  return (p + zz / (2 * views) - std::sqrt(zz * (p * (1 - p) / views + zz / (4 * views * views)))) /
         (1 + zz / views);
}

TEST_CASE("the bound is Wilson's, to a thousandth") {
  for (std::uint32_t views = 1; views <= 4000; views = views * 3 / 2 + 1)
    for (std::uint32_t useful = 0; useful <= views; useful += 1 + views / 50) {
      const std::uint32_t bound = lower_bound({useful * 1000, (views - useful) * 1000, kStart});
      CHECK(std::abs(bound - 1000 * wilson(useful, views)) <= 1.0 + 1e-9);
      CHECK(bound <= 1000 * wilson(useful, views) + 1e-6);
    }
}

TEST_CASE("nothing known is the lowest there is, and ratings stay below 1") {
  CHECK(lower_bound(Rating{}) == 0);
  CHECK(rc::check([] {
    Instant now;
    const Rating rating = after(drawn_results(), now);
    RC_ASSERT(rating.useful + rating.others <= kRatedMax);
    RC_ASSERT(lower_bound(rating) < kPerMille);
    RC_ASSERT(rating.others == 0 || rating.useful == 0 ||
              lower_bound(rating) * std::uint64_t{rating.useful + rating.others} <=
                  std::uint64_t{1000} * rating.useful);
  }));
}

TEST_CASE("a better result never rates lower, then or later") {
  CHECK(rc::check([] {
    auto results = drawn_results();
    RC_PRE(!results.empty());
    const auto which = *rc::gen::inRange<std::size_t>(0, results.size());
    RC_PRE(results[which].useful < results[which].views);
    Instant now;
    const Rating worse = after(results, now);
    results[which].useful +=
        *rc::gen::inRange<std::uint32_t>(1, results[which].views - results[which].useful + 1);
    const Rating better = after(results, now);
    const Instant later = now + std::chrono::minutes(*rc::gen::inRange(0, 10'000));
    RC_ASSERT(lower_bound(better) >= lower_bound(worse));
    RC_ASSERT(lower_bound(decayed(better, later, kHalfLife)) >=
              lower_bound(decayed(worse, later, kHalfLife)));
  }));
}

TEST_CASE("one useful view more never lowers, one useless view more never raises") {
  CHECK(rc::check([] {
    Instant now;
    const Rating rating = decayed(after(drawn_results(), now), now, kHalfLife);
    RC_ASSERT(lower_bound(with_result(rating, 1, 1, now, kHalfLife)) >= lower_bound(rating));
    RC_ASSERT(lower_bound(with_result(rating, 0, 1, now, kHalfLife)) <= lower_bound(rating));
  }));
}

TEST_CASE("what is old is forgotten: half after the half-life, all in the end") {
  const Rating rating{640'000, 160'000, kStart};
  const Rating half = decayed(rating, kStart + kHalfLife, kHalfLife);
  CHECK(std::abs(static_cast<int>(half.useful) - 320'000) <= 20);
  CHECK(lower_bound(half) < lower_bound(rating));
  CHECK(decayed(rating, kStart + 1000 * kHalfLife, kHalfLife) == Rating{});
  CHECK(decayed(rating, kStart - 1h, kHalfLife) == rating);
  CHECK(decayed(decayed(rating, kStart + 3h, kHalfLife), kStart + 9h, kHalfLife) ==
        decayed(rating, kStart + 9h, kHalfLife));
}

TEST_CASE("claiming more never makes claim times rating grow, by whatever steps") {
  CHECK(rc::check([] {
    Instant now;
    Rating rating = after(drawn_results(), now);
    auto claim = *rc::gen::inRange<std::uint64_t>(1, 1000);
    const std::uint64_t before = claim * lower_bound(rating);
    for (auto steps = *rc::gen::inRange(1, 5); steps > 0; --steps) {
      const auto next = *rc::gen::inRange<std::uint64_t>(0, 100'000);
      rating = with_claim(rating, claim, next);
      claim = next;
      // A bound is a whole number of thousandths, so a claim's worth of them is lost or won by rounding.
      RC_ASSERT(claim * lower_bound(rating) <= before + claim);
    }
  }));
  CHECK(with_claim({5000, 5000, kStart}, 10, 20) == Rating{2500, 7500, kStart});
  CHECK(with_claim({5000, 5000, kStart}, 20, 10) == Rating{5000, 5000, kStart});
}

}  // namespace
}  // namespace skywarden::agents
