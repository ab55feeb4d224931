#include "network/topology.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "network/satellite_links.h"
#include "orbit/walker.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

std::vector<orbit::ElementSet> walker(std::uint32_t satellites, std::uint32_t planes) {
  orbit::WalkerPattern pattern;
  pattern.satellites = satellites;
  pattern.planes = planes;
  pattern.epoch = parse_utc("2026-05-08").value();
  return orbit::walker_elements(pattern).value();
}

}  // namespace

TEST_CASE("a station sends through satellites, never through another station") {
  TopologyShape shape{2, 3, {{0, 1}}, 1000.0};
  Topology topology(shape);
  const std::vector<std::optional<Position<Ecef>>> satellites{Position<Ecef>{0, 0, 500},
                                                              Position<Ecef>{3000, 0, 500}};
  const std::vector<Position<Ecef>> stations{{0, 0, 0}, {1500, 0, 0}, {3000, 0, 0}};
  topology.move(satellites, stations);
  topology.aim(4);
  const auto path = topology.path_from(2);
  REQUIRE(path);
  CHECK(path->nodes == std::vector<std::uint32_t>{2, 0, 1, 4});
  CHECK(path->length_km == 4000.0);
  CHECK_FALSE(topology.path_from(3));  // out of everybody's reach
  CHECK(topology.path_from(4)->length_km == 0.0);
}

TEST_CASE("a satellite without a position carries nothing") {
  TopologyShape shape{3, 0, {{0, 1}, {1, 2}}, 0.0};
  Topology topology(shape);
  topology.move(
      std::vector<std::optional<Position<Ecef>>>{Position<Ecef>{0, 0, 1}, {}, Position<Ecef>{0, 0, 2}}, {});
  topology.aim(2);
  CHECK_FALSE(topology.path_from(0));
  CHECK_FALSE(topology.path_from(1));
}

TEST_CASE("two satellites in one place do not send in circles") {
  TopologyShape shape{3, 0, {{0, 1}, {1, 2}}, 0.0};
  Topology topology(shape);
  const std::vector<std::optional<Position<Ecef>>> satellites{
      Position<Ecef>{0, 0, 1}, Position<Ecef>{0, 0, 1}, Position<Ecef>{0, 0, 9}};
  topology.move(satellites, {});
  for (std::uint32_t to = 0; to < 3; ++to) {
    topology.aim(to);
    for (std::uint32_t from = 0; from < 3; ++from) CHECK(topology.path_from(from)->nodes.size() <= 3);
  }
}

TEST_CASE("the plus grid of a Walker pattern gives every satellite four links") {
  const auto links = plus_grid(walker(24, 4)).value();
  CHECK(links.size() == 48);
  std::vector<int> count(24, 0);
  for (const auto [a, b] : links) ++count[a], ++count[b];
  CHECK(std::ranges::count(count, 4) == 24);
  CHECK(std::ranges::count(links, SatelliteLink{0, 5}) == 1);   // around the plane
  CHECK(std::ranges::count(links, SatelliteLink{0, 18}) == 1);  // around the planes
}

TEST_CASE("no plus grid without planes") {
  auto sets = walker(24, 4);
  std::swap(sets[0], sets[7]);
  CHECK_FALSE(plus_grid(sets));
  CHECK_FALSE(plus_grid({}));
}

TEST_CASE("files of links: separators, comments, and lines that make no sense") {
  const auto file = read_satellite_links("0 1\r\n1,2\n# none\n2\t0 # back\n3 1\n1 1\nx y\n\n", 3);
  CHECK(file.links == std::vector<SatelliteLink>{{0, 1}, {1, 2}, {0, 2}});
  REQUIRE(file.problems.size() == 3);
  CHECK(datum::to_line("isls", file.problems[0]) ==
        "isls:5: expected two satellite numbers of 0…2, found '3 1'");
}
