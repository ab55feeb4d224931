#include "onboard/panel.h"

#include <doctest/doctest.h>

using namespace skywarden;
using namespace skywarden::onboard;

namespace {

Instant hour(int h) {
  return Instant{} + std::chrono::hours(h);
}
std::vector<datum::Field> number(double v) {
  return {datum::Observed{v}};
}

}  // namespace

TEST_CASE("records of one time share a slot, several of one stream get slots of their own") {
  PanelBuilder builder(1, {});
  REQUIRE(builder.add(0, "a", hour(1), number(1)));
  REQUIRE(builder.add(0, "a", hour(1), number(2)));
  REQUIRE(builder.add(1, "b", hour(1), number(3)));
  REQUIRE(builder.add(1, "b", hour(0), number(4)));
  const auto panel = builder.build();
  REQUIRE(panel);
  CHECK(panel->slots() == 3);
  CHECK(panel->streams() == 2);
  CHECK(panel->value(panel->at(0, 1, 0)) == 4);
  CHECK(panel->value(panel->at(1, 0, 0)) == 1);
  CHECK(panel->value(panel->at(1, 1, 0)) == 3);
  CHECK(panel->value(panel->at(2, 0, 0)) == 2);
  CHECK_FALSE(panel->observed(panel->at(2, 1, 0)));
  CHECK(panel->record_at(2, 1) == Panel::kNoRecord);
}

TEST_CASE("in arrival order a late record stands where it arrived") {
  PanelOptions options;
  options.arrival_order = true;
  PanelBuilder builder(1, options);
  REQUIRE(builder.add(0, "a", hour(5), number(1)));
  REQUIRE(builder.add(0, "a", hour(2), number(2)));
  const auto panel = builder.build();
  REQUIRE(panel);
  CHECK(panel->place(0).slot == 0);
  CHECK(panel->place(1).slot == 1);
}

TEST_CASE("a row of a file sees rows above it and rows of other files") {
  PanelBuilder builder(1, {});
  REQUIRE(builder.add(0, "a", hour(0), number(1)));
  REQUIRE(builder.add(0, "b", hour(0), number(2)));
  REQUIRE(builder.add(1, "c", hour(0), number(3)));
  const auto panel = builder.build();
  REQUIRE(panel);
  CHECK_FALSE(panel->arrived_before(0, 0, 1));
  CHECK(panel->arrived_before(0, 1, 0));
  CHECK(panel->arrived_before(0, 0, 2));
  CHECK(panel->arrived_before(0, 2, 1));
}

TEST_CASE("a panel refuses to outgrow its limits") {
  PanelOptions options;
  options.cells_max = 6;
  options.streams_max = 3;
  PanelBuilder builder(1, options);
  // Three streams at three different times need nine cells for three values.
  REQUIRE(builder.add(0, "a", hour(0), number(1)));
  REQUIRE(builder.add(0, "b", hour(1), number(1)));
  REQUIRE(builder.add(0, "c", hour(2), number(1)));
  const auto fourth = builder.add(0, "d", hour(2), number(1));
  REQUIRE_FALSE(fourth);
  CHECK(fourth.error().code == Errc::kLimitReached);
  const auto panel = builder.build();
  REQUIRE_FALSE(panel);
  CHECK(panel.error().code == Errc::kLimitReached);
}
