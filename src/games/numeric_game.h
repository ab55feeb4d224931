// A game of any number of players in floating point, payoffs of each player moved to 0…1: what the methods
// need that follow paths. Shapes: `strategies` of all players stand in one row, the first player's first.
#pragma once

#include <vector>

#include "games/strategic_game.h"

namespace skywarden::games {

using Row = std::vector<double>;  // a number for each strategy of each player
using NumericMatrix = std::vector<Row>;

class NumericGame {
 public:
  explicit NumericGame(const StrategicGame& game);

  [[nodiscard]] std::size_t players() const { return begin_.size() - 1; }
  [[nodiscard]] std::size_t strategies() const { return begin_.back(); }
  [[nodiscard]] std::size_t begin(std::size_t player) const { return begin_[player]; }
  [[nodiscard]] std::size_t end(std::size_t player) const { return begin_[player + 1]; }
  [[nodiscard]] std::size_t player_of(std::size_t strategy) const { return player_of_[strategy]; }

  // What each strategy earns against the others' probabilities, and how that changes with each probability of
  // another player (change[earning][played]).
  void evaluate(const Row& probabilities, Row& earned, NumericMatrix& change) const;

 private:
  std::vector<std::size_t> begin_, player_of_;
  std::vector<double> payoffs_;  // as in StrategicGame
};

// The solution of a·x = b by elimination with partial pivoting, into b; false when it is singular.
[[nodiscard]] bool solve_numeric(NumericMatrix a, Row& b);

}  // namespace skywarden::games
