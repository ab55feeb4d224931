#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "games/coalition_value.h"
#include "games/sampled_shapley.h"
#include "games/voting_power.h"

namespace skywarden::games {
namespace {

std::vector<Rational> any_values(std::size_t players) {
  std::vector<Rational> values;
  for (std::size_t i = 0; i < std::size_t{1} << players; ++i)
    values.emplace_back(*rc::gen::inRange(-20, 20), *rc::gen::inRange(1, 5));
  return values;
}

// The definition: every order of arrival.
std::vector<Rational> shapley_by_orders(const std::vector<Rational>& values, std::size_t players) {
  std::vector<std::size_t> order(players);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<Rational> sums(players, Rational(0));
  std::int64_t orders = 0;
  do {
    std::size_t present = 0;
    for (const std::size_t player : order) {
      const std::size_t next = present | std::size_t{1} << player;
      sums[player] += values[next] - values[present];
      present = next;
    }
    ++orders;
  } while (std::next_permutation(order.begin(), order.end()));
  for (Rational& sum : sums) sum /= Rational(orders);
  return sums;
}

TEST_CASE("Shapley values equal the average over every order of arrival") {
  CHECK(rc::check([] {
    const auto players = *rc::gen::inRange<std::size_t>(1, 7);
    const auto values = any_values(players);
    const auto shapley = shapley_values(size_sums(values).value());
    RC_ASSERT(shapley == shapley_by_orders(values, players));
    RC_ASSERT(std::accumulate(shapley.begin(), shapley.end(), Rational(0)) == values.back() - values.front());
  }));
}

TEST_CASE("Banzhaf values equal the average over every coalition of the others") {
  CHECK(rc::check([] {
    const auto players = *rc::gen::inRange<std::size_t>(1, 7);
    const auto values = any_values(players);
    const auto banzhaf = banzhaf_values(size_sums(values).value());
    for (std::size_t player = 0; player < players; ++player) {
      Rational sum = 0;
      std::int64_t count = 0;
      for (std::size_t s = 0; s < values.size(); ++s)
        if ((s >> player & 1U) == 0) {
          sum += values[s | std::size_t{1} << player] - values[s];
          ++count;
        }
      RC_ASSERT(banzhaf[player] == sum / Rational(count));
    }
  }));
}

TEST_CASE("values too large for machine numbers are summed all the same") {
  const Rational huge = parse_rational("1e40").value();
  const auto shapley = shapley_values(size_sums({0, huge, Rational(1, 3), huge + 1}).value());
  CHECK(shapley[0] == (huge + huge + 1 - Rational(1, 3)) / 2);
  CHECK(shapley[0] + shapley[1] == huge + 1);
  CHECK(size_sums(std::vector<Rational>(3)).error().code == Errc::kOutOfRange);
  CHECK(size_sums(std::vector<Rational>{}).error().code == Errc::kOutOfRange);
}

TEST_CASE("the widest whole values do not overflow") {
  const std::vector<std::int64_t> values(1U << 16, std::int64_t{1} << 62);
  const auto shapley = shapley_values(size_sums(std::span<const std::int64_t>(values)).value());
  CHECK(std::all_of(shapley.begin(), shapley.end(), [](const Rational& v) { return v.is_zero(); }));
}

WeightedVoting any_voting(std::size_t voters_max) {
  WeightedVoting voting;
  const auto voters = *rc::gen::inRange<std::size_t>(1, voters_max + 1);
  for (std::size_t i = 0; i < voters; ++i) voting.weights.push_back(*rc::gen::inRange<std::uint64_t>(0, 10));
  voting.weights.push_back(*rc::gen::inRange<std::uint64_t>(1, 10));
  const std::uint64_t total = std::accumulate(voting.weights.begin(), voting.weights.end(), std::uint64_t{0});
  voting.quota = *rc::gen::inRange<std::uint64_t>(1, total + 1);
  return voting;
}

TEST_CASE("power by dynamic programming equals that of the game of all coalitions") {
  CHECK(rc::check([] {
    const WeightedVoting voting = any_voting(7);
    const std::size_t n = voting.weights.size();
    std::vector<std::int64_t> wins;
    for (std::size_t s = 0; s < std::size_t{1} << n; ++s) {
      std::uint64_t weight = 0;
      for (std::size_t i = 0; i < n; ++i)
        if ((s >> i & 1U) != 0) weight += voting.weights[i];
      wins.push_back(weight >= voting.quota ? 1 : 0);
    }
    const SizeSums sums = size_sums(std::span<const std::int64_t>(wins)).value();
    const VotingPower power = voting_power(voting).value();
    RC_ASSERT(power.shapley_shubik == shapley_values(sums));
    const auto banzhaf = banzhaf_values(sums);
    for (std::size_t i = 0; i < n; ++i)
      RC_ASSERT(Rational(power.swings[i], Integer(1) << static_cast<unsigned>(n - 1)) == banzhaf[i]);
  }));
}

TEST_CASE("power of many voters: equal weights have equal power") {
  WeightedVoting voting{std::vector<std::uint64_t>(120, 3), 181};
  const VotingPower power = voting_power(voting).value();
  for (const Rational& share : power.shapley_shubik) CHECK(share == Rational(1, 120));
}

TEST_CASE("quotas and weights that mean nothing are refused") {
  CHECK(voting_power({{1, 2}, 0}).error().code == Errc::kOutOfRange);
  CHECK(voting_power({{1, 2}, 4}).error().code == Errc::kOutOfRange);
  CHECK(voting_power({{}, 1}).error().code == Errc::kLimitReached);
  CHECK(voting_power({{UINT64_MAX, 2}, 1}).error().code == Errc::kOutOfRange);
  CHECK(voting_power({{1'000'000'000, 1}, 1'000'000'000}).error().code == Errc::kLimitReached);
}

TEST_CASE("sampled Shapley values miss their stated error no more often than stated") {
  // 40 voters of weights 1…7, so that the exact values are known; each run states errors that fail in at most
  // a tenth of the runs.
  WeightedVoting voting;
  for (std::uint64_t i = 0; i < 40; ++i) voting.weights.push_back(1 + i % 7);
  voting.quota = 90;
  const VotingPower exact = voting_power(voting).value();
  const CoalitionValue value = [&](const std::vector<std::size_t>& members) {
    std::uint64_t weight = 0;
    for (const std::size_t i : members) weight += voting.weights[i];
    return weight >= voting.quota ? 1.0 : 0.0;
  };
  int missed = 0;
  const Random seeds(5);
  for (std::uint64_t run = 0; run < 60; ++run) {
    Random random = seeds.fork(run);
    const SampledShapley sampled = sampled_shapley(40, value, {400, 0, 1, 0.1}, random);
    CHECK(std::accumulate(sampled.values.begin(), sampled.values.end(), 0.0) == doctest::Approx(1));
    bool off = false;
    for (std::size_t i = 0; i < 40; ++i)
      off = off || std::fabs(sampled.values[i] - to_double(exact.shapley_shubik[i])) > sampled.errors[i];
    if (off) ++missed;
  }
  CHECK(missed <= 6);
  // Ten times as many orders state an error at least three times smaller: the bound is no empty one.
  Random random(7);
  const double few = sampled_shapley(40, value, {400, 0, 1, 0.1}, random).errors[0];
  const double many = sampled_shapley(40, value, {4000, 0, 1, 0.1}, random).errors[0];
  CHECK(many < few / 3);
  CHECK(many < 0.05);
}

}  // namespace
}  // namespace skywarden::games
