// Gambit's files of games in strategic form, version 1, both kinds of body:
//   NFG 1 R "title" { "player" ... } { 2 2 }            strategies by number, or by name: { { "a" "b" } { ...
//   } } "comment"                                           may be absent 3 2 0 0 0 0 2 2 payoffs, the first
//   player's strategy running fastest; or { { "outcome" 3, 2 } ... } 1 2 0 1                  outcomes, then
//   one for each profile, 0 paying nothing
// Numbers are whole, decimal or fractions. https://gambitproject.readthedocs.io, "The strategic game (.nfg)
// file format"; the letter after 1 (R or D) says how the numbers were stored once and means nothing.
#pragma once

#include <string_view>

#include "games/strategic_game.h"

namespace skywarden::games {

inline constexpr std::size_t kNfgBytesMax = std::size_t{16} << 20;

// Errors name the line. kLimitReached past the limits of strategic_game.h.
[[nodiscard]] Result<StrategicGame> parse_nfg(std::string_view text);

// The payoff form, with numbers as fractions: reads as an equal game.
[[nodiscard]] std::string to_nfg(const StrategicGame& game);

}  // namespace skywarden::games
