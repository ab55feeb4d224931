#include "report_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "reasoning/wording.h"
#include "report_agreement.h"
#include "report_words.h"
#include "wildfire/event_export.h"

namespace skywarden::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kProblemLinesMax = 100;
constexpr std::size_t kLogLinesMax = 200;

Json both(const Bilingual& text) {
  return {{"en", text.en}, {"zh", text.zh}};
}

std::string danger_class(datum::DangerClass danger) {
  return std::string(reasoning::danger_word(danger, reasoning::Language::kEnglish));
}

Json parts_json(const Incident& incident) {
  Json list = Json::array();
  for (const Part& part : incident.parts)
    list.push_back({{"part", part.part},
                    {"file", part.file},
                    {"provenance", datum::to_string(part.provenance)},
                    {"source", part.source},
                    {"rows", part.rows},
                    {"bad_rows", part.bad_rows}});
  return list;
}

Json hotspots_json(const ReportNews& news) {
  Json sources = Json::array();
  for (const auto& [key, count] : news.sources)
    sources.push_back({{"satellite", std::get<0>(key)},
                       {"instrument", std::get<1>(key)},
                       {"provenance", datum::to_string(std::get<2>(key))},
                       {"count", count}});
  return {{"count", news.hotspots.count()}, {"sources", sources}};
}

void put_numbers(Json& out, const Message& m) {
  out["latitude"] = rounded(m.centre.lat_deg, 5);
  out["longitude"] = rounded(m.centre.lon_deg, 5);
  out["area_ha"] = rounded(m.hectares, 2);
  out["area_acres"] = rounded(m.hectares * kAcresPerHectare, 2);
  out["power_mw"] = rounded(m.megawatts, 2);
  out["probability"] = rounded(m.probability, 6);
  out["low"] = rounded(m.low, 6);
  out["high"] = rounded(m.high, 6);
  out["threshold"] = rounded(m.threshold, 6);
  out["danger"] = danger_class(m.danger);
  out["severity"] = wildfire::cap_word(m.level.severity);
  out["urgency"] = wildfire::cap_word(m.level.urgency);
  out["certainty"] = wildfire::cap_word(m.level.certainty);
}

Json event_json(std::size_t number, const ToldEvent& event) {
  Json out = {{"number", number},
              {"event", wildfire::to_text(event.id)},
              {"state", event.cancelled() ? "cancelled" : "burning"},
              {"messages", event.story->messages_told},
              {"first_alert", format_utc(event.story->messages.front().time)},
              {"last_message", format_utc(event.last().time)}};
  put_numbers(out, event.last_fire());
  out["findings_fire"] = event.story->fire;
  out["findings_no_fire"] = event.story->no_fire;
  out["findings_abstained"] = event.story->abstained;
  out["near"] = Json::array();
  for (const NearPlace& near : event.near) {
    Json place = {{"name", near.place.name},
                  {"name_zh", near.place.name_zh},
                  {"distance_km", rounded(near.distance.value() / 1000.0, 2)},
                  {"bearing_deg", rounded(near.bearing.value(), 0)},
                  {"population", nullptr}};
    if (near.place.population) place["population"] = *near.place.population;
    out["near"].push_back(std::move(place));
  }
  return out;
}

Json events_json(const ReportFacts& facts) {
  Json list = Json::array();
  for (std::size_t i = 0; i < facts.shown(); ++i) list.push_back(event_json(i + 1, facts.told[i]));
  return {{"told", facts.told.size()},
          {"cancelled", facts.cancelled},
          {"not_told", facts.quiet},
          {"not_told_undecided", facts.quiet_undecided},
          {"not_told_persistent", facts.quiet_persistent},
          {"shown", facts.shown()},
          {"list", list}};
}

Json reasons_json(const Message& m) {
  static constexpr std::array<const char*, 3> kKinds = {"measured", "estimated", "modelled"};
  Json list = Json::array();
  for (const datum::ProposalReason& r : m.reasons)
    list.push_back({{"kind", kKinds[static_cast<std::size_t>(r.kind)]},
                    {"source", r.source},
                    {"log_odds", static_cast<double>(r.log_odds_milli) / 1000.0},
                    {"age_s", r.age_ms / 1000},
                    {"en", r.text_en},
                    {"zh", r.text_zh}});
  return list;
}

Json message_json(const ToldEvent& event, const Message& m, const LocalClock& clock) {
  Json out = {{"event", wildfire::to_text(event.id)},
              {"sequence", m.sequence},
              {"kind", kind_word(m.kind)},
              {"time", format_utc(m.time)},
              {"local_time", clock.stamp(m.time)}};
  put_numbers(out, m);
  out["observations"] = m.observations;
  out["findings_merged"] = m.findings_merged;
  out["shares_for"] = m.shares_for;
  out["shares_total"] = m.shares_total;
  out["log_index"] = m.log_index;
  out["term"] = m.term;
  out["reasons"] = reasons_json(m);
  return out;
}

Json messages_json(const ReportInput& in) {
  const LocalClock clock(in.incident.utc_offset_min);
  Json list = Json::array();
  for (std::size_t i = 0; i < in.facts.shown(); ++i)
    for (const Message& m : in.facts.told[i].story->messages)
      list.push_back(message_json(in.facts.told[i], m, clock));
  return {{"alerts", in.summary.alerts},
          {"updates", in.summary.updates},
          {"cancels", in.summary.cancels},
          {"list", list}};
}

Json day_json(const DangerNews& d) {
  return {{"time", format_utc(d.time)},
          {"class", danger_class(d.prior.danger)},
          {"probability", rounded(d.prior.probability.value(), 6)},
          {"ffmc", rounded(d.ffmc, 1)},
          {"dmc", rounded(d.dmc, 1)},
          {"dc", rounded(d.dc, 1)},
          {"isi", rounded(d.isi, 1)},
          {"bui", rounded(d.bui, 1)},
          {"fwi", rounded(d.fwi, 1)},
          {"bridged", d.bridged}};
}

Json danger_json(const ReportNews& news) {
  Json list = Json::array();
  for (const auto& [name, station] : news.stations)
    list.push_back({{"station", name},
                    {"days", station.days},
                    {"latest", day_json(station.latest)},
                    {"worst", day_json(station.worst)}});
  return list;
}

Json completeness_json(const ReportInput& in) {
  Json fields = Json::array();
  FieldTally total;
  for (const auto& [key, tally] : in.news.fields) {
    fields.push_back({{"schema", key.first},
                      {"field", key.second},
                      {"unit", tally.unit},
                      {"observed", tally.observed},
                      {"estimated", tally.estimated},
                      {"missing", tally.missing},
                      {"anomalous", tally.anomalous},
                      {"patterns", tally.patterns},
                      {"missing_because", tally.reasons},
                      {"estimated_by", tally.methods}});
    total.observed += tally.observed;
    total.estimated += tally.estimated;
    total.missing += tally.missing;
    total.anomalous += tally.anomalous;
  }
  Json methods = Json::array();
  for (const RecordMethods& one : in.summary.methods)
    methods.push_back({{"schema", one.schema},
                       {"completion_model", one.completion.empty() ? Json(nullptr) : Json(one.completion)},
                       {"anomaly_model", one.anomaly.empty() ? Json(nullptr) : Json(one.anomaly)}});
  return {{"records", in.summary.records},
          {"observed", total.observed},
          {"estimated", total.estimated},
          {"missing", total.missing},
          {"implausible", in.summary.fields_implausible},
          {"anomalous", total.anomalous},
          {"methods", methods},
          {"fields", fields}};
}

Json log_json(const ReportNews& news) {
  static constexpr std::array<std::pair<LogKind, const char*>, 5> kKinds = {{{LogKind::kLeader, "leader"},
                                                                             {LogKind::kCrash, "crash"},
                                                                             {LogKind::kRestart, "restart"},
                                                                             {LogKind::kCut, "cut"},
                                                                             {LogKind::kHeal, "heal"}}};
  Json list = Json::array();
  for (const auto& [kind, word] : kKinds) {
    const auto& lane = news.log[lane_of(kind)];
    for (std::size_t i = 0; i < lane.first.size() && i < kLogLinesMax; ++i)
      list.push_back({{"time", format_utc(lane.first[i].time, 3)},
                      {"kind", word},
                      {"en", lane.first[i].text.en},
                      {"zh", lane.first[i].text.zh}});
  }
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    return a["time"].get_ref<const std::string&>() < b["time"].get_ref<const std::string&>();
  });
  return list;
}

Json agreement_json(const ReportInput& in) {
  const PlaySummary& s = in.summary;
  Json out = {{"nodes", s.nodes},
              {"voters", s.voters},
              {"leaders", s.leaders},
              {"crashes", s.crashes},
              {"partitions", s.partitions},
              {"packets_sent", s.packets_sent},
              {"packets_lost", s.packets_lost},
              {"bundles_carried", s.bundles_carried},
              {"bundles_delivered", s.bundles_delivered},
              {"first_alert", nullptr},
              {"observation_to_alert_s", nullptr},
              {"median_commit_ms", rounded(s.median_commit_ms, 3)},
              {"leader_loss_to_commit_ms", Json::array()}};
  if (s.first_alert_known) {
    out["first_alert"] = format_utc(s.first_alert, 3);
    out["observation_to_alert_s"] = rounded(to_seconds(s.observation_to_alert), 3);
  }
  for (const Duration d : s.leader_loss_to_commit)
    out["leader_loss_to_commit_ms"].push_back(rounded(to_seconds(d) * 1000.0, 3));
  add_agreement(out, in);
  out["log"] = log_json(in.news);
  return out;
}

Json problems_json(const Incident& incident) {
  Json lines = Json::array();
  for (std::size_t i = 0; i < incident.problems.size() && i < kProblemLinesMax; ++i)
    lines.push_back(incident.problems[i]);
  return {{"count", incident.problems.size()}, {"lines", lines}};
}

}  // namespace

std::string report_json(const ReportInput& in) {
  Json answers = Json::array();
  for (const Answer& a : in.facts.answers)
    answers.push_back({{"question", a.key}, {"en", a.text.en}, {"zh", a.text.zh}});
  const Json out = {{"format", "skywarden-report"},
                    {"version", 1},
                    {"status", "Exercise"},
                    {"name", in.incident.name},
                    {"title", both(in.incident.title)},
                    {"summary", both(in.incident.summary)},
                    {"start", format_utc(in.incident.start)},
                    {"end", format_utc(in.incident.end)},
                    {"utc_offset_min", in.incident.utc_offset_min},
                    {"units", in.incident.us_units ? "us" : "metric"},
                    {"answer", answers},
                    {"parts", parts_json(in.incident)},
                    {"missing", in.incident.missing},
                    {"problems", problems_json(in.incident)},
                    {"hotspots", hotspots_json(in.news)},
                    {"events", events_json(in.facts)},
                    {"messages", messages_json(in)},
                    {"danger", danger_json(in.news)},
                    {"completeness", completeness_json(in)},
                    {"agreement", agreement_json(in)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skywarden::app
