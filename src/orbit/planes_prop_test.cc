#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "orbit/planes.h"
#include "orbit/walker.h"

namespace skywarden::orbit {
namespace {

ElementSet flying(Degrees inclination, Degrees node) {
  ElementSet set;
  set.inclination = to_radians(inclination).value();
  set.node = to_radians(node).value();
  return set;
}

// The angle between two planes by the spherical law of cosines, in another way than the code's.
double apart(const ElementSet& a, const ElementSet& b) {
  const double c = std::cos(a.inclination) * std::cos(b.inclination) +
                   std::sin(a.inclination) * std::sin(b.inclination) * std::cos(a.node - b.node);
  return to_degrees(Radians(std::acos(std::clamp(c, -1.0, 1.0)))).value();
}

TEST_CASE("a pattern's planes are found as they were laid out") {
  WalkerPattern pattern;
  pattern.satellites = 24;
  pattern.planes = 6;
  pattern.epoch = parse_utc("2026-07-01T00:00:00Z").value();
  const auto planes = orbital_planes(walker_elements(pattern).value(), Degrees(5.0));
  REQUIRE(planes.size() == 24);
  for (std::size_t i = 0; i < planes.size(); ++i) CHECK(planes[i] == i / 4 + 1);
}

TEST_CASE("planes of one node and another tilt differ, those across the first of Aries do not") {
  const std::vector<ElementSet> sets{flying(Degrees(98.0), Degrees(359.0)),
                                     flying(Degrees(82.0), Degrees(359.0)),
                                     flying(Degrees(98.2), Degrees(1.0))};
  CHECK(orbital_planes(sets, Degrees(5.0)) == std::vector<std::uint32_t>{1, 2, 1});
  CHECK(orbital_planes({}, Degrees(5.0)).empty());
}

TEST_CASE("everybody flies near the first of its plane, and firsts are apart") {
  CHECK(rc::check([] {
    const double limit = *rc::gen::inRange(1, 40);
    std::vector<ElementSet> sets;
    const int count = *rc::gen::inRange(0, 30);
    for (int i = 0; i < count; ++i)
      sets.push_back(
          flying(Degrees(*rc::gen::inRange(0, 1800) * 0.1), Degrees(*rc::gen::inRange(0, 3600) * 0.1)));
    const auto planes = orbital_planes(sets, Degrees(limit));
    RC_ASSERT(planes.size() == sets.size());
    std::vector<std::size_t> firsts;
    constexpr double kRounding = 1e-6;  // degrees
    for (std::size_t i = 0; i < sets.size(); ++i) {
      RC_ASSERT(planes[i] >= 1U && planes[i] <= firsts.size() + 1);
      if (planes[i] == firsts.size() + 1) {
        for (const std::size_t first : firsts) RC_ASSERT(apart(sets[first], sets[i]) > limit - kRounding);
        firsts.push_back(i);
      }
      RC_ASSERT(apart(sets[firsts[planes[i] - 1]], sets[i]) < limit + kRounding);
    }
  }));
}

}  // namespace
}  // namespace skywarden::orbit
