#include "games/logit_tracing.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/random.h"
#include "games/numeric_game.h"

namespace skywarden::games {
namespace {

constexpr std::size_t kStepsMax = 3000;
constexpr double kPrecisionMax = 1e10;  // λ

// A point of the path: the logarithm of each probability, then λ.
using Point = Row;

Row probabilities_of(const Point& point) {
  Row probabilities(point.size() - 1);
  for (std::size_t s = 0; s < probabilities.size(); ++s) probabilities[s] = std::exp(point[s]);
  return probabilities;
}

// How far the point is from a logit equilibrium, an equation for each strategy: that probabilities sum to one
// for a player's first strategy, the ratio to the first one for the others. And how that changes with the
// point.
void residual(const NumericGame& game, const Row& log_weights, const Point& point, Row& miss,
              NumericMatrix& change) {
  const std::size_t n = game.strategies();
  const double precision = point[n];
  const Row probabilities = probabilities_of(point);
  Row earned;
  NumericMatrix slope;
  game.evaluate(probabilities, earned, slope);
  miss.assign(n, 0.0);
  change.assign(n, Row(n + 1, 0.0));
  for (std::size_t s = 0; s < n; ++s) {
    const std::size_t first = game.begin(game.player_of(s));
    if (s == first) {
      miss[s] = -1;
      for (std::size_t t = first; t < game.end(game.player_of(s)); ++t) {
        miss[s] += probabilities[t];
        change[s][t] = probabilities[t];
      }
      continue;
    }
    miss[s] = point[s] - point[first] - (log_weights[s] - log_weights[first]) -
              precision * (earned[s] - earned[first]);
    for (std::size_t t = 0; t < n; ++t)
      change[s][t] = -precision * probabilities[t] * (slope[s][t] - slope[first][t]);
    change[s][s] += 1;
    change[s][first] -= 1;
    change[s][n] = -(earned[s] - earned[first]);
  }
}

double norm(const Row& row) {
  return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
}

// The direction of the path, on the same side as `before`.
std::optional<Row> tangent(NumericMatrix change, const Row& before) {
  change.push_back(before);
  Row direction(before.size(), 0.0);
  direction.back() = 1;
  if (!solve_numeric(std::move(change), direction)) return std::nullopt;
  const double length = norm(direction);
  for (double& x : direction) x /= length;
  return direction;
}

// Newton's method across the direction; false when it does not arrive at once.
bool correct(const NumericGame& game, const Row& log_weights, const Row& direction, Point& point,
             NumericMatrix& change) {
  Row miss;
  for (int turn = 0; turn < 6; ++turn) {
    residual(game, log_weights, point, miss, change);
    if (norm(miss) < 1e-10 * (1 + point.back() * 1e-4)) return true;
    NumericMatrix system = change;
    system.push_back(direction);
    miss.push_back(0);
    if (!solve_numeric(std::move(system), miss) || norm(miss) > 3) return false;
    for (std::size_t i = 0; i < point.size(); ++i) point[i] -= miss[i];
  }
  return false;
}

// Newton's method on the strategies whose probability passes `threshold`: each player's earn the same.
std::optional<Row> sharpen(const NumericGame& game, Row probabilities, double threshold) {
  std::vector<std::size_t> used;
  for (std::size_t s = 0; s < probabilities.size(); ++s) {
    if (probabilities[s] > threshold)
      used.push_back(s);
    else
      probabilities[s] = 0;
  }
  const std::size_t size = used.size() + game.players();  // probabilities, then what each player earns
  Row earned;
  NumericMatrix slope;
  Row payoff(game.players(), 0.0);
  for (int turn = 0; turn < 30; ++turn) {
    game.evaluate(probabilities, earned, slope);
    NumericMatrix system(size, Row(size, 0.0));
    Row miss(size, 0.0);
    for (std::size_t p = 0; p < game.players(); ++p) miss[used.size() + p] = -1;
    for (std::size_t row = 0; row < used.size(); ++row) {
      const std::size_t player = game.player_of(used[row]);
      miss[row] = earned[used[row]] - payoff[player];
      system[row][used.size() + player] = -1;
      for (std::size_t column = 0; column < used.size(); ++column)
        system[row][column] = slope[used[row]][used[column]];
      system[used.size() + player][row] = 1;
      miss[used.size() + player] += probabilities[used[row]];
    }
    const double far = norm(miss);
    if (!solve_numeric(std::move(system), miss)) return std::nullopt;
    for (std::size_t row = 0; row < used.size(); ++row) probabilities[used[row]] -= miss[row];
    for (std::size_t p = 0; p < game.players(); ++p) payoff[p] -= miss[used.size() + p];
    if (far < 1e-15 || (turn > 3 && norm(miss) < 1e-15)) break;
  }
  for (const double p : probabilities)
    if (!(p >= 0 && p <= 1 + 1e-9)) return std::nullopt;
  return probabilities;
}

// The fraction of the smallest denominator up to 10,000 within 1e-11, by continued fractions; else the
// double.
Rational simple_fraction(double value) {
  double rest = value;
  std::int64_t above = 1, below = 0, above_before = 0, below_before = 1;
  for (int i = 0; i < 20; ++i) {
    const auto whole = static_cast<std::int64_t>(std::floor(rest));
    const std::int64_t next_above = whole * above + above_before;
    const std::int64_t next_below = whole * below + below_before;
    if (next_below > 10'000) break;
    above_before = std::exchange(above, next_above);
    below_before = std::exchange(below, next_below);
    if (std::fabs(value - static_cast<double>(above) / static_cast<double>(below)) < 1e-11)
      return Rational(above, below);
    if (rest - static_cast<double>(whole) < 1e-9) break;
    rest = 1 / (rest - static_cast<double>(whole));
  }
  return Rational(value);
}

// Exact fractions that sum to one; nothing when a player's are all zero.
std::optional<MixedProfile> exact(const NumericGame& game, const Row& probabilities, bool simple) {
  MixedProfile profile;
  for (std::size_t p = 0; p < game.players(); ++p) {
    Mixed mixed;
    Rational sum = 0;
    for (std::size_t s = game.begin(p); s < game.end(p); ++s) {
      mixed.push_back(simple ? simple_fraction(probabilities[s]) : Rational(probabilities[s]));
      sum += mixed.back();
    }
    if (sum <= Rational(0)) return std::nullopt;
    for (Rational& x : mixed) x /= sum;
    profile.push_back(std::move(mixed));
  }
  return profile;
}

class Judge {
 public:
  explicit Judge(const StrategicGame& game, const NumericGame& numeric) : game_(game), numeric_(numeric) {
    Rational range = 1;
    for (std::size_t p = 0; p < game.players.size(); ++p) {
      Rational least = game.payoffs[p];
      Rational most = least;
      for (std::size_t i = p; i < game.payoffs.size(); i += game.players.size()) {
        least = std::min(least, game.payoffs[i]);
        most = std::max(most, game.payoffs[i]);
      }
      range = std::max(range, Rational(most - least));
    }
    most_ = range * decimal_of(kRegretMax);
  }

  [[nodiscard]] std::optional<TracedEquilibrium> accept(const Row& probabilities) const {
    for (const bool simple : {true, false}) {
      auto profile = exact(numeric_, probabilities, simple);
      if (!profile) continue;
      Rational left = regret(game_, *profile);
      if (simple ? left.is_zero() : left <= most_)
        return TracedEquilibrium{std::move(*profile), std::move(left)};
    }
    return std::nullopt;
  }
  // In floating point first, because exact judgement is slow.
  [[nodiscard]] std::optional<TracedEquilibrium> sharpened(const Row& probabilities) const {
    for (const double threshold : {1e-2, 1e-3, 1e-5, 0.1}) {
      const auto sharp = sharpen(numeric_, probabilities, threshold);
      if (!sharp || regret_of(*sharp) > kRegretMax) continue;
      if (auto found = accept(*sharp)) return found;
    }
    return std::nullopt;
  }
  [[nodiscard]] double regret_of(const Row& probabilities) const {
    Row earned;
    NumericMatrix slope;
    numeric_.evaluate(probabilities, earned, slope);
    double most = 0;
    for (std::size_t p = 0; p < numeric_.players(); ++p) {
      double now = 0;
      double best = 0;
      for (std::size_t s = numeric_.begin(p); s < numeric_.end(p); ++s) {
        now += probabilities[s] * earned[s];
        best = std::max(best, earned[s]);
      }
      most = std::max(most, best - now);
    }
    return most;
  }

 private:
  const StrategicGame& game_;
  const NumericGame& numeric_;
  Rational most_;
};

std::optional<TracedEquilibrium> trace(const NumericGame& game, const Judge& judge, const Row& log_weights) {
  const std::size_t n = game.strategies();
  Point point = log_weights;
  point.push_back(0);
  Row direction(n + 1, 0.0);
  direction[n] = 1;
  NumericMatrix change;
  if (!correct(game, log_weights, direction, point, change)) return std::nullopt;
  double step = 0.05;
  double look_at = 4;  // the next λ at which to try
  for (std::size_t taken = 0; taken < kStepsMax && point[n] < kPrecisionMax && step > 1e-9; ++taken) {
    const auto along = tangent(change, direction);
    if (!along) return std::nullopt;
    Point next = point;
    for (std::size_t i = 0; i <= n; ++i) next[i] += step * (*along)[i];
    NumericMatrix change_there;
    if (next[n] < 0 || !correct(game, log_weights, *along, next, change_there)) {
      step /= 2;
      continue;
    }
    point = std::move(next);
    change = std::move(change_there);
    direction = *along;
    step *= 1.3;
    if (point[n] < look_at) continue;
    look_at = point[n] * 2;
    const Row probabilities = probabilities_of(point);
    if (auto found = judge.sharpened(probabilities)) return found;
    if (judge.regret_of(probabilities) < kRegretMax)
      if (auto found = judge.accept(probabilities)) return found;
  }
  return std::nullopt;
}

bool close(const MixedProfile& a, const MixedProfile& b) {
  const Rational apart = Rational(1, 1'000'000);
  for (std::size_t p = 0; p < a.size(); ++p)
    for (std::size_t s = 0; s < a[p].size(); ++s)
      if (abs(Rational(a[p][s] - b[p][s])) > apart) return false;
  return true;
}

}  // namespace

Result<std::vector<TracedEquilibrium>> trace_equilibria(const StrategicGame& game, std::size_t paths,
                                                        std::uint64_t seed) {
  const std::size_t strategies =
      std::accumulate(game.strategies.begin(), game.strategies.end(), std::size_t{0});
  if (game.profiles() > kTracedProfilesMax || strategies > kTracedStrategiesMax)
    return fail(Errc::kLimitReached, "expected at most {} profiles and {} strategies, found {} and {}",
                kTracedProfilesMax, kTracedStrategiesMax, game.profiles(), strategies);
  const NumericGame numeric(game);
  const Judge judge(game, numeric);
  Random random(seed);
  std::vector<TracedEquilibrium> found;
  for (std::size_t path = 0; path < paths; ++path) {
    Row log_weights(strategies, 0.0);
    if (path > 0)
      for (double& w : log_weights) w = random.normal(0, 2);
    for (std::size_t p = 0; p < numeric.players(); ++p) {  // so that each player's weights sum to one
      double sum = 0;
      for (std::size_t s = numeric.begin(p); s < numeric.end(p); ++s) sum += std::exp(log_weights[s]);
      for (std::size_t s = numeric.begin(p); s < numeric.end(p); ++s) log_weights[s] -= std::log(sum);
    }
    auto equilibrium = trace(numeric, judge, log_weights);
    if (equilibrium && std::none_of(found.begin(), found.end(), [&](const TracedEquilibrium& known) {
          return close(known.profile, equilibrium->profile);
        }))
      found.push_back(std::move(*equilibrium));
  }
  return found;
}

}  // namespace skywarden::games
