#include "games/support_enumeration.h"

#include <algorithm>
#include <optional>

#include "base/contract.h"
#include "games/linear_system.h"

namespace skywarden::games {
namespace {

using Support = std::vector<std::size_t>;

std::vector<Support> subsets(std::size_t of, std::size_t size) {
  std::vector<Support> all;
  Support chosen(size);
  for (std::size_t i = 0; i < size; ++i) chosen[i] = i;
  while (true) {
    all.push_back(chosen);
    std::size_t at = size;
    while (at > 0 && chosen[at - 1] == of - size + at - 1) --at;
    if (at == 0) return all;
    ++chosen[at - 1];
    for (std::size_t k = at; k < size; ++k) chosen[k] = chosen[k - 1] + 1;
  }
}

// How `mixer` plays the strategies of `mixed` so that the other player earns the same by each of
// `indifferent`.
std::optional<Mixed> equalising(const StrategicGame& game, std::size_t mixer, const Support& mixed,
                                const Support& indifferent) {
  const std::size_t k = mixed.size();
  const std::size_t other = 1 - mixer;
  Matrix a(k + 1, std::vector<Rational>(k + 1, Rational(0)));
  std::vector<Rational> b(k + 1, Rational(0));
  PureProfile profile(2);
  for (std::size_t row = 0; row < k; ++row) {
    profile[other] = indifferent[row];
    for (std::size_t column = 0; column < k; ++column) {
      profile[mixer] = mixed[column];
      a[row][column] = game.payoff(profile, other);
    }
    a[row][k] = -1;  // the payoff, equal in all rows
    a[k][row] = 1;   // probabilities sum to one
  }
  b[k] = 1;
  const auto solution = solve(std::move(a), std::move(b));
  if (!solution) return std::nullopt;
  Mixed strategy(game.strategies[mixer], Rational(0));
  for (std::size_t column = 0; column < k; ++column) {
    if ((*solution)[column] <= Rational(0)) return std::nullopt;
    strategy[mixed[column]] = (*solution)[column];
  }
  return strategy;
}

// C(m + n, m) − 1, or more than the limit.
std::size_t pairs_of_supports(std::size_t m, std::size_t n) {
  std::size_t count = 1;
  for (std::size_t i = 1; i <= std::min(m, n); ++i) {
    count = count * (std::max(m, n) + i) / i;
    if (count > kSupportPairsMax) break;
  }
  return count - 1;
}

}  // namespace

Result<std::vector<MixedProfile>> equal_support_equilibria(const StrategicGame& game) {
  EXPECTS(game.players.size() == 2);
  const std::size_t m = game.strategies[0];
  const std::size_t n = game.strategies[1];
  if (pairs_of_supports(m, n) > kSupportPairsMax)
    return fail(Errc::kLimitReached, "expected at most {} pairs of supports", kSupportPairsMax);
  std::vector<MixedProfile> found;
  for (std::size_t size = 1; size <= std::min(m, n); ++size)
    for (const Support& first : subsets(m, size))
      for (const Support& second : subsets(n, size)) {
        const auto x = equalising(game, 0, first, second);
        if (!x) continue;
        const auto y = equalising(game, 1, second, first);
        if (y && regret(game, {*x, *y}).is_zero()) found.push_back({*x, *y});
      }
  return found;
}

}  // namespace skywarden::games
