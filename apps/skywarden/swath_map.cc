#include "swath_map.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "orbit/swath_outline.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kPiecesMax = 200'000.0;  // of all satellites together

Json coordinates(const GeoPoint& p) {
  const auto rounded = [](double degrees) { return std::round(degrees * 1e5) / 1e5; };
  return Json::array({rounded(p.lon_deg), rounded(p.lat_deg)});
}

Json line_of(const std::vector<GeoPoint>& points) {
  Json out = Json::array();
  for (const GeoPoint& p : points) out.push_back(coordinates(p));
  return out;
}

Json area_of(const orbit::MapRing& ring) {
  Json corners = line_of(ring);
  corners.push_back(coordinates(ring.front()));
  return Json::array({std::move(corners)});
}

// The plain kind of geometry when there is one part, else the kind of many.
Json geometry(const std::string& kind, std::vector<Json> parts) {
  if (parts.size() == 1) return Json{{"type", kind}, {"coordinates", std::move(parts.front())}};
  return Json{{"type", "Multi" + kind}, {"coordinates", std::move(parts)}};
}

Json feature(const char* kind, const orbit::ElementSet& satellite, const orbit::SwathPiece& piece,
             Json shape) {
  return Json{{"type", "Feature"},
              {"properties", Json{{"kind", kind},
                                  {"satellite", orbit::label(satellite)},
                                  {"norad", satellite.norad},
                                  {"start", format_utc(piece.start)},
                                  {"end", format_utc(piece.end)}}},
              {"geometry", std::move(shape)}};
}

}  // namespace

Result<bool> write_swath_map(const std::vector<MappedSwath>& swaths, const Interval& interval, double piece_s,
                             const std::string& path) {
  const double piece_max = to_seconds(orbit::kSwathPieceMax);
  if (!(piece_s >= 10.0 && piece_s <= piece_max))
    return fail(Errc::kOutOfRange, "--piece: expected 10…{} s, found {}", piece_max, piece_s);
  const double pieces =
      to_seconds(interval.end - interval.start) / piece_s * static_cast<double>(swaths.size());
  if (pieces > kPiecesMax)
    return fail(Errc::kLimitReached,
                "--geojson: expected at most {:.0f} pieces, found {:.0f}; take fewer --hours", kPiecesMax,
                pieces);
  TableWriter writer(path);
  if (auto opened = writer.open(); !opened) return opened;
  writer.buffer() += R"({"type":"FeatureCollection","features":[)";
  bool first = true;
  const auto append = [&](const Json& json) {
    writer.buffer() += (first ? "\n" : ",\n") + json.dump(-1, ' ', false, Json::error_handler_t::replace);
    first = false;
    writer.flush_if_long();
  };
  for (const MappedSwath& swath : swaths)
    for (const orbit::SwathPiece& piece :
         orbit::swath_pieces(orbit::Sgp4(swath.satellite), swath.sensor, interval.start, interval.end,
                             from_seconds(piece_s))) {
      std::vector<Json> areas;
      for (const orbit::MapRing& ring : orbit::cut_outline(piece.outline)) areas.push_back(area_of(ring));
      if (!areas.empty())
        append(feature("swath", swath.satellite, piece, geometry("Polygon", std::move(areas))));
      std::vector<Json> lines;
      for (const auto& line : orbit::cut_line(piece.track)) lines.push_back(line_of(line));
      append(feature("track", swath.satellite, piece, geometry("LineString", std::move(lines))));
    }
  writer.buffer() += "\n]}\n";
  return writer.close();
}

}  // namespace skywarden::app
