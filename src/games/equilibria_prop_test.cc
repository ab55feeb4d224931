#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "games/logit_tracing.h"
#include "games/support_enumeration.h"
#include "games/two_player_equilibria.h"

namespace skywarden::games {
namespace {

StrategicGame any_game(std::size_t players, std::size_t strategies_max, int payoff_max) {
  StrategicGame game;
  for (std::size_t p = 0; p < players; ++p) {
    game.players.emplace_back();
    game.strategies.push_back(*rc::gen::inRange<std::size_t>(1, strategies_max + 1));
  }
  for (std::size_t i = 0; i < game.profiles() * players; ++i)
    game.payoffs.emplace_back(*rc::gen::inRange(-payoff_max, payoff_max + 1), *rc::gen::element(1, 2, 3));
  return game;
}

bool contains(const std::vector<MixedProfile>& all, const MixedProfile& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::size_t used(const Mixed& mixed) {
  return static_cast<std::size_t>(
      std::count_if(mixed.begin(), mixed.end(), [](const Rational& p) { return !p.is_zero(); }));
}

TEST_CASE("every extreme equilibrium is one, and support enumeration finds nothing more") {
  for (const int payoff_max : {1, 3, 100})  // few different payoffs make degenerate games
    CHECK(rc::check([payoff_max] {
      const StrategicGame game = any_game(2, 4, payoff_max);
      const auto extreme = extreme_equilibria(game).value();
      for (const MixedProfile& profile : extreme.profiles) RC_ASSERT(is_equilibrium(game, profile));
      const auto equal = equal_support_equilibria(game).value();
      for (const MixedProfile& profile : equal) RC_ASSERT(contains(extreme.profiles, profile));
      if (!extreme.degenerate) {
        RC_ASSERT(extreme.profiles.size() == equal.size());
        RC_ASSERT(equal.size() % 2 == 1U);  // Wilson's oddness theorem
      }
    }));
}

TEST_CASE("every pure equilibrium is an extreme one") {
  CHECK(rc::check([] {
    const StrategicGame game = any_game(2, 5, 2);
    const auto extreme = extreme_equilibria(game).value();
    for (const PureProfile& pure : pure_equilibria(game))
      RC_ASSERT(contains(extreme.profiles, as_mixed(game, pure)));
  }));
}

TEST_CASE("any equilibrium of a degenerate game lies between extreme ones that can be exchanged") {
  // Every best reply to y is made of extreme first halves that go with an extreme y, so a profile drawn from
  // a grid is an equilibrium exactly when some extreme pairs around its supports say so.
  CHECK(rc::check([] {
    StrategicGame game;
    game.players = {"", ""};
    game.strategies = {2, 2};
    for (int i = 0; i < 8; ++i) game.payoffs.emplace_back(*rc::gen::inRange(0, 3));
    const auto extreme = extreme_equilibria(game).value();
    for (int a = 0; a <= 12; ++a)
      for (int b = 0; b <= 12; ++b) {
        const MixedProfile grid = {{Rational(a, 12), Rational(12 - a, 12)},
                                   {Rational(b, 12), Rational(12 - b, 12)}};
        if (!is_equilibrium(game, grid)) continue;
        // Some extreme x on each side of the grid's first half goes with some extreme y on each side of its
        // second.
        bool between = false;
        for (const MixedProfile& low : extreme.profiles)
          for (const MixedProfile& high : extreme.profiles)
            between = between ||
                      (low[0][0] <= grid[0][0] && grid[0][0] <= high[0][0] &&
                       std::min(low[1][0], high[1][0]) <= grid[1][0] &&
                       grid[1][0] <= std::max(low[1][0], high[1][0]) &&
                       is_equilibrium(game, {low[0], high[1]}) && is_equilibrium(game, {high[0], low[1]}));
        RC_ASSERT(between);
      }
  }));
}

TEST_CASE("each Lemke-Howson path ends at an extreme equilibrium, degenerate games too") {
  for (const int payoff_max : {1, 50})
    CHECK(rc::check([payoff_max] {
      const StrategicGame game = any_game(2, 5, payoff_max);
      const auto extreme = extreme_equilibria(game).value();
      for (std::size_t label = 0; label < game.strategies[0] + game.strategies[1]; ++label)
        RC_ASSERT(contains(extreme.profiles, lemke_howson(game, label).value()));
    }));
}

TEST_CASE("an unequal support: one sure strategy against a mixture") {
  // Schotter, Weigelt and Wilson's figure 1: the second player does not care after the first one's first.
  StrategicGame game{"", {"", ""}, {2, 2}, {4, 3, 0, 0, 4, 3, 6, 2}};
  const auto extreme = extreme_equilibria(game).value();
  CHECK(extreme.degenerate);
  const MixedProfile unequal = {{1, 0}, {Rational(1, 3), Rational(2, 3)}};
  CHECK(contains(extreme.profiles, unequal));
  CHECK(extreme.profiles.size() == 3);
  const auto equal = equal_support_equilibria(game).value();
  CHECK(equal.size() == 2);
  CHECK(std::all_of(equal.begin(), equal.end(),
                    [](const MixedProfile& p) { return used(p[0]) == used(p[1]); }));
}

TEST_CASE("traced equilibria of three players are ones") {
  std::size_t empty = 0, games = 0;
  CHECK(rc::check([&] {
    const StrategicGame game = any_game(3, 3, 30);
    const auto traced = trace_equilibria(game, 4, 1).value();
    ++games;
    if (traced.empty()) ++empty;
    for (const auto& [profile, left] : traced) {
      RC_ASSERT(is_profile(game, profile));
      RC_ASSERT(regret(game, profile) == left);
      RC_ASSERT(left <= Rational(60) * decimal_of(kRegretMax));
    }
  }));
  CHECK(empty == 0);
  CHECK(games >= 100);
}

TEST_CASE("traced equilibria of two players are among all of them") {
  CHECK(rc::check([] {
    const StrategicGame game = any_game(2, 4, 100);
    const auto extreme = extreme_equilibria(game).value();
    if (extreme.degenerate) return;
    const auto traced = trace_equilibria(game, 2, 1).value();
    RC_ASSERT(!traced.empty());
    for (const auto& [profile, left] : traced)
      RC_ASSERT(std::any_of(extreme.profiles.begin(), extreme.profiles.end(),
                            [&, &at = profile](const auto& known) {
                              for (std::size_t p = 0; p < 2; ++p)
                                for (std::size_t s = 0; s < at[p].size(); ++s)
                                  if (abs(Rational(at[p][s] - known[p][s])) > Rational(1, 1'000'000))
                                    return false;
                              return true;
                            }));
  }));
}

TEST_CASE("games that are too large are refused") {
  StrategicGame game{"", {"", ""}, {40, 40}, std::vector<Rational>(3200, Rational(0))};
  CHECK(extreme_equilibria(game).error().code == Errc::kLimitReached);
  CHECK(equal_support_equilibria(game).error().code == Errc::kLimitReached);
  CHECK(trace_equilibria(game, 1, 1).error().code == Errc::kLimitReached);
  CHECK(lemke_howson(game, 3).has_value());
}

}  // namespace
}  // namespace skywarden::games
