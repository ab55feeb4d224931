// bench-topology: the cost of one step of a constellation's topology. One JSON line a figure.
//
//   bench-topology STATIONS [STEPS]      STATIONS as `skywarden topology` reads them
//
// A step moves every satellite by SGP4, finds what each station reaches, grows the tree of shortest ways to
// every station, and reads the ways between all pairs of stations. Constellations are Walker patterns linked
// as plus grids: 34 planes of 34 at 630 km and 51.9°, and 60 planes of 100 at 550 km and 53°.
#include "network/topology.h"

#include <fmt/format.h>

#include <algorithm>

#include "command_line/command_line.h"
#include "cpu_time.h"
#include "formats/read_file.h"
#include "network/satellite_links.h"
#include "orbit/sgp4.h"
#include "orbit/stations.h"
#include "orbit/walker.h"
#include "statistics/quantile.h"

namespace {

using namespace skywarden;
using namespace skywarden::network;

struct Costs {
  std::vector<double> move_ms, reach_ms, ways_ms, step_ms;
};

Costs measure(const std::vector<orbit::ElementSet>& sets, const std::vector<Position<Ecef>>& ground,
              double range_km, int steps, std::size_t& reached) {
  TopologyShape shape{static_cast<std::uint32_t>(sets.size()), static_cast<std::uint32_t>(ground.size()),
                      plus_grid(sets).value(), range_km};
  Topology topology(shape);
  std::vector<orbit::Sgp4> theories(sets.begin(), sets.end());
  std::vector<std::optional<Position<Ecef>>> positions(sets.size());
  Costs costs;
  for (int step = 0; step < steps; ++step) {
    const Instant t = sets.front().epoch + step * std::chrono::seconds(1);
    const double start = cpu_seconds();
    const orbit::EarthRotation earth = orbit::earth_rotation(t);
    for (std::size_t s = 0; s < theories.size(); ++s) {
      const auto state = theories[s].at(t);
      positions[s] = state ? std::optional(orbit::to_ecef(*state, earth).position) : std::nullopt;
    }
    const double moved = cpu_seconds();
    topology.move(positions, ground);
    const double linked = cpu_seconds();
    reached = 0;
    for (std::uint32_t to = shape.satellites; to < shape.satellites + shape.stations; ++to) {
      topology.aim(to);
      for (std::uint32_t from = shape.satellites; from < shape.satellites + shape.stations; ++from)
        if (from != to && topology.path_from(from)) ++reached;
    }
    const double end = cpu_seconds();
    costs.move_ms.push_back((moved - start) * 1e3);
    costs.reach_ms.push_back((linked - moved) * 1e3);
    costs.ways_ms.push_back((end - linked) * 1e3);
    costs.step_ms.push_back((end - start) * 1e3);
  }
  return costs;
}

int run(const std::string& path, int steps) {
  const auto bytes = formats::read_file(path);
  const auto stations = bytes ? orbit::read_stations(*bytes, path) : tl::unexpected(bytes.error());
  if (!stations) return fmt::print(stderr, "bench-topology: {}\n", stations.error().message), 1;
  std::vector<Position<Ecef>> ground;
  for (const orbit::Station& station : stations->stations) ground.push_back(orbit::to_ecef(station.place));
  struct Constellation {
    std::uint32_t satellites, planes;
    double altitude_km, inclination, range_km;
  };
  for (const auto& [satellites, planes, altitude_km, inclination, range_km] :
       {Constellation{1156, 34, 630.0, 51.9, 1260.0}, Constellation{6000, 60, 550.0, 53.0, 1089.0}}) {
    orbit::WalkerPattern pattern;
    pattern.satellites = satellites;
    pattern.planes = planes;
    pattern.inclination = Degrees(inclination);
    pattern.altitude = kilometres(altitude_km);
    pattern.epoch = parse_utc("2026-05-08").value();
    std::size_t reached = 0;
    const Costs costs = measure(orbit::walker_elements(pattern).value(), ground, range_km, steps, reached);
    fmt::print(
        "{{\"figure\":\"topology_step\",\"satellites\":{},\"stations\":{},\"steps\":{},\"pairs_with_a_way\":{"
        "},"
        "\"cpu_ms_median\":{:.3f},\"propagate_ms\":{:.3f},\"links_ms\":{:.3f},\"ways_ms\":{:.3f}}}\n",
        satellites, ground.size(), steps, reached, statistics::median(costs.step_ms),
        statistics::median(costs.move_ms), statistics::median(costs.reach_ms),
        statistics::median(costs.ways_ms));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  skywarden::command_line::Program app("What one step of a constellation's topology costs");
  std::string stations;
  int steps = 50;
  app.add_option("stations", stations, "as skywarden topology reads them").required();
  app.add_option("steps", steps).check(skywarden::command_line::range(1, 1'000'000)).capture_default_str();
  app.footer("Example:\n  bench-topology cities.txt");
  if (const auto exit_code = app.parse(argc, argv)) return *exit_code;
  return run(stations, steps);
}
