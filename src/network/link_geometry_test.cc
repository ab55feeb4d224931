#include "network/link_geometry.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "orbit/sgp4.h"
#include "orbit/walker.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

const Instant kStart = parse_utc("2026-05-08").value();

std::vector<OrbitingNode> walker(std::uint32_t satellites, std::uint32_t planes) {
  orbit::WalkerPattern pattern;
  pattern.satellites = satellites;
  pattern.planes = planes;
  pattern.epoch = kStart;
  std::vector<OrbitingNode> nodes;
  const auto sets = orbit::walker_elements(pattern).value();
  for (const auto& set : sets) nodes.push_back({NodeId(static_cast<std::uint32_t>(nodes.size() + 1)), set});
  return nodes;
}

const std::vector<GroundNode> kStation{{NodeId(500), {{69.66, 18.94}, Metres(130)}}};

}  // namespace

TEST_CASE("a line's height over the Earth is at its middle, at an end, or below the ground") {
  const Position<Teme> a{7378.137, 0, 0};
  CHECK(grazing_height(a, a).value() == doctest::Approx(1000e3));
  // A right angle seen from the centre: the middle is 1/√2 of the radius away.
  CHECK(grazing_height(a, {0, 7378.137, 0}).value() ==
        doctest::Approx((7378.137 / std::numbers::sqrt2 - 6378.137) * 1e3));
  CHECK(grazing_height(a, {9000, 100, 0}).value() == doctest::Approx(1000e3));  // rising: the lower end
  CHECK(grazing_height(a, {-7378.137, 0, 0}).value() == doctest::Approx(-6378.137e3));
}

TEST_CASE("the Sun stands behind the sender, beside it, or behind the receiver") {
  const Position<Teme> here{7000, 0, 0};
  const Position<Teme> sun{1.5e8, 0, 0};
  CHECK(sun_separation(here, {8000, 0, 0}, sun).value() == doctest::Approx(0.0));
  CHECK(sun_separation(here, {7000, 500, 0}, sun).value() == doctest::Approx(90.0));
  CHECK(sun_separation(here, {6000, 0, 0}, sun).value() == doctest::Approx(180.0));
  CHECK(sun_separation(here, {8000, 1e-3, 0}, sun).value() ==
        doctest::Approx(1e-6 * 180.0 / std::numbers::pi).epsilon(1e-3));
  CHECK(geocentric_latitude({0, 0, -7000}).value() == doctest::Approx(-90.0));
  CHECK(geocentric_latitude({5000, 0, 5000}).value() == doctest::Approx(45.0));
}

TEST_CASE("positions between samples are the propagator's to a few centimetres") {
  const auto nodes = walker(6, 2);
  const Instant end = kStart + std::chrono::hours(3) + std::chrono::seconds(7);
  const auto ephemeris = Ephemeris::make(nodes, kStation, kStart, end).value();
  for (const OrbitingNode& node : nodes) {
    const orbit::Sgp4 theory(node.elements);
    for (Instant t = kStart; t <= end; t += std::chrono::milliseconds(137'531))
      CHECK((*ephemeris.position(node.node, t) - theory.at(t)->position).norm() < 1e-4);
    CHECK(ephemeris.position(node.node, end));
    CHECK_FALSE(ephemeris.position(node.node, end + Duration(1)));
    CHECK_FALSE(ephemeris.position(node.node, kStart - Duration(1)));
  }
  CHECK_FALSE(ephemeris.position(NodeId(77), kStart));
  const auto look =
      orbit::Horizon(kStation[0].place)
          .look(orbit::to_ecef(*orbit::Sgp4(nodes[0].elements).at(end), orbit::earth_rotation(end)));
  CHECK(ephemeris.elevation(NodeId(500), NodeId(1), end)->value() ==
        doctest::Approx(look.elevation.value()).epsilon(1e-5));
  CHECK((*ephemeris.position(NodeId(500), end) - *ephemeris.position(NodeId(1), end)).norm() ==
        doctest::Approx(look.range_km).epsilon(1e-6));
  CHECK(ephemeris.station(NodeId(500)) != nullptr);
  CHECK(ephemeris.station(NodeId(1)) == nullptr);
}

TEST_CASE("the closest graze of a link is the lowest of looking every second") {
  const auto nodes = walker(6, 2);
  const Instant end = kStart + std::chrono::hours(2);
  const auto ephemeris = Ephemeris::make(nodes, {}, kStart, end).value();
  for (std::uint32_t other = 2; other <= 6; ++other) {
    Graze lowest{Metres(1e12), {}};
    for (Instant t = kStart; t <= end; t += std::chrono::seconds(1)) {
      const Metres height =
          grazing_height(*ephemeris.position(NodeId(1), t), *ephemeris.position(NodeId(other), t));
      if (height < lowest.height) lowest = {height, t};
    }
    const auto found = closest_graze(ephemeris, NodeId(1), NodeId(other), kStart, end);
    REQUIRE(found);
    CHECK(found->height <= lowest.height);
    CHECK(found->height.value() > lowest.height.value() - 50e3 * 1e-3);
    CHECK(grazing_height(*ephemeris.position(NodeId(1), found->at),
                         *ephemeris.position(NodeId(other), found->at)) == found->height);
  }
  CHECK_FALSE(closest_graze(ephemeris, NodeId(1), NodeId(9), kStart, end));
}

TEST_CASE("an ephemeris refuses what it cannot hold") {
  const auto nodes = walker(6, 2);
  const std::vector<OrbitingNode> twice{nodes[0], nodes[0]};
  CHECK(Ephemeris::make(twice, {}, kStart, kStart).error().code == Errc::kConflict);
  CHECK(Ephemeris::make(nodes, {}, kStart, kStart - Duration(1)).error().code == Errc::kOutOfRange);
  CHECK(Ephemeris::make(nodes, {}, kStart, kStart, std::chrono::hours(1)).error().code == Errc::kOutOfRange);
  CHECK(Ephemeris::make(nodes, {}, kStart, kStart + std::chrono::hours(24 * 366), std::chrono::seconds(1))
            .error()
            .code == Errc::kLimitReached);
}
