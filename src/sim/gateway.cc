#include "sim/gateway.h"

#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/contract.h"
#include "sim/stations.h"

namespace skywarden::sim {
namespace {

// What a dry early summer leaves behind: the season does not begin with the exercise.
constexpr wildfire::MoistureCodes kMidsummer{88.0, 45.0, 300.0};

wildfire::DangerOptions danger_options() {
  wildfire::DangerOptions options;
  options.start = kMidsummer;
  return options;
}

std::map<std::string, GeoPoint> places_of(const std::vector<Station>& stations) {
  std::map<std::string, GeoPoint> out;
  for (const Station& station : stations) out.emplace(station.name, station.place);
  return out;
}

// What is announced enters messages: no last bit of a mathematics library shall be in it.
Probability in_millionths(Probability p) {
  return Probability(std::round(p.value() * 1e6) / 1e6);
}

std::vector<const datum::Record*> completed_of(const node::Prepared& prepared) {
  std::vector<const datum::Record*> out;
  for (const node::PreparedRecord& each : prepared.records) out.push_back(&each.record);
  return out;
}

}  // namespace

Gateway::Gateway(const RecordScript& script, Instant start, Instant end, const Random& random)
    : downlink_(script.downlink),
      start_(start),
      schema_(station_schema()),
      desk_(places_of(draw_stations(script.stations, random)), danger_options()) {
  const std::vector<Station> stations = draw_stations(script.stations, random);
  const auto sent = station_readings(stations, start, end, script.every, random);
  EXPECTS(sent.size() <= kRecordsMax);
  Arrivals arrivals = send_records(schema_, sent, script.loss, random.fork(4));
  if (!script.downlink) {
    prepared_ = node::prepare(schema_, arrivals.records).value();
  } else {
    const auto bring = [&](DropWay way) {
      return bring_down(schema_, arrivals, *script.downlink, way, start, random.fork(5));
    };
    const auto judge = [&](const Downlinked& brought, const node::Prepared& prepared) {
      return drop_profile(schema_, sent, arrivals, brought, completed_of(prepared));
    };
    drops_.emplace();
    for (const auto& [way, profile] : {std::pair(DropWay::kOldestRecords, &drops_->oldest_records),
                                       std::pair(DropWay::kRandomFields, &drops_->random_fields)}) {
      const Downlinked brought = bring(way);
      *profile = judge(brought, node::prepare(schema_, brought.arrivals.records).value());
    }
    Downlinked brought = bring(DropWay::kCriticalFirst);
    prepared_ = node::prepare(schema_, brought.arrivals.records).value();
    drops_->critical_first = judge(brought, prepared_);
    sacrifices_ = brought.sacrifices;
    arrivals = std::move(brought.arrivals);
  }
  profile_ = loss_profile(schema_, sent, arrivals, completed_of(prepared_));
}

Instant Gateway::arrives(const datum::Record& record) const {
  return downlink_ ? contact_of(*downlink_, start_, record.time) : record.time;
}

std::optional<datum::Prior> Gateway::prior(Instant now) {
  for (; next_ < prepared_.records.size() && arrives(prepared_.records[next_].record) <= now; ++next_) {
    const datum::Record& record = prepared_.records[next_].record;
    if (const auto weather = node::weather_of(schema_, record)) desk_.add(record.stream, *weather);
  }
  (void)desk_.advance(now);
  auto prior = desk_.prior(now);
  if (prior) prior->probability = in_millionths(prior->probability);
  return prior;
}

}  // namespace skywarden::sim
