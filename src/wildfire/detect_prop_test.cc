#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "wildfire/detect.h"

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

const Instant kStart = *parse_utc("2019-08-01T00:00:00Z");

double between(double low, double high) {
  return low + (high - low) * static_cast<double>(*rc::gen::inRange(0, 100001)) / 100000.0;
}

// Pixels crowded enough to touch, about a place that may be the antimeridian or near a pole.
std::vector<datum::Hotspot> crowd() {
  const GeoPoint middle = *rc::gen::elementOf(
      std::vector<GeoPoint>{{-20.0, 134.0}, {5.0, 179.99}, {66.0, -179.99}, {89.9, 10.0}, {-89.99, 0.0}});
  const int count = *rc::gen::inRange(1, 40);
  std::vector<datum::Hotspot> spots;
  for (int i = 0; i < count; ++i) {
    datum::Hotspot spot;
    spot.time = kStart + from_seconds(between(0, 100) * 3600.0);
    spot.centre = destination(middle, Degrees(between(0, 360)), Metres(between(0, 20'000)));
    spot.scan = Metres(between(300, 4800));
    spot.track = Metres(between(300, 2000));
    spot.brightness = Kelvin(330.0);
    spot.confidence = Probability(between(0, 1));
    spot.daytime = *rc::gen::arbitrary<bool>();
    spot.satellite = *rc::gen::elementOf(std::vector<std::string>{"Terra", "Aqua", "N", "X"});
    spot.instrument = "MODIS";
    spot.id = observation_id(spot);
    spots.push_back(spot);
  }
  return spots;
}

Detector patient() {  // nothing is late, nothing closes
  DetectorOptions options;
  options.lateness = std::chrono::hours(200);
  return Detector(options);
}
const Instant kNow = kStart + std::chrono::hours(101);

std::set<std::vector<ObservationId>> partition(const Detector& detector) {
  std::set<std::vector<ObservationId>> parts;
  for (const EventId id : detector.open_events()) parts.insert(detector.event(id).observations);
  return parts;
}

// Every pair compared, every component painted: slow and obvious.
std::set<std::vector<ObservationId>> slow_partition(std::vector<datum::Hotspot> spots,
                                                    DetectorOptions options) {
  std::sort(spots.begin(), spots.end(),
            [](const auto& a, const auto& b) { return std::pair(a.time, a.id) < std::pair(b.time, b.id); });
  std::vector<std::size_t> colour(spots.size());
  std::iota(colour.begin(), colour.end(), 0);
  for (std::size_t i = 0; i < spots.size(); ++i)
    for (std::size_t j = i + 1; j < spots.size(); ++j) {
      if (spots[j].time - spots[i].time > options.link_window) continue;
      if (gap_m(*footprint(spots[i]), *footprint(spots[j])) > options.link_distance.value()) continue;
      const std::size_t from = colour[j], to = colour[i];
      std::replace(colour.begin(), colour.end(), from, to);
    }
  std::map<std::size_t, std::set<ObservationId>> parts;
  for (std::size_t i = 0; i < spots.size(); ++i) parts[colour[i]].insert(spots[i].id);
  std::set<std::vector<ObservationId>> result;
  for (const auto& [name, ids] : parts) result.insert({ids.begin(), ids.end()});
  return result;
}

bool same(const datum::FireEvent& a, const datum::FireEvent& b) {
  return a.id == b.id && a.first_seen == b.first_seen && a.last_seen == b.last_seen && a.centre == b.centre &&
         a.outline == b.outline && a.area == b.area && a.radiative_power == b.radiative_power &&
         a.observations == b.observations;
}

}  // namespace

TEST_CASE("clusters equal those of comparing every pair") {
  CHECK(rc::check([] {
    const auto spots = crowd();
    Detector detector = patient();
    detector.add(spots, kNow);
    RC_ASSERT(partition(detector) == slow_partition(spots, {}));
  }));
}

TEST_CASE("the order and the batches of arrival do not matter, to the last bit") {
  CHECK(rc::check([] {
    auto spots = crowd();
    Detector at_once = patient(), piecemeal = patient();
    at_once.add(spots, kNow);
    for (std::size_t i = spots.size(); i > 1; --i)
      std::swap(spots[i - 1], spots[*rc::gen::inRange<std::size_t>(0, i)]);
    for (std::size_t i = 0; i < spots.size();) {
      const std::size_t count = std::min(spots.size() - i, *rc::gen::inRange<std::size_t>(1, 8));
      piecemeal.add(std::span(spots).subspan(i, count), kNow);
      i += count;
    }
    RC_ASSERT(at_once.open_events() == piecemeal.open_events());
    for (const EventId id : at_once.open_events()) {
      RC_ASSERT(same(at_once.event(id), piecemeal.event(id)));
      const auto a = at_once.evidence(id, kNow), b = piecemeal.evidence(id, kNow);
      RC_ASSERT(a.size() == b.size());
      for (std::size_t i = 0; i < a.size(); ++i) {
        RC_ASSERT(a[i].source == b[i].source);
        RC_ASSERT(a[i].probability == b[i].probability);
        RC_ASSERT(a[i].observations == b[i].observations);
      }
    }
  }));
}

TEST_CASE("every reported rename leads to an open event that holds the old one's pixel") {
  CHECK(rc::check([] {
    const auto spots = crowd();
    Detector detector = patient();
    std::set<EventId> ever;
    for (const auto& spot : spots)
      for (const EventId id : detector.add(std::span(&spot, 1), kNow)) ever.insert(id);
    for (const EventId id : ever) {
      const EventId current = detector.current_name(id);
      RC_ASSERT(detector.is_open(current));
      const auto& held = detector.event(current).observations;
      RC_ASSERT(std::binary_search(held.begin(), held.end(), ObservationId(id.value())));
    }
  }));
}

TEST_CASE("streaming in time gives the same events as all at once") {
  CHECK(rc::check([] {
    auto spots = crowd();
    std::sort(spots.begin(), spots.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    DetectorOptions options;
    options.lateness = std::chrono::hours(0);
    options.link_window = std::chrono::hours(10);  // so that events close on the way
    options.closed_max = 1000;
    Detector detector(options);
    std::set<std::vector<ObservationId>> parts;
    for (const auto& spot : spots) detector.add(std::span(&spot, 1), spot.time);
    for (const EventRecord& closed : detector.take_closed()) parts.insert(closed.event.observations);
    for (const auto& part : partition(detector)) parts.insert(part);
    RC_ASSERT(parts == slow_partition(spots, options));
  }));
}
