#include "games/strategic_game.h"

#include <algorithm>
#include <numeric>

#include "base/contract.h"

namespace skywarden::games {

std::size_t StrategicGame::profiles() const {
  return std::accumulate(strategies.begin(), strategies.end(), std::size_t{1}, std::multiplies<>());
}

std::size_t StrategicGame::index(const PureProfile& profile) const {
  EXPECTS(profile.size() == strategies.size());
  std::size_t at = 0;
  for (std::size_t p = profile.size(); p-- > 0;) at = at * strategies[p] + profile[p];
  return at;
}

const Rational& StrategicGame::payoff(const PureProfile& profile, std::size_t player) const {
  return payoffs[index(profile) * players.size() + player];
}

bool advance(const StrategicGame& game, PureProfile& profile) {
  for (std::size_t p = 0; p < profile.size(); ++p) {
    if (++profile[p] < game.strategies[p]) return true;
    profile[p] = 0;
  }
  return false;
}

std::vector<Rational> payoffs_against(const StrategicGame& game, const MixedProfile& others,
                                      std::size_t player) {
  std::vector<Rational> earned(game.strategies[player], Rational(0));
  PureProfile profile(game.players.size(), 0);
  std::size_t at = 0;
  do {
    Rational probability = 1;
    for (std::size_t p = 0; p < profile.size() && !probability.is_zero(); ++p)
      if (p != player) probability *= others[p][profile[p]];
    if (!probability.is_zero())
      earned[profile[player]] += probability * game.payoffs[at * game.players.size() + player];
    ++at;
  } while (advance(game, profile));
  return earned;
}

std::vector<Rational> expected_payoffs(const StrategicGame& game, const MixedProfile& profile) {
  std::vector<Rational> expected;
  for (std::size_t player = 0; player < game.players.size(); ++player) {
    const auto earned = payoffs_against(game, profile, player);
    expected.push_back(
        std::inner_product(earned.begin(), earned.end(), profile[player].begin(), Rational(0)));
  }
  return expected;
}

Rational regret(const StrategicGame& game, const MixedProfile& profile) {
  Rational most = 0;
  for (std::size_t player = 0; player < game.players.size(); ++player) {
    const auto earned = payoffs_against(game, profile, player);
    const Rational now =
        std::inner_product(earned.begin(), earned.end(), profile[player].begin(), Rational(0));
    most = std::max(most, Rational(*std::max_element(earned.begin(), earned.end()) - now));
  }
  return most;
}

bool is_profile(const StrategicGame& game, const MixedProfile& profile) {
  if (profile.size() != game.players.size()) return false;
  for (std::size_t p = 0; p < profile.size(); ++p) {
    if (profile[p].size() != game.strategies[p]) return false;
    if (std::any_of(profile[p].begin(), profile[p].end(), [](const Rational& x) { return x < Rational(0); }))
      return false;
    if (std::accumulate(profile[p].begin(), profile[p].end(), Rational(0)) != Rational(1)) return false;
  }
  return true;
}

bool is_equilibrium(const StrategicGame& game, const MixedProfile& profile) {
  return is_profile(game, profile) && regret(game, profile).is_zero();
}

MixedProfile as_mixed(const StrategicGame& game, const PureProfile& profile) {
  MixedProfile mixed;
  for (std::size_t p = 0; p < profile.size(); ++p) {
    mixed.emplace_back(game.strategies[p], Rational(0));
    mixed[p][profile[p]] = 1;
  }
  return mixed;
}

std::vector<PureProfile> pure_equilibria(const StrategicGame& game) {
  std::vector<PureProfile> found;
  PureProfile profile(game.players.size(), 0);
  do {
    bool stable = true;
    for (std::size_t p = 0; p < profile.size() && stable; ++p) {
      const Rational& now = game.payoff(profile, p);
      PureProfile other = profile;
      for (other[p] = 0; other[p] < game.strategies[p] && stable; ++other[p])
        stable = game.payoff(other, p) <= now;
    }
    if (stable) found.push_back(profile);
  } while (advance(game, profile));
  return found;
}

}  // namespace skywarden::games
