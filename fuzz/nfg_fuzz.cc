// Games in Gambit's format: whatever is read survives being written, and small games have equilibria that are
// ones.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "games/nfg.h"
#include "games/two_player_equilibria.h"

namespace games = skywarden::games;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto game = games::parse_nfg({reinterpret_cast<const char*>(data), size});
  if (!game) return 0;
  const auto again = games::parse_nfg(games::to_nfg(*game));
  if (!again && again.error().code != skywarden::Errc::kOutOfRange)
    std::abort();  // fractions have more digits
  if (again && (again->payoffs != game->payoffs || again->strategies != game->strategies)) std::abort();
  if (game->players.size() != 2 || game->profiles() > 12) return 0;
  const auto extreme = games::extreme_equilibria(*game);
  if (!extreme) std::abort();
  for (const auto& profile : extreme->profiles)
    if (!games::is_equilibrium(*game, profile)) std::abort();
  return 0;
}
