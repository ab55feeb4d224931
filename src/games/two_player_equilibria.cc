#include "games/two_player_equilibria.h"

#include <bit>
#include <map>
#include <set>

#include "base/contract.h"
#include "games/best_response_tableau.h"

namespace skywarden::games {
namespace {

using Vertices = std::map<Mixed, std::uint64_t>;  // a strategy and its labels

// Walks the graph of the simple polytope depth first; an edge is walked back by pivoting on what had left.
Result<Vertices> vertices(BestResponseTableau tableau, std::size_t dimension, bool& degenerate) {
  struct Step {
    std::size_t back;  // brings back the basis before this one
    std::size_t next;  // the label to try next
  };
  Vertices found;
  std::set<std::vector<std::size_t>> seen;
  const auto visit = [&] {
    if (!seen.insert(tableau.basis()).second) return false;
    const std::uint64_t labels = tableau.zero_labels();
    if (static_cast<std::size_t>(std::popcount(labels)) > dimension) degenerate = true;
    if (!tableau.at_origin()) found.emplace(tableau.strategy(), labels);
    return true;
  };
  visit();
  std::vector<Step> path = {{0, 0}};
  std::size_t entries = 0;
  while (!path.empty()) {
    Step& here = path.back();
    if (here.next == tableau.labels()) {
      const std::size_t back = here.back;
      path.pop_back();
      if (!path.empty()) tableau.pivot(back);
      continue;
    }
    const std::size_t entering = here.next++;
    if (tableau.in_basis(entering)) continue;
    const std::size_t left = tableau.pivot(entering);
    if (visit())
      path.push_back({left, 0});
    else
      tableau.pivot(left);
    entries += 2 * dimension * tableau.labels();
    if (entries > kEnumeratedEntriesMax)
      return fail(Errc::kLimitReached, "expected polytopes that take at most {} entries to walk",
                  kEnumeratedEntriesMax);
  }
  return found;
}

}  // namespace

Result<ExtremeEquilibria> extreme_equilibria(const StrategicGame& game) {
  EXPECTS(game.players.size() == 2);
  const std::size_t labels = game.strategies[0] + game.strategies[1];
  if (labels > kEnumeratedLabelsMax)
    return fail(Errc::kLimitReached, "expected at most {} strategies of both players together, found {}",
                kEnumeratedLabelsMax, labels);
  ExtremeEquilibria out;
  const auto first = vertices({game, Side::kFirst}, game.strategies[0], out.degenerate);
  if (!first) return tl::unexpected(first.error());
  const auto second = vertices({game, Side::kSecond}, game.strategies[1], out.degenerate);
  if (!second) return tl::unexpected(second.error());
  const std::uint64_t all = labels == 64 ? UINT64_MAX : (std::uint64_t{1} << labels) - 1;
  for (const auto& [x, labels_of_x] : *first)
    for (const auto& [y, labels_of_y] : *second)
      if ((labels_of_x | labels_of_y) == all) out.profiles.push_back({x, y});
  ENSURES(!out.profiles.empty());  // Nash
  return out;
}

Result<MixedProfile> lemke_howson(const StrategicGame& game, std::size_t label) {
  EXPECTS(game.players.size() == 2 && label < game.strategies[0] + game.strategies[1]);
  BestResponseTableau first(game, Side::kFirst);
  BestResponseTableau second(game, Side::kSecond);
  const std::size_t pivots_max = kEnumeratedEntriesMax / (game.strategies[0] * game.strategies[1]);
  bool in_first = label < game.strategies[0];
  std::size_t entering = label;
  for (std::size_t pivots = 0; pivots < pivots_max; ++pivots) {
    entering = (in_first ? first : second).pivot(entering);
    if (entering == label) return MixedProfile{first.strategy(), second.strategy()};
    in_first = !in_first;
  }
  return fail(Errc::kLimitReached, "expected a path of at most {} pivots", pivots_max);
}

}  // namespace skywarden::games
