// The best-response polytopes of a game of two, as a simplex tableau in whole numbers. With payoffs made
// positive and whole, P = {x ≥ 0 : xᵀB ≤ 1} belongs to the first player and Q = {y ≥ 0 : Ay ≤ 1} to the
// second. Every variable and every slack has a label: 0…m−1 the first player's strategies, m…m+n−1 the
// second's; a point has the label of each variable or slack that is zero there. Two points but the origins
// make an equilibrium when together they have all labels. B. von Stengel, "Computing equilibria for
// two-person games", Handbook of Game Theory 3 (2002), ch. 45. Integer pivoting as in J. Edmonds, "Systems of
// distinct representatives and linear algebra", J. Res. NBS 71B (1967): all entries share one denominator,
// and the division by the last one is exact. Ties are broken lexicographically, which makes the polytope
// simple without changing a number.
#pragma once

#include <cstdint>
#include <vector>

#include "games/strategic_game.h"

namespace skywarden::games {

enum class Side { kFirst, kSecond };

class BestResponseTableau {
 public:
  // At the origin: every slack is in the basis. The game has two players.
  BestResponseTableau(const StrategicGame& game, Side side);

  [[nodiscard]] std::size_t labels() const { return columns_ - 1; }
  [[nodiscard]] bool in_basis(std::size_t label) const { return row_of_[label] != kNoRow; }
  // Brings a variable into the basis along the edge that it opens; returns which one left.
  std::size_t pivot(std::size_t entering);
  // The labels of the point, a bit each; labels() ≤ 64. One more than the strategies of the side: degenerate.
  [[nodiscard]] std::uint64_t zero_labels() const;
  [[nodiscard]] bool at_origin() const;
  [[nodiscard]] Mixed strategy() const;  // the point scaled to sum 1; not at the origin
  // The labels in the basis, ascending.
  [[nodiscard]] std::vector<std::size_t> basis() const;

 private:
  static constexpr std::size_t kNoRow = SIZE_MAX;

  [[nodiscard]] const Integer& at(std::size_t row, std::size_t column) const {
    return entries_[row * columns_ + column];
  }
  [[nodiscard]] std::size_t leaving_row(std::size_t entering) const;
  [[nodiscard]] bool earlier(std::size_t a, std::size_t b, std::size_t entering) const;

  std::size_t rows_, columns_;       // columns: the labels in their order, then the right side
  std::size_t own_begin_, own_end_;  // labels of the side's strategies
  std::vector<Integer> entries_;
  Integer divisor_ = 1;
  std::vector<std::size_t> label_in_;  // row → label
  std::vector<std::size_t> row_of_;    // label → row
};

}  // namespace skywarden::games
