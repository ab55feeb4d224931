#include "report.h"

#include <algorithm>

#include "datum/alert.h"
#include "report_facts.h"
#include "report_json.h"
#include "report_page.h"
#include "wildfire/alert_area.h"

namespace skywarden::app {
namespace {

constexpr double kSquareMetresPerHectare = 1e4;

double of_ppm(std::uint32_t ppm) {
  return static_cast<double>(ppm) / 1e6;
}

Message message_of(const datum::Alert& alert) {
  const datum::Proposal& p = alert.proposal;
  Message m;
  m.sequence = p.sequence;
  m.kind = p.kind;
  m.time = Instant(Duration(p.time_ns));
  m.hectares = static_cast<double>(p.area_m2) / kSquareMetresPerHectare;
  m.megawatts = static_cast<double>(p.power_w) / 1e6;
  m.probability = of_ppm(p.probability_ppm);
  m.low = of_ppm(p.low_ppm);
  m.high = of_ppm(p.high_ppm);
  m.threshold = of_ppm(p.threshold_ppm);
  m.danger = static_cast<datum::DangerClass>(std::min<std::uint8_t>(p.danger, 4));
  m.level = wildfire::level_of(p);
  m.centre = wildfire::to_geo(p.centre);
  for (const datum::Ring& ring : wildfire::area_rings(p))
    m.rings.push_back(wildfire::simplified(ring, kReportOutlineMax));
  m.reasons = p.reasons;
  if (m.reasons.size() > kReportReasonsMax) m.reasons.resize(kReportReasonsMax);
  m.observations = p.observations.size();
  m.findings_merged = p.merged.size();
  m.shares_for = alert.shares_for;
  m.shares_total = alert.shares_total;
  m.log_index = alert.index.value();
  m.term = alert.term.value();
  return m;
}

void count_up(std::map<std::string, std::uint64_t>& counts, const std::string& name) {
  const bool known = counts.contains(name) || counts.size() < kReportMethodsMax;
  ++counts[known ? name : "others"];
}

Reading reading_of(const datum::Field& field, Instant time, bool anomalous) {
  Reading r;
  r.time = time;
  r.anomalous = anomalous;
  const auto number = datum::number_of(field);
  if (!number) return r;
  r.value = r.low = r.high = *number;
  r.state = ReadingState::kObserved;
  if (const auto* estimate = std::get_if<datum::Estimated>(&field)) {
    r.state = ReadingState::kEstimated;
    if (estimate->interval) {
      r.low = estimate->interval->low;
      r.high = estimate->interval->high;
    }
  }
  return r;
}

}  // namespace

void ReportBuilder::on_hotspots(std::span<const datum::Hotspot> hotspots) {
  for (const datum::Hotspot& h : hotspots) {
    news_.hotspots.add(
        {h.time, static_cast<float>(h.centre.lat_deg), static_cast<float>(h.centre.lon_deg), h.provenance});
    const SourceKey key{h.satellite, h.instrument, h.provenance};
    const bool known = news_.sources.contains(key) || news_.sources.size() < kReportSourcesMax;
    ++news_.sources[known ? key : SourceKey{"others", "", h.provenance}];
  }
}

void ReportBuilder::on_record(const datum::Schema& schema, const node::PreparedRecord& prepared) {
  count_fields(schema, prepared);
  keep_readings(schema, prepared);
}

void ReportBuilder::count_fields(const datum::Schema& schema, const node::PreparedRecord& prepared) {
  const datum::Record& record = prepared.record;
  for (std::size_t i = 0; i < record.fields.size() && i < schema.fields.size(); ++i) {
    FieldTally& tally = news_.fields[{schema.name, schema.fields[i].name}];
    tally.unit = schema.fields[i].unit;
    if (prepared.anomalous[i]) ++tally.anomalous;
    if (prepared.patterns[i] != onboard::MissingPattern::kNone)
      count_up(tally.patterns, std::string(onboard::to_string(prepared.patterns[i])));
    if (const auto* gap = std::get_if<datum::Missing>(&record.fields[i])) {
      ++tally.missing;
      count_up(tally.reasons, std::string(datum::to_string(gap->reason)));
    } else if (const auto* estimate = std::get_if<datum::Estimated>(&record.fields[i])) {
      ++tally.estimated;
      count_up(tally.methods, estimate->by);
    } else {
      ++tally.observed;
    }
  }
}

void ReportBuilder::keep_readings(const datum::Schema& schema, const node::PreparedRecord& prepared) {
  const datum::Record& record = prepared.record;
  const std::pair<std::string, std::string> key{schema.name, record.stream};
  auto found = news_.streams.find(key);
  if (found == news_.streams.end()) {
    if (news_.streams.size() >= kReportStreamsMax) {
      ++news_.records_beyond;
      return;
    }
    found = news_.streams.emplace(key, StreamSeries{}).first;
    StreamSeries& fresh = found->second;
    fresh.schema = schema.name;
    fresh.stream = record.stream;
    fresh.provenance = record.provenance;
    for (std::size_t i = 0; i < schema.fields.size(); ++i) {
      if (schema.fields[i].kind != datum::FieldKind::kNumber) continue;
      fresh.names.push_back(schema.fields[i].name);
      fresh.units.push_back(schema.fields[i].unit);
      fresh.fields.push_back(i);
      fresh.readings.emplace_back(kReportReadingsMax);
    }
  }
  StreamSeries& series = found->second;
  for (std::size_t k = 0; k < series.fields.size(); ++k) {
    const std::size_t i = series.fields[k];
    if (i >= record.fields.size()) continue;
    const Reading reading = reading_of(record.fields[i], record.time, prepared.anomalous[i]);
    if (reading.state == ReadingState::kEstimated) ++series.estimated;
    if (reading.state == ReadingState::kMissing) ++series.missing;
    series.readings[k].add(reading);
  }
}

void ReportBuilder::on_danger(const DangerNews& danger) {
  news_.danger.add({danger.time, danger.prior.danger});
  if (!news_.stations.contains(danger.station) && news_.stations.size() >= kReportStationsMax) return;
  StationDanger& station = news_.stations[danger.station];
  if (station.days == 0 || danger.time >= station.latest.time) station.latest = danger;
  if (station.days == 0 || danger.fwi > station.worst.fwi) station.worst = danger;
  ++station.days;
}

EventStory* ReportBuilder::story_of(EventId event) {
  const auto found = news_.events.find(event);
  if (found != news_.events.end()) return &found->second;
  if (news_.events.size() < kReportEventsMax) return &news_.events[event];
  ++news_.events_beyond;
  return nullptr;
}

void ReportBuilder::on_finding(const datum::Finding& finding) {
  EventStory* story = story_of(finding.event);
  if (story == nullptr) return;
  if (finding.verdict == datum::Verdict::kFire) ++story->fire;
  if (finding.verdict == datum::Verdict::kNoFire) ++story->no_fire;
  if (finding.verdict == datum::Verdict::kAbstained) ++story->abstained;
  story->persistent_source = story->persistent_source || finding.persistent_source;
  story->opinions.add({finding.time, static_cast<float>(finding.probability.value()), finding.verdict});
}

void ReportBuilder::on_alert(const datum::Alert& alert, std::span<const datum::Alert> /*chain*/) {
  EventStory* story = story_of(alert.proposal.event);
  if (story == nullptr) return;
  ++story->messages_told;
  if (story->messages.size() >= kReportMessagesMax) story->messages.erase(story->messages.begin() + 1);
  story->messages.push_back(message_of(alert));
}

void ReportBuilder::on_log(const LogNews& news) {
  LogLane& lane = news_.log[lane_of(news.kind)];
  ++lane.count;
  if (lane.first.size() < kReportLogMax) lane.first.push_back(news);
}

void ReportBuilder::on_turn(const Turn& turn) {
  AgreementNews& news = news_.agreement;
  TurnLane& lane = turn.kind == TurnKind::kElected       ? news.elections
                   : turn.kind == TurnKind::kEpochBegun  ? news.begun
                   : turn.kind == TurnKind::kEpochAgreed ? news.agreed
                                                         : news.restored;
  ++lane.count;
  if (turn.kind == TurnKind::kElected) ++news.causes[static_cast<std::size_t>(turn.cause)];
  if (lane.first.size() < kReportTurnsMax) lane.first.push_back(turn);
}

std::string ReportBuilder::html(const PlaySummary& summary) const {
  return report_page({incident_, news_, facts_of(incident_, news_, summary), summary});
}

std::string ReportBuilder::json(const PlaySummary& summary) const {
  return report_json({incident_, news_, facts_of(incident_, news_, summary), summary});
}

}  // namespace skywarden::app
