#include "wildfire/event_export.h"

#include <fmt/core.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/contract.h"
#include "datum/delimited.h"

namespace skywarden::wildfire {
namespace {

// What of a ring lies on one side of a meridian (Sutherland and Hodgman); longitudes are unwrapped.
datum::Ring side_of(const datum::Ring& open_ring, double meridian, bool east) {
  datum::Ring kept;
  const auto inside = [&](const GeoPoint& p) { return east ? p.lon_deg >= meridian : p.lon_deg <= meridian; };
  for (std::size_t i = 0; i < open_ring.size(); ++i) {
    const GeoPoint a = open_ring[i], b = open_ring[(i + 1) % open_ring.size()];
    if (inside(a)) kept.push_back(a);
    if (inside(a) != inside(b)) {
      const double t = (meridian - a.lon_deg) / (b.lon_deg - a.lon_deg);
      kept.push_back({a.lat_deg + t * (b.lat_deg - a.lat_deg), meridian});
    }
  }
  return kept;
}

void close_into(std::vector<datum::Ring>& parts, datum::Ring ring, double shift) {
  if (ring.size() < 3) return;
  for (GeoPoint& p : ring) p.lon_deg += shift;
  ring.push_back(ring.front());
  parts.push_back(std::move(ring));
}

double rounded(double value, double per_unit) {  // 1000 keeps three decimals
  return std::round(value * per_unit) / per_unit;
}

nlohmann::ordered_json coordinates(const datum::Ring& ring) {
  auto list = nlohmann::ordered_json::array();
  // 1e-5 degree is a metre: finer than any pixel's geolocation.
  for (const GeoPoint& p : ring) list.push_back({rounded(p.lon_deg, 1e5), rounded(p.lat_deg, 1e5)});
  return list;
}

nlohmann::ordered_json geometry(const datum::Ring& outline) {
  const std::vector<datum::Ring> parts = cut_at_antimeridian(outline);
  auto polygons = nlohmann::ordered_json::array();
  for (const datum::Ring& part : parts)
    polygons.push_back(nlohmann::ordered_json::array({coordinates(part)}));
  if (polygons.size() == 1) return {{"type", "Polygon"}, {"coordinates", polygons[0]}};
  return {{"type", "MultiPolygon"}, {"coordinates", polygons}};
}

std::string wkt(const datum::Ring& outline) {
  std::string text = "MULTIPOLYGON (";
  for (const datum::Ring& part : cut_at_antimeridian(outline)) {
    if (!text.ends_with('(')) text += ", ";
    text += "((";
    for (const GeoPoint& p : part) {
      if (!text.ends_with('(')) text += ", ";
      text += fmt::format("{:.5f} {:.5f}", p.lon_deg, p.lat_deg);
    }
    text += "))";
  }
  return text + ")";
}

std::string sensors_of(const EventRecord& record) {
  std::string names;
  for (const datum::Evidence& piece : record.evidence) {
    if (!names.empty()) names += "; ";
    names += piece.source;
  }
  return names;
}

}  // namespace

std::string to_text(EventId id) {
  return fmt::format("{:016x}", id.value());
}

std::vector<datum::Ring> cut_at_antimeridian(const datum::Ring& ring) {
  EXPECTS(ring.size() >= 4);
  datum::Ring flat(ring.begin(), ring.end() - 1);  // unwrapped: each point near the one before
  double low = flat[0].lon_deg, high = low;
  for (std::size_t i = 1; i < flat.size(); ++i) {
    flat[i].lon_deg = flat[i - 1].lon_deg + wrap_longitude(flat[i].lon_deg - flat[i - 1].lon_deg);
    low = std::min(low, flat[i].lon_deg);
    high = std::max(high, flat[i].lon_deg);
  }
  const double back = flat.back().lon_deg + wrap_longitude(flat[0].lon_deg - flat.back().lon_deg);
  if (std::abs(back - flat[0].lon_deg) > 180.0) {  // all the way round: a pole lies inside
    const double pole = flat[0].lat_deg > 0.0 ? 90.0 : -90.0;
    const double start = flat[0].lon_deg, start_lat = flat[0].lat_deg;
    flat.push_back({start_lat, back});
    flat.push_back({pole, back});
    flat.push_back({pole, start});
    low = std::min(low, back);
    high = std::max(high, back);
  }
  std::vector<datum::Ring> parts;
  if (low >= -180.0 && high <= 180.0) {
    close_into(parts, std::move(flat), 0.0);
    return parts;
  }
  for (const double turn : {-360.0, 0.0, 360.0}) {  // each copy of the world that it touches
    datum::Ring part = side_of(side_of(flat, turn - 180.0, true), turn + 180.0, false);
    close_into(parts, std::move(part), -turn);
  }
  return parts;
}

std::string events_geojson(std::span<const EventRecord> records) {
  std::string text = "{\"type\":\"FeatureCollection\",\"features\":[";
  bool first = true;
  for (const EventRecord& record : records) {
    const datum::FireEvent& event = record.event;
    auto reasons = nlohmann::ordered_json::array();
    for (const datum::Evidence& piece : record.evidence)
      reasons.push_back({{"source", piece.source},
                         {"detail", piece.detail},
                         {"time", format_utc(piece.time)},
                         {"probability", rounded(piece.probability.value(), 1e4)},
                         {"reliability", rounded(piece.reliability.value(), 1e4)}});
    const nlohmann::ordered_json feature = {{"type", "Feature"},
                                            {"id", to_text(event.id)},
                                            {"geometry", geometry(event.outline)},
                                            {"properties",
                                             {{"event", to_text(event.id)},
                                              {"first_seen", format_utc(event.first_seen)},
                                              {"last_seen", format_utc(event.last_seen)},
                                              {"hotspots", event.observations.size()},
                                              {"passes", record.passes},
                                              {"latitude", rounded(event.centre.lat_deg, 1e5)},
                                              {"longitude", rounded(event.centre.lon_deg, 1e5)},
                                              {"area_km2", rounded(event.area.value() / 1e6, 1e3)},
                                              {"frp_mw", rounded(event.radiative_power.value() / 1e6, 10.0)},
                                              {"frp_peak_mw", rounded(record.peak_power.value() / 1e6, 10.0)},
                                              {"probability", rounded(pooled(record.evidence).value(), 1e4)},
                                              {"persistent", event.persistent_source},
                                              {"reasons", reasons}}}};
    text += first ? "\n" : ",\n";
    first = false;
    text += feature.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return text + "\n]}\n";
}

std::string events_csv(std::span<const EventRecord> records) {
  std::string text =
      "event,first_seen,last_seen,hotspots,passes,sensors,latitude,longitude,area_km2,frp_mw,frp_peak_mw,"
      "probability,persistent,outline\n";
  for (const EventRecord& record : records) {
    const datum::FireEvent& event = record.event;
    datum::append_row(
        text, {to_text(event.id), format_utc(event.first_seen), format_utc(event.last_seen),
               fmt::format("{}", event.observations.size()), fmt::format("{}", record.passes),
               sensors_of(record), fmt::format("{:.5f}", event.centre.lat_deg),
               fmt::format("{:.5f}", event.centre.lon_deg), fmt::format("{:.3f}", event.area.value() / 1e6),
               fmt::format("{:.1f}", event.radiative_power.value() / 1e6),
               fmt::format("{:.1f}", record.peak_power.value() / 1e6),
               fmt::format("{:.4f}", pooled(record.evidence).value()),
               event.persistent_source ? "true" : "false", wkt(event.outline)});
  }
  return text;
}

}  // namespace skywarden::wildfire
