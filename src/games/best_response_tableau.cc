#include "games/best_response_tableau.h"

#include <algorithm>

#include "base/contract.h"

namespace skywarden::games {
namespace {

// The payoffs of one player, scaled and shifted to whole numbers from 1 on: neither changes an equilibrium.
std::vector<Integer> positive_payoffs(const StrategicGame& game, std::size_t player) {
  std::vector<Rational> own;
  for (std::size_t i = player; i < game.payoffs.size(); i += 2) own.push_back(game.payoffs[i]);
  const Integer scale = common_denominator(own);
  std::vector<Integer> whole;
  whole.reserve(own.size());
  for (const Rational& value : own) whole.emplace_back(numerator(value) * (scale / denominator(value)));
  const Integer least = *std::min_element(whole.begin(), whole.end());
  for (Integer& value : whole) value += 1 - least;
  return whole;
}

}  // namespace

BestResponseTableau::BestResponseTableau(const StrategicGame& game, Side side) {
  EXPECTS(game.players.size() == 2);
  const std::size_t m = game.strategies[0];
  const std::size_t n = game.strategies[1];
  const bool first = side == Side::kFirst;
  rows_ = first ? n : m;
  columns_ = m + n + 1;
  own_begin_ = first ? 0 : m;
  own_end_ = first ? m : m + n;
  const std::size_t slack_begin = first ? m : 0;
  const std::vector<Integer> payoffs = positive_payoffs(game, first ? 1 : 0);  // what the opponent compares
  entries_.assign(rows_ * columns_, Integer(0));
  row_of_.assign(m + n, kNoRow);
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t own = own_begin_; own < own_end_; ++own) {
      const std::size_t i = first ? own : row;
      const std::size_t j = first ? row : own - m;
      entries_[row * columns_ + own] = payoffs[i + j * m];
    }
    entries_[row * columns_ + slack_begin + row] = 1;
    entries_[row * columns_ + columns_ - 1] = 1;
    label_in_.push_back(slack_begin + row);
    row_of_[slack_begin + row] = row;
  }
}

// Whether row `a` limits the entering variable before row `b`: by the right side, then by the columns that
// were the unit matrix. Both entries in the entering column are positive, so cross products compare the
// ratios.
bool BestResponseTableau::earlier(std::size_t a, std::size_t b, std::size_t entering) const {
  const Integer& of_a = at(a, entering);
  const Integer& of_b = at(b, entering);
  const auto compare = [&](std::size_t column) {
    return Integer(at(a, column) * of_b).compare(Integer(at(b, column) * of_a));
  };
  if (const int order = compare(columns_ - 1); order != 0) return order < 0;
  for (std::size_t column = 0; column + 1 < columns_; ++column)
    if (column < own_begin_ || column >= own_end_)
      if (const int order = compare(column); order != 0) return order < 0;
  return false;
}

std::size_t BestResponseTableau::leaving_row(std::size_t entering) const {
  std::size_t best = kNoRow;
  for (std::size_t row = 0; row < rows_; ++row)
    if (at(row, entering) > 0 && (best == kNoRow || earlier(row, best, entering))) best = row;
  ENSURES(best != kNoRow);  // positive payoffs bound the polytope
  return best;
}

std::size_t BestResponseTableau::pivot(std::size_t entering) {
  EXPECTS(!in_basis(entering));
  const std::size_t chosen = leaving_row(entering);
  const Integer by = at(chosen, entering);
  for (std::size_t row = 0; row < rows_; ++row) {
    if (row == chosen) continue;
    const Integer factor = at(row, entering);
    for (std::size_t column = 0; column < columns_; ++column) {
      Integer& entry = entries_[row * columns_ + column];
      entry = (entry * by - factor * at(chosen, column)) / divisor_;
    }
  }
  divisor_ = by;
  const std::size_t leaving = label_in_[chosen];
  label_in_[chosen] = entering;
  row_of_[entering] = chosen;
  row_of_[leaving] = kNoRow;
  return leaving;
}

std::uint64_t BestResponseTableau::zero_labels() const {
  EXPECTS(labels() <= 64);
  std::uint64_t bits = 0;
  for (std::size_t label = 0; label < labels(); ++label)
    if (!in_basis(label) || at(row_of_[label], columns_ - 1).is_zero()) bits |= std::uint64_t{1} << label;
  return bits;
}

bool BestResponseTableau::at_origin() const {
  for (std::size_t own = own_begin_; own < own_end_; ++own)
    if (in_basis(own) && !at(row_of_[own], columns_ - 1).is_zero()) return false;
  return true;
}

Mixed BestResponseTableau::strategy() const {
  Integer sum = 0;
  for (std::size_t own = own_begin_; own < own_end_; ++own)
    if (in_basis(own)) sum += at(row_of_[own], columns_ - 1);
  EXPECTS(sum > 0);
  Mixed mixed(own_end_ - own_begin_, Rational(0));
  for (std::size_t own = own_begin_; own < own_end_; ++own)
    if (in_basis(own)) mixed[own - own_begin_] = Rational(at(row_of_[own], columns_ - 1), sum);
  return mixed;
}

std::vector<std::size_t> BestResponseTableau::basis() const {
  std::vector<std::size_t> sorted = label_in_;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

}  // namespace skywarden::games
