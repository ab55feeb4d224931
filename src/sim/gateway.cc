#include "sim/gateway.h"

#include <cmath>
#include <map>
#include <string>
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

}  // namespace

Gateway::Gateway(const RecordScript& script, Instant start, Instant end, const Random& random)
    : schema_(station_schema()), desk_(places_of(draw_stations(script.stations, random)), danger_options()) {
  const std::vector<Station> stations = draw_stations(script.stations, random);
  const auto sent = station_readings(stations, start, end, script.every, random);
  EXPECTS(sent.size() <= kRecordsMax);
  const Arrivals arrivals = send_records(schema_, sent, script.loss, random.fork(4));
  prepared_ = node::prepare(schema_, arrivals.records).value();
  std::vector<const datum::Record*> completed;
  for (const node::PreparedRecord& prepared : prepared_.records) completed.push_back(&prepared.record);
  profile_ = loss_profile(schema_, sent, arrivals, completed);
}

std::optional<datum::Prior> Gateway::prior(Instant now) {
  for (; next_ < prepared_.records.size() && prepared_.records[next_].record.time <= now; ++next_) {
    const datum::Record& record = prepared_.records[next_].record;
    if (const auto weather = node::weather_of(schema_, record)) desk_.add(record.stream, *weather);
  }
  (void)desk_.advance(now);
  auto prior = desk_.prior(now);
  if (prior) prior->probability = in_millionths(prior->probability);
  return prior;
}

}  // namespace skywarden::sim
