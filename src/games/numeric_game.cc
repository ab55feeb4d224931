#include "games/numeric_game.h"

#include <algorithm>
#include <cmath>

namespace skywarden::games {

NumericGame::NumericGame(const StrategicGame& game) {
  begin_.push_back(0);
  for (std::size_t p = 0; p < game.players.size(); ++p) {
    begin_.push_back(begin_.back() + game.strategies[p]);
    player_of_.insert(player_of_.end(), game.strategies[p], p);
  }
  payoffs_.resize(game.payoffs.size());
  for (std::size_t p = 0; p < players(); ++p) {
    Rational least = game.payoffs[p];
    Rational most = least;
    for (std::size_t i = p; i < game.payoffs.size(); i += players()) {
      least = std::min(least, game.payoffs[i]);
      most = std::max(most, game.payoffs[i]);
    }
    const Rational range = most > least ? Rational(most - least) : Rational(1);
    for (std::size_t i = p; i < game.payoffs.size(); i += players())
      payoffs_[i] = to_double((game.payoffs[i] - least) / range);
  }
}

void NumericGame::evaluate(const Row& probabilities, Row& earned, NumericMatrix& change) const {
  earned.assign(strategies(), 0.0);
  change.assign(strategies(), Row(strategies(), 0.0));
  std::vector<std::size_t> played(begin_.begin(), begin_.end() - 1);
  for (std::size_t profile = 0; profile * players() < payoffs_.size(); ++profile) {
    for (std::size_t i = 0; i < players(); ++i) {
      const double payoff = payoffs_[profile * players() + i];
      if (payoff == 0) continue;
      double all_others = 1;
      for (std::size_t k = 0; k < players(); ++k) {
        if (k == i) continue;
        all_others *= probabilities[played[k]];
        double rest = 1;
        for (std::size_t l = 0; l < players(); ++l)
          if (l != i && l != k) rest *= probabilities[played[l]];
        change[played[i]][played[k]] += payoff * rest;
      }
      earned[played[i]] += payoff * all_others;
    }
    for (std::size_t p = 0; p < players(); ++p) {  // the next profile, first player fastest
      if (++played[p] < end(p)) break;
      played[p] = begin(p);
    }
  }
}

bool solve_numeric(NumericMatrix a, Row& b) {
  const std::size_t n = b.size();
  for (std::size_t column = 0; column < n; ++column) {
    std::size_t pivot = column;
    for (std::size_t row = column + 1; row < n; ++row)
      if (std::fabs(a[row][column]) > std::fabs(a[pivot][column])) pivot = row;
    if (!(std::fabs(a[pivot][column]) > 1e-300) || !std::isfinite(a[pivot][column])) return false;
    std::swap(a[pivot], a[column]);
    std::swap(b[pivot], b[column]);
    for (std::size_t row = column + 1; row < n; ++row) {
      const double factor = a[row][column] / a[column][column];
      if (factor == 0) continue;
      for (std::size_t k = column; k < n; ++k) a[row][k] -= factor * a[column][k];
      b[row] -= factor * b[column];
    }
  }
  for (std::size_t row = n; row-- > 0;) {
    for (std::size_t k = row + 1; k < n; ++k) b[row] -= a[row][k] * b[k];
    b[row] /= a[row][row];
    if (!std::isfinite(b[row])) return false;
  }
  return true;
}

}  // namespace skywarden::games
