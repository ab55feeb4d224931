#include "wildfire/geojson.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "base/time.h"
#include "wildfire/alert_area.h"
#include "wildfire/alert_level.h"

namespace skywarden::wildfire {
namespace {

using datum::Alert;
using datum::Proposal;
using Json = nlohmann::ordered_json;

double rounded(double value, double per_unit) {
  return std::round(value * per_unit) / per_unit;
}

Json position(GeoPoint p) {
  return Json::array({rounded(p.lon_deg, 1e6), rounded(p.lat_deg, 1e6)});
}

Json ring_json(const datum::Ring& ring) {
  Json out = Json::array();
  for (const GeoPoint p : ring) out.push_back(position(p));
  return out;
}

Json geometry(const Proposal& p) {
  const std::vector<datum::Ring> rings = area_rings(p);
  if (rings.size() == 1)
    return {{"type", "Polygon"}, {"coordinates", Json::array({ring_json(rings.front())})}};
  Json polygons = Json::array();
  for (const datum::Ring& ring : rings) polygons.push_back(Json::array({ring_json(ring)}));
  return {{"type", "MultiPolygon"}, {"coordinates", polygons}};
}

std::string_view kind_word(datum::ProposalKind kind) {
  switch (kind) {
    case datum::ProposalKind::kAlert:
      return "Alert";
    case datum::ProposalKind::kUpdate:
      return "Update";
    case datum::ProposalKind::kCancel:
      break;
  }
  return "Cancel";
}

Json feature(const Alert& alert, std::span<const Place> places, bool exercise) {
  const Proposal& p = alert.proposal;
  const AlertLevel level = level_of(p);
  const TextOptions text_options{.exercise = exercise, .utc_offset_min = {}};
  const Json properties = {
      {"event", fmt::format("{:016x}", p.event.value())},
      {"sequence", p.sequence},
      {"status", exercise ? "Exercise" : "Actual"},
      {"kind", kind_word(p.kind)},
      {"time", format_utc(Instant(Duration(p.time_ns)), 3)},
      {"probability", p.probability_ppm / 1e6},
      {"low", p.low_ppm / 1e6},
      {"high", p.high_ppm / 1e6},
      {"threshold", p.threshold_ppm / 1e6},
      {"danger", reasoning::danger_word(static_cast<datum::DangerClass>(p.danger), Language::kEnglish)},
      {"severity", cap_word(level.severity)},
      {"urgency", cap_word(level.urgency)},
      {"certainty", cap_word(level.certainty)},
      {"area_ha", rounded(static_cast<double>(p.area_m2) / 1e4, 1e2)},
      {"power_mw", rounded(static_cast<double>(p.power_w) / 1e6, 1e3)},
      {"centre", position(to_geo(p.centre))},
      {"observations", p.observations.size()},
      {"findings_merged", p.merged.size()},
      {"shares_for", alert.shares_for},
      {"shares_total", alert.shares_total},
      {"headline_en", text_of(alert, places, Language::kEnglish, text_options).headline},
      {"headline_zh", text_of(alert, places, Language::kChinese, text_options).headline},
  };
  return {{"type", "Feature"},
          {"id", fmt::format("{:016x}-{}", p.event.value(), p.sequence)},
          {"geometry", geometry(p)},
          {"properties", properties}};
}

}  // namespace

std::string to_geojson(std::span<const Alert> alerts, std::span<const Place> places,
                       const GeojsonOptions& options) {
  std::map<EventId, std::uint32_t> last;
  for (const Alert& alert : alerts) {
    const auto [at, fresh] = last.try_emplace(alert.proposal.event, alert.proposal.sequence);
    at->second = std::max(at->second, alert.proposal.sequence);
  }
  Json features = Json::array();
  for (const Alert& alert : alerts) {
    const bool newest = last.at(alert.proposal.event) == alert.proposal.sequence;
    if (newest || !options.latest_only)
      features.push_back(feature(alert, places, options.authority == nullptr));
  }
  const Json collection = {{"type", "FeatureCollection"}, {"features", features}};
  return collection.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skywarden::wildfire
