// skywarden czml: satellites, stations and contacts as a scene that Cesium shows. The format is CZML 1.0
// (github.com/AnalyticalGraphicsInc/czml-writer, CZML Guide).
#include <fmt/format.h>

#include <cmath>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "command_line/command_line.h"
#include "commands.h"
#include "orbit/sgp4.h"
#include "orbit_files.h"
#include "space_segment.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kSamplesMax = 20e6;  // of all satellites together
constexpr double kMetresPerKm = 1000.0;

struct Arguments {
  SegmentArguments segment;
  std::string out = "-";
  double step_s = 60.0;
};

std::string interval(Instant from, Instant to) {
  return format_utc(from, 3) + "/" + format_utc(to, 3);
}

Json colour(int red, int green, int blue, int alpha) {
  return Json{{"rgba", Json::array({red, green, blue, alpha})}};
}

Json text_of(const std::string& name) {
  return Json{{"text", name},
              {"font", "11px sans-serif"},
              {"horizontalOrigin", "LEFT"},
              {"pixelOffset", Json{{"cartesian2", Json::array({8, 0})}}}};
}

Json document_packet(const SpaceSegment& segment) {
  return Json{{"id", "document"},
              {"name", "Skywarden: positions and contacts predicted from elements"},
              {"version", "1.0"},
              {"clock", Json{{"interval", interval(segment.start, segment.end)},
                             {"currentTime", format_utc(segment.start, 3)},
                             {"multiplier", 60}}}};
}

std::string satellite_id(const SpaceSegment& segment, std::size_t i) {
  return fmt::format("satellite/{}", segment.satellites[i].norad);
}
std::string station_id(std::size_t i) {
  return fmt::format("station/{}", i + 1);
}

// Earth-fixed positions, in metres, until the theory fails.
Json satellite_packet(const SpaceSegment& segment, std::size_t i, Duration step) {
  const orbit::Sgp4 theory(segment.satellites[i]);
  Json samples = Json::array();
  Instant last = segment.start;
  for (Instant t = segment.start;; t = std::min(t + step, segment.end)) {
    const auto state = theory.at(t);
    if (!state) break;
    const Position<Ecef> at = orbit::to_ecef(*state, orbit::earth_rotation(t)).position;
    samples.push_back(to_seconds(t - segment.start));
    for (const double km : {at.x, at.y, at.z}) samples.push_back(std::round(km * kMetresPerKm * 10.0) / 10.0);
    last = t;
    if (t == segment.end) break;
  }
  constexpr int kDegree = 5;
  return Json{{"id", satellite_id(segment, i)},
              {"name", orbit::label(segment.satellites[i])},
              {"availability", interval(segment.start, last)},
              {"label", text_of(orbit::label(segment.satellites[i]))},
              {"point", Json{{"pixelSize", 6}, {"color", colour(255, 210, 90, 255)}}},
              {"path", Json{{"width", 1},
                            {"leadTime", 0},
                            {"trailTime", 1800},
                            {"material", Json{{"solidColor", Json{{"color", colour(255, 210, 90, 90)}}}}}}},
              {"position", Json{{"epoch", format_utc(segment.start, 3)},
                                {"interpolationAlgorithm", "LAGRANGE"},
                                {"interpolationDegree", kDegree},
                                {"cartesian", std::move(samples)}}}};
}

Json station_packet(const SpaceSegment& segment, std::size_t i) {
  const orbit::Station& station = segment.stations[i];
  return Json{{"id", station_id(i)},
              {"name", station.name},
              {"label", text_of(station.name)},
              {"point", Json{{"pixelSize", 8}, {"color", colour(120, 220, 255, 255)}}},
              {"position", Json{{"cartographicDegrees",
                                 Json::array({station.place.point.lon_deg, station.place.point.lat_deg,
                                              station.place.altitude.value()})}}}};
}

// A line between two nodes, shown while they can talk.
std::vector<Json> contact_packets(const SpaceSegment& segment) {
  std::map<NodeId, std::string> ids;
  for (std::size_t i = 0; i < segment.satellites.size(); ++i)
    ids.emplace(segment.satellite(i), satellite_id(segment, i));
  for (std::size_t i = 0; i < segment.stations.size(); ++i) ids.emplace(segment.station(i), station_id(i));
  std::map<std::pair<NodeId, NodeId>, Json> shown;
  for (const network::ContactWindow& window : segment.windows) {
    Json& list = shown[{window.a, window.b}];
    if (list.is_null())
      list = Json::array({Json{{"interval", interval(segment.start, segment.end)}, {"boolean", false}}});
    list.push_back(Json{{"interval", interval(window.contact.start, window.contact.end)}, {"boolean", true}});
  }
  std::vector<Json> packets;
  for (auto& [pair, list] : shown) {
    const std::string& a = ids.at(pair.first);
    const std::string& b = ids.at(pair.second);
    packets.push_back(
        Json{{"id", fmt::format("contact/{}/{}", a, b)},
             {"name", fmt::format("{} to {}", a, b)},
             {"polyline",
              Json{{"show", std::move(list)},
                   {"width", 1},
                   {"arcType", "NONE"},
                   {"material", Json{{"solidColor", Json{{"color", colour(120, 220, 255, 140)}}}}},
                   {"positions", Json{{"references", Json::array({a + "#position", b + "#position"})}}}}}});
  }
  return packets;
}

// True when nothing had to be left out.
Result<bool> run(const Arguments& arguments) {
  constexpr double kStepMax = 600.0;
  if (!(arguments.step_s >= 1.0 && arguments.step_s <= kStepMax))
    return fail(Errc::kOutOfRange, "--step: expected 1…{} s, found {}", kStepMax, arguments.step_s);
  const auto segment = load_segment(arguments.segment);
  if (!segment) return tl::unexpected(segment.error());
  const double samples = to_seconds(segment->end - segment->start) / arguments.step_s;
  if (samples * static_cast<double>(segment->satellites.size()) > kSamplesMax)
    return fail(Errc::kLimitReached, "expected at most {} positions; take a longer --step or fewer --hours",
                kSamplesMax);
  TableWriter writer(arguments.out);
  if (auto opened = writer.open(); !opened) return opened;
  const auto append = [&](const Json& packet) {
    writer.buffer() += ",\n" + packet.dump();
    writer.flush_if_long();
  };
  writer.buffer() += "[\n" + document_packet(*segment).dump();
  for (std::size_t i = 0; i < segment->satellites.size(); ++i)
    append(satellite_packet(*segment, i, from_seconds(arguments.step_s)));
  for (std::size_t i = 0; i < segment->stations.size(); ++i) append(station_packet(*segment, i));
  for (const Json& packet : contact_packets(*segment)) append(packet);
  writer.buffer() += "\n]\n";
  if (auto closed = writer.close(); !closed) return closed;
  return segment->whole;
}

}  // namespace

void add_czml(command_line::Command app, int* exit_code) {
  auto arguments = std::make_shared<Arguments>();
  command_line::Command command =
      app.add_subcommand("czml", "Satellites, stations and contacts as a scene for Cesium");
  add_segment_options(command, arguments->segment);
  command.get_option("--elements").required();
  command.get_option("--start").required();
  command.add_option("--step", arguments->step_s, "seconds between positions, 1…600").capture_default_str();
  command.add_option("--out", arguments->out, "CZML; - is standard output").capture_default_str();
  command.footer(
      "Positions are Earth-fixed, in metres, interpolated by Cesium; lines join nodes while they can "
      "talk.\n\n"
      "Example:\n  skywarden czml --elements fire.tle --stations ksat.csv --start 2026-05-08T00:00:00Z "
      "--hours 3 \\\n"
      "    --out fire.czml");
  command.callback([arguments, exit_code] {
    const auto whole = run(*arguments);
    if (!whole) fmt::print(stderr, "skywarden czml: {}\n", whole.error().message);
    *exit_code = !whole ? 1 : *whole ? 0 : 2;
  });
}

}  // namespace skywarden::app
