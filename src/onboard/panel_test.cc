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

TEST_CASE("a window holds the last slots alone, and slot numbers go on") {
  PanelWindow window(1, 4);
  const Panel& panel = window.panel();
  const std::vector<std::string> names = {"a", "b"};
  window.name_streams(std::vector<std::size_t>{kNewStream, kNewStream}, names);
  for (int h = 0; h < 7; ++h) {
    const std::size_t slot = window.open(hour(h));
    CHECK(slot == static_cast<std::size_t>(h));
    if (h != 5) window.put(slot, 0, 0, number(h));
    if (h == 6) window.put(slot, 1, 0, number(60));
  }
  CHECK(panel.slots() == 7);
  CHECK(panel.rows() == 4);
  for (const std::size_t slot : {3U, 4U, 6U}) {
    CHECK(panel.time(slot) == hour(static_cast<int>(slot)));
    CHECK(panel.value(panel.at(slot, 0, 0)) == static_cast<double>(slot));
  }
  CHECK_FALSE(panel.observed(panel.at(5, 0, 0)));
  CHECK(panel.record_at(5, 0) == Panel::kNoRecord);
  CHECK(panel.arrived_before(6, 1, 0));
  CHECK_FALSE(panel.arrived_before(6, 0, 1));
  window.name_streams(std::vector<std::size_t>{1, 0}, std::vector<std::string>{"b", "a"});
  CHECK(panel.value(panel.at(6, 0, 0)) == 60);
  CHECK(panel.value(panel.at(4, 1, 0)) == 4);
}

TEST_CASE("texts leave a window with their records and with their streams") {
  // Room for the texts of four slots and not for more.
  PanelWindow window(1, 4, {.text_bytes_max = 10, .texts_bytes_max = 32});
  const Panel& panel = window.panel();
  window.name_streams(std::vector<std::size_t>{kNewStream, kNewStream}, std::vector<std::string>{"a", "b"});
  const auto put = [&](std::size_t slot, std::size_t stream, const std::string& text) {
    window.put(slot, stream, 0, std::vector<datum::Field>{datum::Observed{text}});
    return panel.texts()[static_cast<std::size_t>(panel.value(panel.at(slot, stream, 0)))];
  };
  for (int h = 0; h < 100; ++h) {
    const std::size_t slot = window.open(hour(h));
    CHECK(put(slot, 0, "row " + std::to_string(h)) == "row " + std::to_string(h));
    CHECK(put(slot, 1, "the same") == "the same");
  }
  CHECK(panel.texts().size() <= 7);
  CHECK(put(window.open(hour(100)), 0, "longer than ten").empty());
  // Stream b is forgotten; what it said makes room for another.
  window.name_streams(std::vector<std::size_t>{0, kNewStream}, std::vector<std::string>{"a", "c"});
  CHECK(put(window.open(hour(101)), 1, "other one") == "other one");
  for (const std::string& text : panel.texts()) CHECK(text != "the same");
}
