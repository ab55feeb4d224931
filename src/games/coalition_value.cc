#include "games/coalition_value.h"

#include <algorithm>
#include <bit>

#include "base/contract.h"

namespace skywarden::games {
namespace {

__extension__ using Wide = __int128;

Rational exactly(Wide value) {
  const bool negative = value < 0;
  __extension__ const auto size = static_cast<unsigned __int128>(negative ? -value : value);
  const Integer whole =
      (Integer(static_cast<std::uint64_t>(size >> 64)) << 64) + static_cast<std::uint64_t>(size);
  return negative ? Rational(-whole) : Rational(whole);
}
Rational exactly(const Rational& value) {
  return value;
}

Result<std::size_t> players_of(std::size_t values) {
  if (!std::has_single_bit(values) || values > std::size_t{1} << kCoalitionPlayersMax)
    return fail(Errc::kOutOfRange, "expected 2 to the power of 0 to {} values, found {}",
                kCoalitionPlayersMax, values);
  return static_cast<std::size_t>(std::countr_zero(values));
}

template <typename Sum, typename Value>
Result<SizeSums> add_up(std::span<const Value> values) {
  const auto players = players_of(values.size());
  if (!players) return tl::unexpected(players.error());
  const std::size_t n = *players;
  std::vector<Sum> all(n + 1, Sum(0));
  std::vector<std::vector<Sum>> with(n, std::vector<Sum>(n + 1, Sum(0)));
  for (std::size_t coalition = 0; coalition < values.size(); ++coalition) {
    const auto size = static_cast<std::size_t>(std::popcount(coalition));
    all[size] += values[coalition];
    for (std::size_t rest = coalition; rest != 0; rest &= rest - 1)
      with[static_cast<std::size_t>(std::countr_zero(rest))][size] += values[coalition];
  }
  SizeSums sums;
  for (const Sum& sum : all) sums.all.push_back(exactly(sum));
  for (const auto& row : with) {
    sums.with.emplace_back();
    for (const Sum& sum : row) sums.with.back().push_back(exactly(sum));
  }
  return sums;
}

// Σ over coalitions of `size` others of what the player adds to them.
Rational added(const SizeSums& sums, std::size_t player, std::size_t size) {
  return sums.with[player][size + 1] - (sums.all[size] - sums.with[player][size]);
}

}  // namespace

Result<SizeSums> size_sums(std::span<const std::int64_t> values) {
  return add_up<Wide>(values);
}

Result<SizeSums> size_sums(const std::vector<Rational>& values) {
  constexpr std::int64_t kLargest = std::int64_t{1} << 62;
  if (const auto players = players_of(values.size()); !players) return tl::unexpected(players.error());
  Integer scale = 1;
  for (const Rational& value : values)
    if (scale = lcm(scale, denominator(value)); scale > kLargest) break;
  std::vector<std::int64_t> whole;
  whole.reserve(values.size());
  for (const Rational& value : values) {
    if (scale > kLargest) break;
    const Integer scaled = numerator(value) * (scale / denominator(value));
    if (abs(scaled) > kLargest) break;
    whole.push_back(scaled.convert_to<std::int64_t>());
  }
  if (whole.size() < values.size()) return add_up<Rational>(std::span<const Rational>(values));
  auto sums = size_sums(std::span<const std::int64_t>(whole));
  for (Rational& sum : sums->all) sum /= Rational(scale);
  for (auto& row : sums->with)
    for (Rational& sum : row) sum /= Rational(scale);
  return sums;
}

std::vector<Rational> shapley_values(const SizeSums& sums) {
  const std::size_t n = sums.with.size();
  std::vector<Rational> values(n, Rational(0));
  Rational orders(1, static_cast<std::int64_t>(std::max<std::size_t>(n, 1)));  // k! (n−k−1)! / n!, from k = 0
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t player = 0; player < n; ++player) values[player] += orders * added(sums, player, k);
    if (k + 1 < n) orders *= Rational(static_cast<std::int64_t>(k + 1), static_cast<std::int64_t>(n - k - 1));
  }
  return values;
}

std::vector<Rational> banzhaf_values(const SizeSums& sums) {
  const std::size_t n = sums.with.size();
  std::vector<Rational> values(n, Rational(0));
  for (std::size_t player = 0; player < n; ++player) {
    for (std::size_t k = 0; k < n; ++k) values[player] += added(sums, player, k);
    values[player] /= Rational(Integer(1) << static_cast<unsigned>(n - 1));
  }
  return values;
}

}  // namespace skywarden::games
