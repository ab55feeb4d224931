// bench-equilibria: what finding equilibria costs. One JSON line a figure.
//
// Square games of two players and games of three, with whole payoffs drawn from −100…100: all equilibria of
// two by the polytopes and by supports, one Lemke-Howson path, and what sixteen logit paths find with three
// players.
#include <fmt/format.h>

#include <algorithm>

#include "base/random.h"
#include "command_line/command_line.h"
#include "cpu_time.h"
#include "games/logit_tracing.h"
#include "games/support_enumeration.h"
#include "games/two_player_equilibria.h"

namespace {

using namespace skywarden;
using namespace skywarden::games;

StrategicGame draw(Random& random, std::size_t players, std::size_t strategies) {
  StrategicGame game{
      "", std::vector<std::string>(players), std::vector<std::size_t>(players, strategies), {}};
  for (std::size_t i = 0; i < game.profiles() * players; ++i)
    game.payoffs.emplace_back(static_cast<std::int64_t>(random.below(201)) - 100);
  return game;
}

void two_players(std::size_t size, std::size_t games) {
  const Random seeds(size);
  double all = 0, supports = 0, path = 0;
  std::size_t found = 0, by_supports = 0, tried = 0;
  for (std::size_t i = 0; i < games; ++i) {
    Random random = seeds.fork(i);
    const StrategicGame game = draw(random, 2, size);
    const double start = cpu_seconds();
    found += extreme_equilibria(game).value().profiles.size();
    const double enumerated = cpu_seconds();
    (void)lemke_howson(game, 0).value();
    const double walked = cpu_seconds();
    all += enumerated - start;
    path += walked - enumerated;
    if (const auto equal = equal_support_equilibria(game)) {
      by_supports += equal->size();
      supports += cpu_seconds() - walked;
      ++tried;
    }
  }
  const auto mean_ms = [](double seconds, std::size_t count) {
    return 1e3 * seconds / static_cast<double>(count);
  };
  fmt::print(
      R"({{"figure":"two players","strategies":{},"games":{},"equilibria":{},"all_ms":{:.3f},"one_path_ms":{:.3f})",
      size, games, found, mean_ms(all, games), mean_ms(path, games));
  if (tried > 0)
    fmt::print(R"(,"equilibria_by_supports":{},"supports_ms":{:.3f})", by_supports, mean_ms(supports, tried));
  fmt::print("}}\n");
}

void three_players(std::size_t strategies, std::size_t games) {
  const Random seeds(strategies);
  std::size_t with_one = 0, found = 0;
  double worst = 0;
  const double start = cpu_seconds();
  for (std::size_t i = 0; i < games; ++i) {
    Random random = seeds.fork(i);
    const auto traced = trace_equilibria(draw(random, 3, strategies), 16, 1).value();
    if (!traced.empty()) ++with_one;
    found += traced.size();
    for (const TracedEquilibrium& one : traced) worst = std::max(worst, to_double(one.regret));
  }
  fmt::print(
      R"({{"figure":"three players, 16 paths","strategies":{},"games":{},"games_with_one":{},"equilibria":{},)"
      R"("largest_regret":{:.1e},"ms":{:.2f}}})"
      "\n",
      strategies, games, with_one, found, worst, 1e3 * (cpu_seconds() - start) / static_cast<double>(games));
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app("What finding the equilibria of games of two and three players costs");
  app.footer("Example:\n  bench-equilibria");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  for (const std::size_t size : {2, 4, 6, 8}) two_players(size, 20);
  two_players(10, 10);
  two_players(12, 5);
  three_players(2, 200);
  three_players(3, 200);
  three_players(4, 100);
  return 0;
}
