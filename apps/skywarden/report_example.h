// For tests: a small made-up incident and what its replay would tell, enough to fill every part of the
// report.
#pragma once

#include <cmath>
#include <string>

#include "report.h"

namespace skywarden::app::example {

inline Instant at(const char* utc) {
  return parse_utc(utc).value();
}

// A hill on a grid of 40 by 40 cells.
inline formats::Grid hill() {
  formats::Grid grid;
  grid.cols = grid.rows = 40;
  grid.west = 10.0;
  grid.south = 45.0;
  grid.cell = 0.01;
  for (int i = 0; i < 1600; ++i) {
    const double x = (i % 40 - 20) / 10.0, y = (i / 40 - 18) / 10.0;
    grid.values.emplace_back(static_cast<float>(200.0 + 900.0 * std::exp(-x * x - y * y)));
  }
  grid.values[5] = std::nullopt;
  return grid;
}

inline datum::Schema weather_schema() {
  datum::Schema schema;
  schema.name = "weather";
  for (const char* name : {"temp_c", "wind_kmh"}) {
    datum::FieldSpec field;
    field.name = name;
    field.unit = std::string(name) == "temp_c" ? "degC" : "km/h";
    schema.fields.push_back(field);
  }
  return schema;
}

inline Incident incident() {
  Incident in;
  in.name = "valley_2026";
  in.title = {"Valley fire & <b>friends</b>", "山谷山火"};
  in.summary = {"A made-up fire.", "虚构的火情。"};
  in.start = at("2026-07-01T10:00:00Z");
  in.end = at("2026-07-01T22:00:00Z");
  in.utc_offset_min = 120;
  in.bbox = {10.05, 45.05, 10.35, 45.35};
  in.elevation = hill();
  in.roads_geojson =
      R"({"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"LineString","coordinates":[[10.05,45.1],[10.2,45.16],[10.34,45.3]]}}]})";
  in.places = {{"Alma <script>alert(1)</script>", "阿尔玛", {45.2, 10.19}, Metres(0), 1'234},
               {"Borgo \"X\"", "", {45.3, 10.1}, Metres(0), std::nullopt},
               {"Bad \xff bytes", "", {45.12, 10.3}, Metres(0), 30'000},
               {"Far away", "", {48.0, 10.1}, Metres(0), std::nullopt}};
  in.records.push_back(
      {weather_schema(), {}, {{"Station <1>", "", {45.15, 10.15}, Metres(0), std::nullopt}}});
  in.satellites_what_if = true;
  in.parts = {{"hotspots", "hot.csv", datum::Provenance::kObserved, "agency", 24, 1},
              {"hotspots", "sim.csv", datum::Provenance::kSimulated, "rule <made>", 8, 0},
              {"satellites", "omm.csv", datum::Provenance::kWhatIf, "https://example.org/elements", 12, 0}};
  in.missing = {"fuel"};
  in.problems = {"hot.csv:7:frp: expected a number, found '<img src=x>'"};
  return in;
}

inline datum::Hotspot hotspot(Instant time, GeoPoint centre, datum::Provenance provenance) {
  datum::Hotspot h;
  h.time = time;
  h.centre = centre;
  h.satellite = provenance == datum::Provenance::kObserved ? "N20" : "SIM-1";
  h.instrument = "VIIRS";
  h.provenance = provenance;
  return h;
}

inline datum::Alert alert(std::uint64_t event, std::uint32_t sequence, datum::ProposalKind kind, Instant time,
                          std::uint64_t area_m2, GeoPoint centre) {
  datum::Alert a;
  datum::Proposal& p = a.proposal;
  p.event = EventId(event);
  p.sequence = sequence;
  p.kind = kind;
  p.time_ns = time.time_since_epoch().count();
  p.probability_ppm = 912'300 + 10'000 * (sequence % 8);
  p.low_ppm = 801'000;
  p.high_ppm = 983'000;
  p.threshold_ppm = 700'000;
  p.area_m2 = area_m2;
  p.power_w = 123'000'000;
  p.danger = 3;
  const auto fixed = [](double degrees) { return static_cast<std::int32_t>(std::lround(degrees * 1e7)); };
  p.centre = {fixed(centre.lat_deg), fixed(centre.lon_deg)};
  const double d = std::sqrt(static_cast<double>(area_m2)) / 2.0 / 111'000.0;
  for (const auto& [y, x] :
       {std::pair(-d, -d), std::pair(-d, d), std::pair(d, d), std::pair(d, -d), std::pair(-d, -d)})
    p.outline.push_back({fixed(centre.lat_deg + y), fixed(centre.lon_deg + x)});
  p.reasons = {{datum::EvidenceKind::kMeasured, 3211, 600'000, "VIIRS N20", "VIIRS N20: 9 pixels <hot>",
                "VIIRS N20：9个像元"},
               {datum::EvidenceKind::kModelled, -1500, 0, "prior", "Before any look: 4 %", "观测之前：4%"}};
  p.observations = {ObservationId(1), ObservationId(2)};
  p.merged = {NodeId(1), NodeId(2), NodeId(3)};
  a.index = LogIndex(7 + sequence);
  a.term = Term(2);
  a.shares_for = 9;
  a.shares_total = 12;
  return a;
}

inline void tell_weather(ReportBuilder& report, const Incident& in) {
  const datum::Schema schema = weather_schema();
  for (int i = 0; i < 12; ++i) {
    using onboard::MissingPattern;
    node::PreparedRecord prepared;
    datum::Record& record = prepared.record;
    record.stream = "Station <1>";
    record.time = in.start + std::chrono::hours(i);
    record.fields = {datum::Observed{20.0 + i}, datum::Observed{10.0 + 2 * (i % 5)}};
    if (i == 4 || i == 5)
      record.fields[0] =
          datum::Estimated{24.5 + i, datum::Interval{20.0 + i, 29.0 + i}, Probability(1), "interpolation"};
    if (i == 8) record.fields[1] = datum::Missing{datum::MissingReason::kLinkLoss};
    prepared.anomalous = {i == 9, false};
    prepared.patterns = {i == 4 || i == 5 ? MissingPattern::kTemporal : MissingPattern::kNone,
                         i == 8 ? MissingPattern::kRandom : MissingPattern::kNone};
    report.on_record(schema, prepared);
  }
  DangerNews danger;
  danger.station = "Station <1>";
  danger.time = in.start + std::chrono::hours(1);
  danger.prior.danger = datum::DangerClass::kVeryHigh;
  danger.ffmc = 92.1;
  danger.fwi = 33.4;
  report.on_danger(danger);
}

inline void tell_faults(ReportBuilder& report, const Incident& in) {
  const auto log = [&](int minute, LogKind kind, const char* en, const char* zh) {
    report.on_log({in.start + std::chrono::minutes(minute), false, kind, {en, zh}});
  };
  log(2, LogKind::kLeader, "SAT-1 leads", "SAT-1领导");
  log(200, LogKind::kCrash, "SAT-1 is lost", "SAT-1失联");
  log(201, LogKind::kLeader, "SAT-2 leads", "SAT-2领导");
  log(260, LogKind::kRestart, "SAT-1 is back", "SAT-1恢复");
  log(300, LogKind::kCut, "two groups", "两组");
  log(360, LogKind::kHeal, "one group", "一组");
  log(250, LogKind::kGap, "temp_c is missing", "temp_c缺失");
  log(250, LogKind::kFill, "temp_c is filled in", "temp_c已补全");
}

inline void tell_fire(ReportBuilder& report, const Incident& in) {
  std::vector<datum::Hotspot> hotspots;
  for (int i = 0; i < 32; ++i)
    hotspots.push_back(hotspot(in.start + std::chrono::minutes(60 + 15 * i),
                               {45.18 + 0.003 * (i % 6), 10.16 + 0.004 * (i / 6)},
                               i % 4 == 3 ? datum::Provenance::kSimulated : datum::Provenance::kObserved));
  report.on_hotspots(hotspots);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const Instant time = in.start + std::chrono::minutes(70 + 90 * i);
    datum::Finding finding;
    finding.event = EventId(0xf1);
    finding.time = time;
    finding.verdict = datum::Verdict::kFire;
    finding.probability = Probability(0.7 + 0.05 * i);
    report.on_finding(finding);
    const auto kind = i == 0 ? datum::ProposalKind::kAlert : datum::ProposalKind::kUpdate;
    report.on_alert(alert(0xf1, i, kind, time, 2'345'678ULL * (i + 1), {45.19, 10.18}), {});
  }
  datum::Finding unsure;
  unsure.event = EventId(0xf2);
  unsure.time = in.start + std::chrono::hours(3);
  report.on_finding(unsure);
}

inline void tell_turns(ReportBuilder& report, const Incident& in) {
  Turn first{.time = in.start + std::chrono::minutes(2), .node = NodeId(1), .term = 1};
  report.on_turn(first);
  Turn crash{.time = in.start + std::chrono::minutes(201), .node = NodeId(2), .term = 2};
  crash.cause = ElectionCause::kCrash;
  crash.previous = NodeId(1);
  report.on_turn(crash);
  Turn epoch{.time = in.start + std::chrono::minutes(310), .kind = TurnKind::kEpochBegun, .node = NodeId(2)};
  epoch.epoch = 1;
  epoch.joint = true;
  epoch.index = 40;
  epoch.changes = {{NodeId(1), 1, 4}, {NodeId(14), 0, 2}};
  report.on_turn(epoch);
  epoch.kind = TurnKind::kEpochAgreed;
  epoch.time += std::chrono::seconds(3);
  epoch.changes.clear();
  report.on_turn(epoch);
  epoch.kind = TurnKind::kEpochBegun;  // not agreed before the end
  epoch.epoch = 2;
  epoch.joint = false;
  epoch.index = 41;
  report.on_turn(epoch);
  Turn restored{.time = in.start + std::chrono::minutes(330), .kind = TurnKind::kRestored, .node = NodeId(1)};
  restored.index = 39;
  report.on_turn(restored);
}

inline PlaySummary summary() {
  PlaySummary s;
  s.hotspots = 32;
  s.records = 12;
  s.fields_implausible = 3;
  s.alerts = 1;
  s.updates = 4;
  s.leaders = 2;
  s.crashes = 1;
  s.partitions = 1;
  s.packets_sent = 54'321;
  s.packets_lost = 987;
  s.bundles_carried = 4'321;
  s.bundles_delivered = 3'210;
  s.nodes = 14;
  s.voters = 12;
  s.epoch = 1;
  for (std::uint64_t i = 1; i <= 14; ++i)
    s.members.push_back({"SAT <" + std::to_string(i) + ">", i <= 12 ? 1U : 0U, i <= 12 ? 1U : 0U, 0});
  s.methods = {{"weather", "weather <1>.trees", ""}};
  s.share_rule = {"Shares <follow> what is measured", "表决权随测量而定"};
  s.members[0] = {"SAT <1>",
                  1,
                  4,
                  1,
                  {{"it is near & answers", "它较近"}, {"changed in epoch 1", "在第 1 期配置中变更"}}};
  s.members[13] = {"SAT <14>", 0, 2, 1};
  s.first_alert_known = true;
  s.first_alert = at("2026-07-01T11:10:00.25Z");
  s.observation_to_alert = std::chrono::milliseconds(10'250);
  s.median_commit_ms = 84.25;
  s.leader_loss_to_commit = {std::chrono::milliseconds(640)};
  return s;
}

}  // namespace skywarden::app::example
