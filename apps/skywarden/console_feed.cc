#include "console_feed.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "onboard/firms.h"
#include "orbit/sensors.h"
#include "wildfire/alert_level.h"
#include "wildfire/alert_text.h"
#include "wildfire/cap.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

enum Kind : std::size_t {
  kHotspots,
  kRecord,
  kDanger,
  kFinding,
  kAlert,
  kLog,
  kSummary,
  kAlertWays,
  kOtherWays,
  kTurn
};
constexpr std::array<std::size_t, 10> kKeptMax{2000, 600, 200, 200, 3000, 500, 1, 120, 8, 200};
constexpr std::size_t kHotspotsPerMessage = 500;
constexpr std::size_t kThreatenedMax = 5;
constexpr double kThreatenedKm = 50.0;
constexpr double kFixed = 1e-7;  // degrees of a FixedPoint

Json both(const Bilingual& text) {
  return {{"en", text.en}, {"zh", text.zh}};
}

std::string hex(std::uint64_t id) {
  return fmt::format("{:016x}", id);
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

GeoPoint geo(datum::FixedPoint p) {
  return {p.lat * kFixed, p.lon * kFixed};
}

double rounded(double value, double step) {
  return std::round(value / step) * step;
}

std::string_view role_word(consensus::Role role) {
  switch (role) {
    case consensus::Role::kLeader:
      return "leader";
    case consensus::Role::kFollower:
      return "follower";
    case consensus::Role::kCandidate:
      return "candidate";
    case consensus::Role::kPreCandidate:
      return "pre-candidate";
    case consensus::Role::kLearner:
      return "learner";
  }
  return "follower";
}

std::string_view kind_word(LogKind kind) {
  constexpr std::array<std::string_view, 9> kWords{"leader", "crash", "restart", "cut",  "heal",
                                                   "gap",    "fill",  "input",   "alert"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string_view kind_word(datum::EvidenceKind kind) {
  constexpr std::array<std::string_view, 3> kWords{"Measured", "Estimated", "Modelled"};
  return kWords[static_cast<std::size_t>(kind)];
}

std::string_view kind_word(datum::ProposalKind kind) {
  constexpr std::array<std::string_view, 3> kWords{"Alert", "Update", "Cancel"};
  return kWords[static_cast<std::size_t>(kind)];
}

Bilingual class_words(datum::DangerClass danger) {
  constexpr std::array<std::pair<const char*, const char*>, 5> kWords{
      {{"low", "低"}, {"moderate", "中等"}, {"high", "高"}, {"very high", "很高"}, {"extreme", "极高"}}};
  const auto& [en, zh] = kWords[static_cast<std::size_t>(danger)];
  return {en, zh};
}

// Half the angle of the Earth a satellite sees above 5 degrees of elevation, as a distance on the ground.
double footprint_km(Metres altitude) {
  constexpr double kRadius = kEarthMeanRadiusM / 1000.0;
  const double elevation = to_radians(Degrees(5.0)).value();
  const double h = altitude.value() / 1000.0;
  return h <= 0.0 ? 0.0 : kRadius * (std::acos(kRadius * std::cos(elevation) / (kRadius + h)) - elevation);
}

Json field_json(const datum::FieldSpec& spec, const datum::Field& field, onboard::MissingPattern pattern,
                bool anomalous) {
  Json out{{"name", spec.name}, {"unit", spec.unit}};
  const auto put = [&](const datum::Value& value) {
    if (const auto* number = std::get_if<double>(&value))
      out["value"] = *number;
    else if (const auto* text = std::get_if<std::string>(&value))
      out["value"] = *text;
    else if (const auto* level = std::get_if<datum::Category>(&value))
      out["value"] = level->level < spec.levels.size() ? Json(spec.levels[level->level]) : Json(level->level);
  };
  if (const auto* observed = std::get_if<datum::Observed>(&field)) {
    out["state"] = "observed";
    put(observed->value);
  } else if (const auto* estimated = std::get_if<datum::Estimated>(&field)) {
    out["state"] = "estimated";
    put(estimated->value);
    if (estimated->interval) {
      out["low"] = estimated->interval->low;
      out["high"] = estimated->interval->high;
    }
    out["by"] = estimated->by;
    if (estimated->abstained) out["abstained"] = true;
  } else if (const auto* missing = std::get_if<datum::Missing>(&field)) {
    out["state"] = "missing";
    out["reason"] = to_string(missing->reason);
  }
  if (pattern != onboard::MissingPattern::kNone) out["pattern"] = onboard::to_string(pattern);
  if (anomalous) out["anomalous"] = true;
  return out;
}

Json terrain_json(const std::optional<formats::Grid>& grid) {
  if (!grid) return nullptr;
  constexpr std::size_t kSideMax = 240;  // cells; a coarser picture is enough
  const std::size_t step =
      std::max<std::size_t>(1, (std::max(grid->cols, grid->rows) + kSideMax - 1) / kSideMax);
  Json values = Json::array();
  const std::size_t cols = grid->cols / step;
  const std::size_t rows = grid->rows / step;
  for (std::size_t row = 0; row < rows; ++row)
    for (std::size_t col = 0; col < cols; ++col) {
      const auto& value = grid->values[row * step * grid->cols + col * step];
      values.push_back(value ? Json(std::lround(*value)) : Json(nullptr));
    }
  const double cell = grid->cell * static_cast<double>(step);
  return {{"bbox",
           {grid->west, grid->north() - cell * static_cast<double>(rows),
            grid->west + cell * static_cast<double>(cols), grid->north()}},
          {"cols", cols},
          {"rows", rows},
          {"elevation_m", std::move(values)}};
}

Json completion_json(std::span<const RecordMethods> methods) {
  const auto file = [](const std::string& name) { return name.empty() ? Json(nullptr) : Json(name); };
  Json out = Json::array();
  for (const RecordMethods& one : methods)
    out.push_back({{"schema", one.schema}, {"model", file(one.completion)}, {"judge", file(one.anomaly)}});
  return out;
}

Json incident_as_json(const Incident& incident, const std::vector<PlayedNode>& nodes,
                      std::span<const RecordMethods> methods) {
  Json json{{"name", incident.name},
            {"title", both(incident.title)},
            {"summary", both(incident.summary)},
            {"status", "Exercise"},
            {"start", format_utc(incident.start)},
            {"end", format_utc(incident.end)},
            {"utc_offset_min", incident.utc_offset_min},
            {"units", incident.us_units ? "us" : "metric"},
            {"bbox", {incident.bbox.west, incident.bbox.south, incident.bbox.east, incident.bbox.north}}};
  json["parts"] = Json::array();
  for (const Part& part : incident.parts)
    json["parts"].push_back({{"part", part.part},
                             {"file", part.file},
                             {"provenance", to_string(part.provenance)},
                             {"source", part.source},
                             {"rows", part.rows},
                             {"bad_rows", part.bad_rows}});
  json["missing"] = incident.missing;
  json["completion"] = completion_json(methods);
  json["terrain"] = terrain_json(incident.elevation);
  json["roads"] =
      incident.roads_geojson.empty() ? Json(nullptr) : Json::parse(incident.roads_geojson, nullptr, false);
  json["places"] = Json::array();
  for (const NamedPoint& place : incident.places) {
    Json entry{{"name", place.name}, {"lat", place.point.lat_deg}, {"lon", place.point.lon_deg}};
    if (place.population) entry["population"] = *place.population;
    if (!place.name_zh.empty()) entry["name_zh"] = place.name_zh;
    json["places"].push_back(std::move(entry));
  }
  json["stations"] = Json::array();
  for (const NamedPoint& station : incident.ground_stations)
    json["stations"].push_back({{"name", station.name},
                                {"lat", station.point.lat_deg},
                                {"lon", station.point.lon_deg},
                                {"kind", "ground"}});
  for (const RecordSource& source : incident.records)
    for (const NamedPoint& station : source.stations)
      json["stations"].push_back({{"name", station.name},
                                  {"lat", station.point.lat_deg},
                                  {"lon", station.point.lon_deg},
                                  {"kind", "weather"}});
  json["satellites"] = Json::array();
  for (const PlayedNode& node : nodes) {
    Json entry{{"node", node.node.value()}, {"name", node.name}, {"norad", node.norad},
               {"what_if", node.what_if},   {"observer", false}, {"satellite", node.is_satellite}};
    if (const orbit::KnownSensor* sensor = orbit::sensor_carried_by(node.norad))
      entry["sensor"] = {{"name", sensor->name}, {"source", sensor->source}};
    json["satellites"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace

std::vector<wildfire::Place> places_of(const Incident& incident) {
  std::vector<wildfire::Place> places;
  for (const NamedPoint& place : incident.places)
    places.push_back({place.name, place.name_zh, place.point, place.population.value_or(0)});
  return places;
}

void ConsoleFeed::begin(const Incident& incident, const std::vector<PlayedNode>& nodes,
                        std::span<const RecordMethods> methods) {
  std::string json = dump(incident_as_json(incident, nodes, methods));
  const std::scoped_lock lock(mutex_);
  for (auto& kept : kept_) kept.clear();
  last_frame_.clear();
  last_space_.clear();
  last_group_.clear();
  space_.begin();
  incident_json_ = std::move(json);
  utc_offset_min_ = incident.utc_offset_min;
  places_ = places_of(incident);
  provenance_ = datum::Provenance::kObserved;
  if (std::exchange(begun_, true)) send_(R"({"type":"reset"})");
}

void ConsoleFeed::tell(std::string message, std::size_t kind) {
  const std::scoped_lock lock(mutex_);
  auto& kept = kept_[kind];
  if (kept.size() >= kKeptMax[kind]) kept.pop_front();
  kept.push_back({next_order_++, message});
  send_(std::move(message));
}

void ConsoleFeed::frame(Player& player, double speed, bool paused) {
  const NodeId leader = player.world().leader();
  Json json{{"type", "frame"},       {"t", format_utc(player.now())},
            {"speed", speed},        {"paused", paused},
            {"done", player.done()}, {"leader", leader == kNobody ? Json(nullptr) : Json(leader.value())}};
  json["nodes"] = Json::array();
  for (const NodePosition& at : player.positions()) {
    const node::Node* node = player.world().node(at.node);
    Json entry{{"node", at.node.value()},
               {"lat", rounded(at.point.lat_deg, 0.001)},
               {"lon", rounded(at.point.lon_deg, 0.001)},
               {"alt_km", rounded(at.altitude.value() / 1000.0, 0.1)},
               {"up", node != nullptr},
               {"share", consensus::share_of(player.agreement().agreed(), at.node)}};
    entry["role"] = node == nullptr ? "follower" : role_word(node->raft().role());
    entry["term"] = node == nullptr ? 0 : node->raft().term().value();
    entry["commit"] = node == nullptr ? 0 : node->raft().commit_index().value();
    entry["footprint_km"] = std::round(footprint_km(at.altitude));
    for (const GeoPoint& corner : swath_of(player, at.node))
      entry["swath"].push_back({rounded(corner.lat_deg, 0.01), rounded(corner.lon_deg, 0.01)});
    json["nodes"].push_back(std::move(entry));
  }
  json["links"] = Json::array();
  for (const sim::Link& link : player.links())
    json["links"].push_back(
        {{"a", link.a.value()}, {"b", link.b.value()}, {"up", link.up}, {"cut", link.cut}});
  std::string message = dump(json);
  const std::scoped_lock lock(mutex_);
  last_frame_ = message;
  send_(std::move(message));
}

void ConsoleFeed::space(const Player& player) {
  std::string message = space_.space(player);
  ConsoleSpace::Ways ways = space_.ways(player);
  {
    const std::scoped_lock lock(mutex_);
    if (message != last_space_) {
      last_space_ = message;
      send_(std::move(message));
    }
  }
  for (std::string& way : ways.alerts) tell(std::move(way), kAlertWays);
  for (std::string& way : ways.others) tell(std::move(way), kOtherWays);
}

void ConsoleFeed::group(Player& player) {
  std::string message = group_message(player);
  const std::scoped_lock lock(mutex_);
  if (message == last_group_) return;
  last_group_ = message;
  send_(std::move(message));
}

void ConsoleFeed::summary(const std::vector<std::pair<Bilingual, std::string>>& rows, Instant now) {
  Json json{{"type", "summary"}, {"t", format_utc(now)}, {"rows", Json::array()}};
  for (const auto& [label, value] : rows) json["rows"].push_back({{"label", both(label)}, {"value", value}});
  tell(dump(json), kSummary);
}

std::string ConsoleFeed::incident_json() const {
  const std::scoped_lock lock(mutex_);
  return incident_json_;
}

std::vector<std::string> ConsoleFeed::history() const {
  const std::scoped_lock lock(mutex_);
  std::vector<const Kept*> all;
  for (const auto& kept : kept_)
    for (const Kept& entry : kept) all.push_back(&entry);
  std::sort(all.begin(), all.end(), [](const Kept* a, const Kept* b) { return a->order < b->order; });
  std::vector<std::string> out;
  if (!last_frame_.empty()) out.push_back(last_frame_);
  if (!last_space_.empty()) out.push_back(last_space_);
  if (!last_group_.empty()) out.push_back(last_group_);
  for (const Kept* entry : all) out.push_back(entry->message);
  return out;
}

void ConsoleFeed::on_hotspots(std::span<const datum::Hotspot> hotspots) {
  for (std::size_t first = 0; first < hotspots.size(); first += kHotspotsPerMessage) {
    Json json{{"type", "hotspots"}, {"items", Json::array()}};
    for (const datum::Hotspot& h :
         hotspots.subspan(first, std::min(kHotspotsPerMessage, hotspots.size() - first))) {
      provenance_ = std::max(provenance_, h.provenance);
      json["items"].push_back(
          {{"id", hex(h.id.value())},
           {"t", format_utc(h.time)},
           {"lat", h.centre.lat_deg},
           {"lon", h.centre.lon_deg},
           {"scan_km", rounded(h.scan.value() / 1000.0, 0.001)},
           {"track_km", rounded(h.track.value() / 1000.0, 0.001)},
           {"frp_mw",
            h.radiative_power ? Json(rounded(h.radiative_power->value() / 1e6, 0.01)) : Json(nullptr)},
           {"confidence", h.confidence.value()},
           {"satellite", onboard::satellite_name(h.satellite)},
           {"provenance", to_string(h.provenance)}});
    }
    tell(dump(json), kHotspots);
  }
}

void ConsoleFeed::on_record(const datum::Schema& schema, const node::PreparedRecord& prepared) {
  const datum::Record& record = prepared.record;
  Json json{{"type", "record"},
            {"stream", record.stream},
            {"schema", schema.name},
            {"t", format_utc(record.time)},
            {"provenance", to_string(record.provenance)},
            {"fields", Json::array()}};
  for (std::size_t i = 0; i < record.fields.size(); ++i)
    json["fields"].push_back(
        field_json(schema.fields[i], record.fields[i], prepared.patterns[i], prepared.anomalous[i]));
  tell(dump(json), kRecord);
}

void ConsoleFeed::on_danger(const DangerNews& danger) {
  tell(dump({{"type", "danger"},
             {"t", format_utc(danger.time)},
             {"stream", danger.station},
             {"class", both(class_words(danger.prior.danger))},
             {"fwi", rounded(danger.fwi, 0.1)},
             {"ffmc", rounded(danger.ffmc, 0.1)},
             {"dmc", rounded(danger.dmc, 0.1)},
             {"dc", rounded(danger.dc, 0.1)},
             {"isi", rounded(danger.isi, 0.1)},
             {"bui", rounded(danger.bui, 0.1)},
             {"probability", danger.prior.probability.value()},
             {"bridged", danger.bridged}}),
       kDanger);
}

void ConsoleFeed::on_finding(const datum::Finding& finding) {
  tell(dump({{"type", "finding"},
             {"t", format_utc(finding.time)},
             {"node", finding.by.value()},
             {"event", hex(finding.event.value())},
             {"probability",
              {{"value", finding.probability.value()},
               {"low", finding.interval.low},
               {"high", finding.interval.high}}},
             {"abstained", finding.verdict == datum::Verdict::kAbstained}}),
       kFinding);
}

void ConsoleFeed::on_alert(const datum::Alert& alert, std::span<const datum::Alert>) {
  const datum::Proposal& p = alert.proposal;
  const wildfire::AlertLevel level = wildfire::level_of(p);
  const wildfire::TextOptions options{true, utc_offset_min_};
  const wildfire::AlertText en = wildfire::text_of(alert, places_, wildfire::Language::kEnglish, options);
  const wildfire::AlertText zh = wildfire::text_of(alert, places_, wildfire::Language::kChinese, options);
  const GeoPoint centre = geo(p.centre);
  Json json{{"type", "alert"},
            {"id", wildfire::cap_identifier(p)},
            {"event", hex(p.event.value())},
            {"sequence", p.sequence},
            {"kind", kind_word(p.kind)},
            {"sent", format_utc(Instant(Duration(p.time_ns)))},
            {"headline", both({en.headline, zh.headline})},
            {"description", both({en.description, zh.description})},
            {"instruction", both({en.instruction, zh.instruction})},
            {"severity", wildfire::cap_word(level.severity)},
            {"urgency", wildfire::cap_word(level.urgency)},
            {"certainty", wildfire::cap_word(level.certainty)},
            {"probability",
             {{"value", p.probability_ppm * 1e-6}, {"low", p.low_ppm * 1e-6}, {"high", p.high_ppm * 1e-6}}},
            {"threshold", p.threshold_ppm * 1e-6},
            {"danger", both(class_words(static_cast<datum::DangerClass>(p.danger)))},
            {"area_ha", rounded(static_cast<double>(p.area_m2) / 1e4, 0.1)},
            {"centre", {centre.lat_deg, centre.lon_deg}}};
  json["polygon"] = Json::array();
  for (const datum::FixedPoint point : p.outline)
    json["polygon"].push_back({point.lat * kFixed, point.lon * kFixed});
  json["reasons"] = Json::array();
  for (const datum::ProposalReason& reason : p.reasons)
    json["reasons"].push_back({{"text", both({reason.text_en, reason.text_zh})},
                               {"log_odds", reason.log_odds_milli / 1000.0},
                               {"source", reason.source},
                               {"age_s", static_cast<double>(reason.age_ms) / 1000.0},
                               {"kind", kind_word(reason.kind)}});
  json["observations"] = Json::array();
  for (const ObservationId id : p.observations) json["observations"].push_back(hex(id.value()));
  json["agreed_by"] = Json::array();
  for (const NodeId node : alert.held_by) json["agreed_by"].push_back(node.value());
  json["judged_by"] = Json::array();
  for (const NodeId node : p.merged) json["judged_by"].push_back(node.value());
  json["shares_for"] = alert.shares_for;
  json["shares_total"] = alert.shares_total;
  std::vector<std::pair<double, const wildfire::Place*>> near;
  for (const wildfire::Place& place : places_) {
    const double km = distance(centre, place.centre).value() / 1000.0;
    if (km <= kThreatenedKm) near.emplace_back(km, &place);
  }
  std::sort(near.begin(), near.end());
  near.resize(std::min(near.size(), kThreatenedMax));
  json["threatened"] = Json::array();
  for (const auto& [km, place] : near)
    json["threatened"].push_back({{"name", place->name},
                                  {"name_zh", place->name_zh.empty() ? place->name : place->name_zh},
                                  {"distance_km", rounded(km, 0.1)},
                                  {"bearing_deg", std::round(bearing(centre, place->centre).value())}});
  json["cap"] = "alerts/" + wildfire::cap_identifier(p) + ".xml";
  json["provenance"] = to_string(provenance_);
  tell(dump(json), kAlert);
}

void ConsoleFeed::on_log(const LogNews& news) {
  tell(dump({{"type", "log"},
             {"t", format_utc(news.time)},
             {"level", news.warning ? "warn" : "info"},
             {"kind", kind_word(news.kind)},
             {"text", both(news.text)}}),
       kLog);
}

void ConsoleFeed::on_turn(const Turn& turn) {
  tell(turn_message(turn), kTurn);
}

}  // namespace skywarden::app
