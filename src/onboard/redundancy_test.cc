#include "onboard/redundancy.h"

#include <doctest/doctest.h>

#include "base/random.h"
#include "onboard/complete_test_data.h"

using namespace skywarden;
using namespace skywarden::onboard;

TEST_CASE("a twin is found, a dry gauge beside a dry gauge is not") {
  const Panel panel = panel_of(example_records(600, 1), false);
  CopyFinder copies(panel.streams(), panel.fields());
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) copies.learn(panel, slot, false);
  const std::size_t temp = 0, rain = 1, wind = 2;
  CHECK(copies.copies(3, 0, temp));
  CHECK(copies.copies(0, 3, temp));
  CHECK(copies.copies(3, 0, wind));
  CHECK_FALSE(copies.copies(1, 0, temp));
  CHECK_FALSE(copies.copies(1, 0, wind));
  // The gauges agree in 97 of 100 hours, but never when it matters.
  for (std::size_t s = 0; s < 4; ++s)
    for (std::size_t k = 0; k < 4; ++k)
      if (s != k) CHECK_FALSE(copies.copies(s, k, rain));
}

TEST_CASE("no copy is claimed before there is evidence, and the claim ends when the twins part") {
  auto records = example_records(900, 2);
  for (std::size_t r = 3; r < records.size(); r += 4)
    if (r / 4 >= 600) records[r].fields[0] = datum::Observed{0.1 * static_cast<double>(r % 97)};
  const Panel panel = panel_of(records, false);
  CopyFinder copies(panel.streams(), panel.fields());
  for (std::size_t slot = 0; slot < 20; ++slot) copies.learn(panel, slot, false);
  CHECK_FALSE(copies.copies(3, 0, 0));
  for (std::size_t slot = 20; slot < 600; ++slot) copies.learn(panel, slot, false);
  CHECK(copies.copies(3, 0, 0));
  for (std::size_t slot = 600; slot < 700; ++slot) copies.learn(panel, slot, false);
  CHECK_FALSE(copies.copies(3, 0, 0));
}

TEST_CASE("a field that determines another is found, the other way round only as far as it holds") {
  // As scan and track of a whisk-broom imager: track is a coarse function of scan, noise has no function.
  LookupFinder lookups({0, 0, 0}, {1, 1, 1}, {0.0, 0.0, 0.0});
  Random random(3);
  const auto track_of = [](double scan) { return std::round(100.0 * (1.0 + 0.2 * (scan - 1.0))) / 100.0; };
  for (int i = 0; i < 4000; ++i) {
    const double scan = std::round(random.uniform(100.0, 480.0)) / 100.0;
    const std::array<double, 3> values{scan, track_of(scan), std::round(random.uniform(0.0, 50.0))};
    const std::array<std::uint8_t, 3> known{1, 1, 1};
    lookups.learn(values.data(), known.data());
  }
  const std::array<std::uint8_t, 3> scan_known{1, 0, 1};
  const std::array<double, 3> of_scan{2.53, 0.0, 7.0};
  const auto track = lookups.look_up(1, of_scan.data(), scan_known.data());
  REQUIRE(track);
  CHECK(track->from == 0);
  CHECK(track->value == doctest::Approx(track_of(2.53)));
  const std::array<std::uint8_t, 3> track_known{0, 1, 1};
  const std::array<double, 3> of_track{0.0, 1.31, 7.0};
  const auto scan = lookups.look_up(0, of_track.data(), track_known.data());
  REQUIRE(scan);
  CHECK(std::abs(scan->value - 2.55) < 0.05);
  const std::array<std::uint8_t, 3> both_known{1, 1, 0};
  CHECK_FALSE(lookups.look_up(2, of_scan.data(), both_known.data()));
}

TEST_CASE("between two values that were seen the relation is read off, once enough of it was") {
  // Few records, hardly ever the same value twice: a table of seen values alone would say nothing.
  LookupFinder lookups({0, 0}, {1, 1}, {0.1, 0.05});
  Random random(5);
  const auto track_of = [](double scan) { return std::round(100.0 * std::sqrt(scan)) / 100.0; };
  const std::array<std::uint8_t, 2> both_known{1, 1}, scan_known{1, 0};
  const auto learn = [&](double scan) {
    const std::array<double, 2> values{scan, track_of(scan)};
    lookups.learn(values.data(), both_known.data());
  };
  const auto ask = [&](double scan) {
    const std::array<double, 2> values{scan, 0.0};
    return lookups.look_up(1, values.data(), scan_known.data());
  };
  for (int i = 0; i < 10; ++i) learn(random.uniform(1.0, 4.8));
  CHECK_FALSE(ask(2.5));
  for (int i = 0; i < 50; ++i) learn(random.uniform(1.0, 4.8));
  for (int i = 0; i < 20; ++i) {
    const double scan = random.uniform(1.2, 4.6);
    const auto track = ask(scan);
    REQUIRE(track);
    CHECK(std::abs(track->value - track_of(scan)) <= 0.02);
    CHECK(track->error <= 0.02);
  }
  CHECK_FALSE(ask(0.5));  // beyond what was seen
  CHECK_FALSE(ask(6.0));
}

TEST_CASE("a code is known value by value and says nothing between two codes") {
  LookupFinder lookups({0, 0}, {1, 1}, {0.0, 0.0});
  const std::array<std::uint8_t, 2> both_known{1, 1}, code_known{1, 0};
  for (int i = 0; i < 2000; ++i) {
    const int code = 2 * (i * 7 % 50);
    const std::array<double, 2> values{static_cast<double>(code), static_cast<double>(code * 37 % 101)};
    lookups.learn(values.data(), both_known.data());
  }
  const std::array<double, 2> seen{40.0, 0.0}, unseen{41.0, 0.0};
  const auto known = lookups.look_up(1, seen.data(), code_known.data());
  REQUIRE(known);
  CHECK(known->value == 40 * 37 % 101);
  CHECK_FALSE(lookups.look_up(1, unseen.data(), code_known.data()));
}

TEST_CASE("two fields that drift on their own do not determine each other") {
  LookupFinder lookups({0, 0}, {1, 1}, {1.0, 1.0});
  Random random(6);
  const std::array<std::uint8_t, 2> both_known{1, 1}, first_known{1, 0};
  std::array<double, 2> values{20.0, 50.0};
  int claims = 0;
  for (int i = 0; i < 3000; ++i) {
    claims += lookups.look_up(1, values.data(), first_known.data()) ? 1 : 0;
    lookups.learn(values.data(), both_known.data());
    for (double& value : values) value = std::round(10.0 * (value + random.uniform(-1.0, 1.0))) / 10.0;
  }
  CHECK(claims == 0);
}
