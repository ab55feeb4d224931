// What is kept for each stream can be rearranged when streams come and go: the streams that stay lose
// nothing.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "base/random.h"
#include "onboard/complete_course.h"
#include "onboard/complete_grid.h"
#include "onboard/complete_loss.h"
#include "onboard/complete_regression.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_steps.h"
#include "onboard/complete_test_data.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {
namespace {

using Moves = std::vector<std::size_t>;

// The streams in another order with a new one in front, and the way back.
struct Detour {
  Moves away, back;
};
Detour detour(std::size_t streams, Random& random) {
  Detour out;
  for (std::size_t s = 0; s < streams; ++s) out.away.push_back(s);
  for (std::size_t s = streams; s > 1; --s) std::swap(out.away[s - 1], out.away[random.below(s)]);
  out.away.insert(out.away.begin(), kNewStream);
  for (std::size_t s = 0; s < streams; ++s)
    out.back.push_back(
        static_cast<std::size_t>(std::find(out.away.begin(), out.away.end(), s) - out.away.begin()));
  return out;
}

struct State {
  State(const Panel& panel, const datum::Schema& schema)
      : work(panel, schema),
        copies(panel.streams(), panel.fields()),
        spatial(panel.streams(), panel.fields()),
        losses(panel.streams(), panel.fields()),
        grid(schema, panel.streams()),
        course(work) {}

  void step(const Panel& panel, std::size_t slot) {
    const std::size_t first = panel.at(slot, 0, 0);
    for (std::size_t cell = first; cell < first + panel.streams() * panel.fields(); ++cell)
      if (panel.observed(cell))
        work.set_known(cell, cell % panel.fields(), panel.value(cell), Work::kMeasured);
    for (std::size_t s = 0; s < panel.streams(); ++s)
      if (panel.record_at(slot, s) != Panel::kNoRecord) spatial.estimate(work, slot, s, copies, true);
    losses.step(work, slot);
    course.step(work, slot);
    spatial.learn(work, slot, true);
    copies.learn(panel, slot, true);
    for (std::size_t s = 0; s < panel.streams(); ++s) grid.learn(panel, slot, s);
  }

  void move(const Panel& panel, const Moves& moves, std::size_t streams) {
    copies.move_streams(moves);
    spatial.move_streams(moves);
    losses.move_streams(moves);
    grid.move_streams(moves);
    course.move_streams(panel, moves, streams);
  }

  Work work;
  CopyFinder copies;
  SpatialModel spatial;
  LossPattern losses;
  GridFinder grid;
  Course course;
};

TEST_CASE("moving the streams' state away and back changes nothing") {
  const datum::Schema schema = example_schema();
  const Panel panel = holed_panel(600, 7, 400);
  State stays(panel, schema), moves(panel, schema);
  Random random(3);
  std::size_t told = 0;
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    stays.step(panel, slot);
    moves.step(panel, slot);
    if (slot % 23 != 0) continue;
    const Detour way = detour(panel.streams(), random);
    moves.move(panel, way.away, panel.streams());
    moves.move(panel, way.back, way.away.size());
  }
  for (std::size_t cell = 0; cell < panel.cells(); ++cell) {
    told += stays.work.has_spatial(cell) ? 1 : 0;
    REQUIRE(stays.work.flags[cell] == moves.work.flags[cell]);
    REQUIRE(stays.work.spatial[cell] == moves.work.spatial[cell]);
    REQUIRE(std::bit_cast<std::uint32_t>(stays.course.usual(cell)) ==
            std::bit_cast<std::uint32_t>(moves.course.usual(cell)));
    REQUIRE(stays.course.usual_error(cell) == moves.course.usual_error(cell));
    REQUIRE(stays.course.recent_error(cell) == moves.course.recent_error(cell));
    REQUIRE(stays.course.recent_mean(cell) == moves.course.recent_mean(cell));
  }
  CHECK(told > 0);
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      CHECK(stays.losses.lately(s, f) == moves.losses.lately(s, f));
      CHECK(stays.losses.over_days(s, f) == moves.losses.over_days(s, f));
      CHECK(stays.grid.decimals(s, f) == moves.grid.decimals(s, f));
      for (std::size_t k = 0; k < panel.streams(); ++k)
        CHECK(stays.copies.copies(s, k, f) == moves.copies.copies(s, k, f));
    }
  }
}

// The same steps over a window, with streams that are moved or not.
struct Windowed {
  explicit Windowed(const datum::Schema& schema)
      : window(schema.fields.size(), 256), steps(window.panel(), schema, {.causal = true}, {}) {}

  void rename(const Moves& moves, const std::vector<std::string>& names) {
    const std::size_t before = window.panel().streams();
    window.name_streams(moves, names);
    steps.move_streams(moves, before);
  }

  PanelWindow window;
  CompletionSteps steps;
};

TEST_CASE("a completion whose streams move away and back says the same") {
  const datum::Schema schema = example_schema();
  auto records = example_records(300, 21);
  hide(records, 0.3, 22);
  const std::vector<std::string> names = {"a", "b", "c", "d"};
  const std::vector<std::size_t> all = {0, 1, 2, 3};
  Windowed stays(schema), moves(schema);
  Random random(5);
  for (Windowed* one : {&stays, &moves}) one->rename(Moves(4, kNewStream), names);
  std::size_t estimated = 0;
  for (std::size_t hour = 0; hour < 300; ++hour) {
    for (Windowed* one : {&stays, &moves}) {
      const std::size_t slot = one->window.open(records[hour * 4].time);
      one->steps.open(slot);
      for (const std::size_t s : all) one->window.put(slot, s, 0, records[hour * 4 + s].fields);
      std::vector<CompletionSteps::Arrived> arrived;
      CompletionSteps::records_at(one->window.panel(), slot, &arrived);
      one->steps.arrive(arrived);
      one->steps.complete(arrived);
    }
    if (hour % 17 == 0) {  // with the slot open
      const Detour way = detour(4, random);
      std::vector<std::string> away;
      for (const std::size_t s : way.away) away.push_back(s == kNewStream ? "new" : names[s]);
      moves.rename(way.away, away);
      moves.rename(way.back, names);
    }
    for (Windowed* one : {&stays, &moves}) one->steps.learn(hour);
    const Completion &one = stays.steps.said(), &other = moves.steps.said();
    const std::size_t first = stays.window.panel().at(hour, 0, 0);
    for (std::size_t cell = first; cell < first + 4 * schema.fields.size(); ++cell) {
      REQUIRE(one.origins[cell] == other.origins[cell]);
      REQUIRE(one.values[cell] == other.values[cell]);
      REQUIRE(one.lows[cell] == other.lows[cell]);
      REQUIRE(one.highs[cell] == other.highs[cell]);
      REQUIRE(one.probabilities[cell] == other.probabilities[cell]);
      REQUIRE(one.abstained[cell] == other.abstained[cell]);
      estimated += one.origins[cell] == Origin::kEstimated ? 1 : 0;
    }
  }
  CHECK(estimated > 500);
}

constexpr std::size_t kSize = 3, kSituations = 2;

void learn(RegressionFamily& family, std::size_t stream, Random& random) {
  const std::array<double, kSize> x = {1.0, random.uniform(), random.uniform()};
  const double y = static_cast<double>(stream) + 2.0 * x[1] - x[2] + 0.1 * random.uniform();
  const std::size_t situation = random.below(kSituations);
  family.learn(stream, situation, x.data(), y, y - family.predict(stream, situation, x.data()));
}

TEST_CASE("regressions whose streams move away and back say the same") {
  constexpr std::size_t kStreams = 4;
  RegressionFamily stays(kSize, kSituations, std::vector<std::uint32_t>(kStreams, 0));
  RegressionFamily moves = stays;
  Random one(5), other(5), random(9);
  for (int round = 0; round < 40; ++round) {
    for (std::size_t i = 0; i < 30; ++i) {
      learn(stays, i % kStreams, one);
      learn(moves, i % kStreams, other);
    }
    const Detour way = detour(kStreams, random);  // with examples waiting to be summed up
    moves.move_streams(way.away);
    moves.move_streams(way.back);
    stays.refresh();
    for (std::size_t situation = 0; situation < kSituations; ++situation) {  // one after the other
      moves.refresh(situation);
      for (RegressionFamily* family : {&stays, &moves}) family->fade(situation, 0.9);
    }
  }
  const std::array<double, kSize> x = {1.0, 0.3, 0.6};
  for (std::size_t s = 0; s < kStreams; ++s) {
    for (std::size_t situation = 0; situation < kSituations; ++situation) {
      CHECK(stays.predict(s, situation, x.data()) == moves.predict(s, situation, x.data()));
      CHECK(stays.mean_error(s, situation) == moves.mean_error(s, situation));
      CHECK(stays.predict(s, situation, x.data()) != 0.0);
    }
  }
}

TEST_CASE("a stream that joins starts with what the others have learnt together") {
  RegressionFamily family(kSize, kSituations, {0, 0});
  Random random(2);
  for (int i = 0; i < 2000; ++i) learn(family, 0, random);
  family.refresh();
  family.move_streams(Moves{0, 1, kNewStream});
  const std::array<double, kSize> x = {1.0, 0.5, 0.5};
  for (std::size_t situation = 0; situation < kSituations; ++situation) {
    // Stream 1 has no example either: it was there all the time.
    CHECK(family.predict(2, situation, x.data()) == family.predict(1, situation, x.data()));
    CHECK(family.predict(2, situation, x.data()) == doctest::Approx(0.55).epsilon(0.15));
  }
}

}  // namespace
}  // namespace skywarden::onboard
