// Shortest ways against Floyd and Warshall's algorithm on the whole graph.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <limits>

#include "base/random.h"
#include "network/topology.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

double distance(const Position<Ecef>& a, const Position<Ecef>& b) {
  return (a - b).norm();
}

void check_against_slow_search(const TopologyShape& shape,
                               const std::vector<std::optional<Position<Ecef>>>& satellites,
                               const std::vector<Position<Ecef>>& stations, Topology& topology) {
  const std::uint32_t nodes = shape.satellites + shape.stations;
  std::vector<std::vector<double>> step(nodes, std::vector<double>(nodes, kFar));
  for (const auto [a, b] : shape.links)
    if (satellites[a] && satellites[b]) step[a][b] = step[b][a] = distance(*satellites[a], *satellites[b]);
  for (std::uint32_t g = 0; g < shape.stations; ++g)
    for (std::uint32_t s = 0; s < shape.satellites; ++s)
      if (satellites[s] && distance(*satellites[s], stations[g]) <= shape.ground_range_max_km)
        step[s][shape.satellites + g] = step[shape.satellites + g][s] = distance(*satellites[s], stations[g]);
  std::vector<std::vector<double>> way = step;
  for (std::uint32_t v = 0; v < nodes; ++v) way[v][v] = 0.0;
  for (std::uint32_t via = 0; via < shape.satellites; ++via)  // stations do not relay
    for (std::uint32_t a = 0; a < nodes; ++a)
      for (std::uint32_t b = 0; b < nodes; ++b) way[a][b] = std::min(way[a][b], way[a][via] + way[via][b]);
  for (std::uint32_t to = 0; to < nodes; ++to) {
    topology.aim(to);
    for (std::uint32_t from = 0; from < nodes; ++from) {
      const auto path = topology.path_from(from);
      RC_ASSERT(path.has_value() == (way[from][to] != kFar));
      if (!path) continue;
      RC_ASSERT(std::abs(path->length_km - way[from][to]) < 1e-9 * (1.0 + way[from][to]));
      RC_ASSERT(path->nodes.front() == from);
      RC_ASSERT(path->nodes.back() == to);
      double sum = 0.0;
      for (std::size_t i = 1; i < path->nodes.size(); ++i) sum += step[path->nodes[i - 1]][path->nodes[i]];
      RC_ASSERT(std::abs(path->length_km - sum) < 1e-9 * (1.0 + sum));
    }
  }
}

}  // namespace

TEST_CASE("ways are as short as those of a slow search wherever things move, and their parts add up") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    TopologyShape shape;
    shape.satellites = static_cast<std::uint32_t>(1 + random.below(14));
    shape.stations = static_cast<std::uint32_t>(random.below(5));
    shape.ground_range_max_km = random.uniform(0.0, 1500.0);
    for (std::uint64_t i = random.below(30); i > 0 && shape.satellites > 1; --i) {
      const auto a = static_cast<std::uint32_t>(random.below(shape.satellites));
      const auto b = static_cast<std::uint32_t>(random.below(shape.satellites));
      if (a != b) shape.links.push_back({a, b});
    }
    // From everything in one place to wide apart: buckets of all fillings.
    const double size = std::pow(10.0, random.uniform(-1.0, 3.5));
    const auto anywhere = [&](double within) {
      return Position<Ecef>{random.uniform(-within, within), random.uniform(-within, within),
                            random.uniform(-within, within)};
    };
    std::vector<std::optional<Position<Ecef>>> satellites(shape.satellites);
    std::vector<Position<Ecef>> stations;
    for (std::uint32_t g = 0; g < shape.stations; ++g) stations.push_back(anywhere(size));
    Topology topology(shape);
    for (int move = 0; move < 4; ++move) {
      for (auto& satellite : satellites) {
        const bool small_step = satellite && random.chance(0.7);
        if (small_step)
          satellite = *satellite + anywhere(0.1 * size);
        else
          satellite = random.chance(0.9) ? std::optional(anywhere(size)) : std::nullopt;
      }
      topology.move(satellites, stations);
      check_against_slow_search(shape, satellites, stations, topology);
    }
  }));
}
