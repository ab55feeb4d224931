#include "wildfire/detect.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "onboard/firms.h"
#include "testing/reference_data.h"

using namespace skywarden;
using namespace skywarden::wildfire;

namespace {

const Instant kStart = *parse_utc("2019-08-01T00:00:00Z");

datum::Hotspot spot(GeoPoint centre, double hours = 0.0, const char* satellite = "Terra") {
  datum::Hotspot hotspot;
  hotspot.time = kStart + from_seconds(hours * 3600.0);
  hotspot.centre = centre;
  hotspot.scan = hotspot.track = Metres(1000.0);
  hotspot.brightness = Kelvin(330.0);
  hotspot.background = Kelvin(300.0);
  hotspot.radiative_power = megawatts(20.0);
  hotspot.confidence = Probability(0.7);
  hotspot.satellite = satellite;
  hotspot.instrument = "MODIS";
  hotspot.id = observation_id(hotspot);
  return hotspot;
}

GeoPoint east_of(GeoPoint from, double metres) {
  return destination(from, Degrees(90.0), Metres(metres));
}

const GeoPoint kHere{-20.0, 134.0};

}  // namespace

TEST_CASE("pixels within distance and time are one event, others are not") {
  Detector detector;
  const std::vector<datum::Hotspot> batch{spot(kHere), spot(east_of(kHere, 1900.0), 2.0),
                                          spot(east_of(kHere, 20'000.0))};
  const auto ids = detector.add(batch, kStart + std::chrono::hours(3));
  REQUIRE(ids.size() == 2);
  CHECK(std::is_sorted(ids.begin(), ids.end()));
  const EventId first(batch[0].id.value());
  REQUIRE(detector.is_open(first));
  const datum::FireEvent& event = detector.event(first);
  CHECK(event.observations.size() == 2);
  CHECK(event.first_seen == batch[0].time);
  CHECK(event.last_seen == batch[1].time);
  CHECK(event.area.value() == doctest::Approx(2e6).epsilon(0.01));
  CHECK(event.radiative_power.value() == doctest::Approx(20e6));  // the newest pass only
  CHECK(!event.persistent_source);
  CHECK(distance(event.centre, kHere).value() == doctest::Approx(950.0).epsilon(0.01));
  // 49 hours later the same place is another fire.
  const auto later = detector.add(std::vector{spot(kHere, 52.0)}, kStart + std::chrono::hours(52));
  REQUIRE(later.size() == 1);
  CHECK(later[0] != first);
}

TEST_CASE("a pixel between two events merges them under the older name, and the merge is reported") {
  Detector detector;
  const auto west = spot(kHere), east = spot(east_of(kHere, 3800.0), 1.0);
  CHECK(detector.add(std::vector{west, east}, kStart + std::chrono::hours(1)).size() == 2);
  CHECK(detector.take_renamed().empty());
  const auto between = spot(east_of(kHere, 1900.0), 2.0);
  const auto ids = detector.add(std::vector{between}, kStart + std::chrono::hours(2));
  CHECK(ids == std::vector{EventId(west.id.value())});
  CHECK(detector.take_renamed() == std::vector{Renamed{EventId(east.id.value()), EventId(west.id.value())}});
  CHECK(detector.take_renamed().empty());
  CHECK(detector.current_name(EventId(east.id.value())) == ids[0]);
  CHECK(!detector.is_open(EventId(east.id.value())));
  CHECK(detector.event(ids[0]).observations.size() == 3);
}

TEST_CASE("an older pixel that arrives late gives its event the name that others know") {
  const auto early = spot(kHere), late = spot(east_of(kHere, 500.0), 3.0);
  const Instant now = kStart + std::chrono::hours(4);
  Detector detector, other;
  detector.add(std::vector{late}, now);
  detector.add(std::vector{early}, now);
  other.add(std::vector{early, late}, now);
  CHECK(detector.open_events() == other.open_events());
  CHECK(detector.take_renamed() == std::vector{Renamed{EventId(late.id.value()), EventId(early.id.value())}});
}

TEST_CASE("repeats, late, future and unusable pixels are counted and change nothing") {
  Detector detector;
  const Instant now = kStart + std::chrono::hours(30);
  auto broken = spot(kHere, 29.0);
  broken.scan = Metres(-1.0);
  const std::vector<datum::Hotspot> batch{spot(kHere, 29.0), spot(kHere, 29.0), spot(kHere, 5.0),
                                          spot(kHere, 31.0), broken};
  CHECK(detector.add(batch, now).size() == 1);
  CHECK(detector.add(batch, now).empty());
  CHECK(detector.counts().taken == 1);
  CHECK(detector.counts().repeated == 3);
  CHECK(detector.counts().late == 2);
  CHECK(detector.counts().future == 2);
  CHECK(detector.counts().unusable == 2);
  CHECK(detector.hotspots() == 1);
}

TEST_CASE("a quiet event closes when nothing accepted can join it, and its memory is freed") {
  DetectorOptions options;
  options.closed_max = 10;
  Detector detector(options);
  const auto first = spot(kHere);
  detector.add(std::vector{first}, kStart);
  detector.advance(kStart + std::chrono::hours(72));
  CHECK(detector.open_events().size() == 1);
  detector.advance(kStart + std::chrono::hours(72) + std::chrono::seconds(1));
  CHECK(detector.open_events().empty());
  CHECK(detector.hotspots() == 0);
  const auto closed = detector.take_closed();
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].event.id == EventId(first.id.value()));
  CHECK(closed[0].passes == 1);
  CHECK(closed[0].pixels == std::vector{kHere});
  REQUIRE(closed[0].evidence.size() == 1);
}

TEST_CASE("a full detector closes the longest silent event and goes on") {
  DetectorOptions options;
  options.hotspots_max = 3;
  Detector detector(options);
  std::vector<datum::Hotspot> batch;
  for (int i = 0; i < 10; ++i) batch.push_back(spot(east_of(kHere, 10'000.0 * i), 0.1 * i));
  const auto ids = detector.add(batch, kStart + std::chrono::hours(1));
  CHECK(ids.size() == 3);
  CHECK(detector.hotspots() == 3);
  CHECK(detector.counts().closed_early == 7);
  for (const EventId id : ids) CHECK(detector.is_open(id));
}

TEST_CASE("events form across the antimeridian and over a pole") {
  Detector detector;
  const GeoPoint fiji{-17.0, 179.995};
  std::vector<datum::Hotspot> batch{spot(fiji), spot(east_of(fiji, 1500.0)), spot({89.999, 0.0}),
                                    spot({89.999, 180.0}, 0.5), spot({89.999, -90.0}, 0.6)};
  REQUIRE(batch[1].centre.lon_deg < 0.0);
  const auto ids = detector.add(batch, kStart + std::chrono::hours(1));
  REQUIRE(ids.size() == 2);
  for (const EventId id : ids) {
    const datum::FireEvent& event = detector.event(id);
    CHECK(event.area.value() < 3e6);
    CHECK((event.centre.lat_deg > 89.9 || std::abs(event.centre.lon_deg) > 179.9));
  }
}

TEST_CASE("evidence is one piece a sensor, stronger with more pixels, passes and confidence") {
  const Instant now = kStart + std::chrono::hours(20);
  const auto probability = [&](const std::vector<datum::Hotspot>& batch) {
    Detector detector;
    const auto ids = detector.add(batch, now);
    REQUIRE(ids.size() == 1);
    const auto evidence = detector.evidence(ids[0], now);
    REQUIRE(evidence.size() == 1);
    CHECK(evidence[0].kind == datum::EvidenceKind::kMeasured);
    CHECK(evidence[0].event == ids[0]);
    CHECK(evidence[0].observations.size() == batch.size());
    return evidence[0].probability.value();
  };
  const double one = probability({spot(kHere)});
  const double two = probability({spot(kHere), spot(east_of(kHere, 1000.0))});
  const double two_passes = probability({spot(kHere), spot(east_of(kHere, 1000.0), 12.0)});
  auto sure = spot(kHere);
  sure.confidence = Probability(1.0);
  CHECK(one > 0.5);
  CHECK(two > one);
  CHECK(two_passes > two);
  CHECK(probability({sure}) > one);
  CHECK(two_passes < 0.997);

  Detector detector;
  const auto ids = detector.add(std::vector{spot(kHere, 1.0, "T"), spot(kHere, 3.5, "A")}, now);
  REQUIRE(ids.size() == 1);
  const auto evidence = detector.evidence(ids[0], now);
  REQUIRE(evidence.size() == 2);
  CHECK(evidence[0].source == "MODIS Aqua");
  CHECK(evidence[1].source == "MODIS Terra");
  CHECK(pooled(evidence).value() > std::max(evidence[0].probability, evidence[1].probability).value());
  CHECK(pooled({}).value() == 0.5);
}

TEST_CASE("a lone daytime pixel of little contrast counts less and says why") {
  auto glint = spot(kHere);
  glint.daytime = true;
  glint.confidence = Probability(0.3);
  glint.brightness = Kelvin(305.0);
  auto night = glint;
  night.daytime = false;
  Detector by_day, by_night;
  const auto day = by_day.evidence(by_day.add(std::vector{glint}, kStart)[0], kStart);
  const auto dark = by_night.evidence(by_night.add(std::vector{night}, kStart)[0], kStart);
  CHECK(day[0].reliability < dark[0].reliability);
  CHECK(day[0].detail.find("sunglint") != std::string::npos);
}

TEST_CASE("heat that stays is set apart") {
  DetectorOptions options;
  Detector detector(options);
  EventId last;
  for (int i = 0; i < 8; ++i) {
    const Instant now = kStart + std::chrono::hours(72 * i);
    last = detector.add(std::vector{spot(kHere, 72.0 * i), spot(east_of(kHere, 1e5 + 2e4 * i), 72.0 * i)},
                        now)[0];
  }
  std::size_t persistent = 0;
  for (const EventId id : detector.open_events()) persistent += detector.event(id).persistent_source ? 1 : 0;
  CHECK(persistent == 2);  // of the place's own, those not closed yet: 18 and 21 days in
  CHECK(detector.mostly_persistent(std::vector{kHere}));
}

TEST_CASE("a month of Australia: each hotspot in exactly one event") {
  REFERENCE_OR_SKIP(path, "wildfire/firms_australia_2019/modis_2019_08.csv.gz");
  const auto file = onboard::read_firms(testing::read_file(path));
  REQUIRE(file);
  DetectorOptions options;
  options.closed_max = 100'000;
  Detector detector(options);
  std::map<ObservationId, int> events_of;
  std::size_t events = 0, largest = 0;
  const auto count = [&](const datum::FireEvent& event) {
    ++events;
    largest = std::max(largest, event.observations.size());
    for (const ObservationId id : event.observations) ++events_of[id];
    CHECK(event.outline.size() >= 4);
    CHECK(event.area.value() > 0.0);
  };
  for (std::size_t i = 0; i < file->hotspots.size();) {
    std::size_t end = i;
    while (end < file->hotspots.size() && file->hotspots[end].time == file->hotspots[i].time) ++end;
    detector.add(std::span(file->hotspots).subspan(i, end - i), file->hotspots[i].time);
    for (const EventRecord& closed : detector.take_closed()) count(closed.event);
    i = end;
  }
  for (const EventId id : detector.open_events()) count(detector.event(id));
  CHECK(detector.counts().taken == file->hotspots.size());
  CHECK(events_of.size() == file->hotspots.size());
  CHECK(std::all_of(events_of.begin(), events_of.end(), [](const auto& each) { return each.second == 1; }));
  // Fewer events than pixels, more than one a day; no single event swallows the continent.
  CHECK(events > 1000);
  CHECK(events < file->hotspots.size() / 2);
  CHECK(largest < file->hotspots.size() / 10);
  MESSAGE(events, " events of ", events_of.size(), " hotspots; the largest has ", largest);
}

TEST_CASE("options outside their range are named") {
  CHECK(DetectorOptions{}.validate());
  DetectorOptions options;
  options.link_distance = Metres(-1.0);
  CHECK(!options.validate());
  options = {};
  options.hotspots_max = 0;
  CHECK(!options.validate());
  options = {};
  options.sites.days_min = 1;
  CHECK(!options.validate());
}
