#include "agents/watch_rehearsal.h"

#include <doctest/doctest.h>

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;

RehearsalFigures sum(RehearsalOptions options) {
  RehearsalFigures total;
  total.replicas_agree = true;
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    const RehearsalFigures one = rehearse(options);
    total.tasks += one.tasks;
    total.well_done += one.well_done;
    total.held_by_dead += one.held_by_dead;
    total.rescued += one.rescued;
    total.to_overstating_late += one.to_overstating_late;
    total.income_overstating += one.income_overstating;
    total.tasks_late += one.tasks_late;
    total.twice += one.twice;
    total.disputed += one.disputed;
    total.replicas_agree = total.replicas_agree && one.replicas_agree;
  }
  return total;
}

RehearsalOptions with(Giving giving, double loss) {
  RehearsalOptions options;
  options.giving = giving;
  options.loss = loss;
  options.length = 2h;
  return options;
}

TEST_CASE("a rehearsal is a function of its options") {
  const RehearsalOptions options = with(Giving::kByRating, 0.1);
  CHECK(rehearse(options) == rehearse(options));
}

TEST_CASE("with a third of the messages lost, registry and ratings do more tasks well than claims do") {
  const RehearsalFigures rated = sum(with(Giving::kByRating, 0.3));
  const RehearsalFigures claims = sum(with(Giving::kByClaims, 0.3));
  const RehearsalFigures greedy = sum(with(Giving::kGreedy, 0.3));
  CHECK(rated.tasks == greedy.tasks);
  CHECK(rated.well_done > claims.well_done);
  CHECK(claims.well_done > greedy.well_done);
  CHECK(rated.replicas_agree);
  CHECK(rated.disputed > 0);
  CHECK(rated.twice < claims.twice);
  CHECK(rated.held_by_dead > 0);
  CHECK(rated.rescued > greedy.rescued);
}

TEST_CASE("overstating earns under claims and nothing under ratings") {
  RehearsalOptions options = with(Giving::kByRating, 0.1);
  const RehearsalFigures overstated = sum(options);
  options.honest_instead = true;
  const RehearsalFigures honest = sum(options);
  CHECK(overstated.income_overstating <= honest.income_overstating);
  options = with(Giving::kByClaims, 0.1);
  const RehearsalFigures believed = sum(options);
  CHECK(overstated.to_overstating_late < believed.to_overstating_late / 4);
}

}  // namespace
}  // namespace skywarden::agents
