#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>

#include "games/watch_reward.h"

namespace skywarden::games {
namespace {

WatchChoice any_choice(std::size_t satellites_max, std::size_t cells_max) {
  WatchChoice choice;
  const auto satellites = *rc::gen::inRange<std::size_t>(1, satellites_max + 1);
  const auto cells = *rc::gen::inRange<std::size_t>(1, cells_max + 1);
  for (std::size_t s = 0; s < satellites; ++s) {
    choice.views.push_back(*rc::gen::inRange<std::uint32_t>(0, 4));
    choice.worth.emplace_back();
    for (std::size_t c = 0; c < cells; ++c) choice.worth[s].push_back(std::max(0, *rc::gen::inRange(-5, 20)));
  }
  return choice;
}

Abilities any_abilities(std::size_t count) {
  Abilities abilities;
  for (std::size_t s = 0; s < count; ++s) abilities.push_back(*rc::gen::inRange<std::uint32_t>(0, 11) * 100);
  return abilities;
}

// Every plan there is.
std::int64_t most_worth(const WatchChoice& choice, std::vector<std::uint32_t> spare, std::size_t cell) {
  if (cell == choice.worth.front().size()) return 0;
  std::int64_t most = most_worth(choice, spare, cell + 1);
  for (std::size_t s = 0; s < spare.size(); ++s) {
    if (spare[s] == 0) continue;
    --spare[s];
    most = std::max(most, choice.worth[s][cell] + most_worth(choice, spare, cell + 1));
    ++spare[s];
  }
  return most;
}

bool keeps_the_rules(const WatchChoice& choice, const WatchPlan& plan) {
  std::vector<std::uint32_t> used(choice.views.size(), 0);
  for (std::size_t c = 0; c < plan.size(); ++c) {
    if (plan[c] == kUnwatched) continue;
    if (choice.worth[plan[c]][c] == 0 || ++used[plan[c]] > choice.views[plan[c]]) return false;
  }
  return true;
}

TEST_CASE("the best plan is as good as the best of every plan there is, and greedy at least half as good") {
  CHECK(rc::check([] {
    const WatchChoice choice = any_choice(4, 5);
    const WatchPlan best = best_plan(choice);
    const WatchPlan greedy = greedy_plan(choice);
    RC_ASSERT(keeps_the_rules(choice, best));
    RC_ASSERT(keeps_the_rules(choice, greedy));
    const std::int64_t most = most_worth(choice, choice.views, 0);
    RC_ASSERT(total_worth(choice, best) == most);
    RC_ASSERT(2 * total_worth(choice, greedy) >= most);
    RC_ASSERT(total_worth(choice, greedy) <= most);
  }));
}

TEST_CASE("no claim earns more than the true one, whatever the others claim") {
  CHECK(rc::check([] {
    const WatchChoice choice = any_choice(4, 5);
    const std::size_t n = choice.views.size();
    const Abilities able = any_abilities(n);
    Abilities claimed = any_abilities(n);
    const auto who = *rc::gen::inRange<std::size_t>(0, n);
    claimed[who] = able[who];
    const Rational honest = watch_rewards(choice, claimed, able).value()[who];
    for (std::uint32_t claim = 0; claim <= kFullAbility; claim += 100) {
      claimed[who] = claim;
      RC_ASSERT(watch_rewards(choice, claimed, able).value()[who] <= honest);
    }
  }));
}

TEST_CASE("true claims share out exactly what the plan is worth, and nobody pays") {
  CHECK(rc::check([] {
    const WatchChoice choice = any_choice(5, 5);
    const Abilities able = any_abilities(choice.views.size());
    const auto rewards = watch_rewards(choice, able, able).value();
    const WatchChoice real = choice_for(choice, able);
    RC_ASSERT(std::accumulate(rewards.begin(), rewards.end(), Rational(0)) ==
              Rational(total_worth(real, best_plan(real))));
    RC_ASSERT(
        std::all_of(rewards.begin(), rewards.end(), [](const Rational& r) { return r >= Rational(0); }));
  }));
}

TEST_CASE("overstating pays where each is paid for what it delivers, and costs here") {
  // Two satellites see one cell. The second is half as able; if it claims full ability it takes the cell.
  const WatchChoice choice{{1, 1}, {{100}, {100}}};
  const Abilities able = {900, 450};
  const Abilities overstated = {900, 1000};
  CHECK(best_plan(choice_for(choice, able)) == WatchPlan{0});
  CHECK(best_plan(choice_for(choice, overstated)) ==
        WatchPlan{1});  // paid for deliveries it would now earn 45,000
  const auto honest = watch_rewards(choice, able, able).value();
  const auto lying = watch_rewards(choice, overstated, able).value();
  CHECK(honest[1] == 22'500);  // half of what it is worth alone: the other adds the rest
  CHECK(lying[1] == 0);        // 45,000 when it comes first, 45,000 − 90,000 when it comes last
  CHECK(lying[0] < honest[0]);
}

TEST_CASE("choices that mean nothing are refused") {
  CHECK(!validate(WatchChoice{{1}, {}}));
  CHECK(!validate(WatchChoice{{1, 1}, {{1}, {1, 2}}}));
  CHECK(!validate(WatchChoice{{1}, {{-1}}}));
  CHECK(watch_rewards({{1}, {{1}}}, {1001}, {0}).error().code == Errc::kOutOfRange);
  CHECK(watch_rewards({{1}, {{1}}}, {}, {0}).error().code == Errc::kOutOfRange);
  const WatchChoice many{std::vector<std::uint32_t>(13, 1), std::vector<std::vector<std::int64_t>>(13, {1})};
  CHECK(watch_rewards(many, Abilities(13, 1), Abilities(13, 1)).error().code == Errc::kLimitReached);
  CHECK(best_plan({{}, {}}).empty());
}

}  // namespace
}  // namespace skywarden::games
