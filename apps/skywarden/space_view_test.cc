#include "space_view.h"

#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "console_space.h"
#include "orbit/doppler.h"
#include "orbit/walker.h"

namespace skywarden::app {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

const Instant kStart = parse_utc("2030-01-01T00:00:00Z").value();
constexpr NodeId kOne{1}, kTwo{2}, kThree{3};

network::ContactWindow window(NodeId a, NodeId b, Duration start, Duration end) {
  return {a, b, {kStart + start, kStart + end, 1ms, BitsPerSecond(1e6)}};
}

std::vector<orbit::ElementSet> polar_satellites(int count) {
  orbit::WalkerPattern pattern;
  pattern.satellites = count;
  pattern.planes = 1;
  pattern.phasing = 0;
  pattern.inclination = Degrees(98.7);
  pattern.altitude = kilometres(829.0);
  pattern.epoch = kStart;
  return orbit::walker_elements(pattern).value();
}

orbit::Sgp4 npp() {
  orbit::ElementSet elements = polar_satellites(1).front();
  elements.norad = 37849;  // Suomi NPP, which carries VIIRS
  return orbit::Sgp4(elements);
}

TEST_CASE("closures tell since when, until when and why") {
  sim::Cuts cuts;
  Closures closures({kOne, kTwo, kThree});
  cuts.cut(kOne, kTwo);
  closures.follow(cuts, kStart + 10s);
  CHECK(closures.closed(kTwo, kOne));
  CHECK(!closures.closed(kOne, kThree));
  cuts.set_down(kOne, true);
  closures.follow(cuts, kStart + 20s);
  cuts.set_down(kOne, false);
  cuts.heal(kOne, kTwo);
  closures.follow(cuts, kStart + 30s);
  cuts.split({{kThree}});
  closures.follow(cuts, kStart + 40s);
  const std::vector<Closure> expected{{kStart + 10s, kStart + 20s, ClosureReason::kCut},
                                      {kStart + 20s, kStart + 30s, ClosureReason::kDown}};
  CHECK(closures.during(kOne, kTwo, kStart, kStart + 1h) == expected);
  CHECK(closures.during(kOne, kTwo, kStart, kStart + 15s).size() == 1);
  CHECK(closures.during(kOne, kTwo, kStart + 31s, kStart + 1h).empty());
  const auto apart = closures.during(kThree, kOne, kStart + 1h, kStart + 2h);  // it lasts
  REQUIRE(apart.size() == 1);
  CHECK(apart[0].reason == ClosureReason::kPartition);
}

TEST_CASE("closures of one moment leave no trace, and of many the newest are kept") {
  sim::Cuts cuts;
  Closures closures({kOne, kTwo});
  cuts.cut(kOne, kTwo);
  closures.follow(cuts, kStart);
  cuts.heal(kOne, kTwo);
  closures.follow(cuts, kStart);
  CHECK(closures.during(kOne, kTwo, kStart, kStart + 1h).empty());
  for (int i = 1; i <= 100; ++i) {
    cuts.cut(kOne, kTwo);
    closures.follow(cuts, kStart + i * 10s);
    cuts.heal(kOne, kTwo);
    closures.follow(cuts, kStart + i * 10s + 5s);
  }
  const auto kept = closures.during(kOne, kTwo, kStart, kStart + 1h);
  REQUIRE(kept.size() == Closures::kKeptMax);
  CHECK(kept.back().from == kStart + 1000s);
}

TEST_CASE("contacts around now: under way, then next, then past; ground links, or all of one node") {
  const network::ContactPlan plan({window(kOne, kThree, 0min, 10min), window(kOne, kThree, 100min, 110min),
                                   window(kTwo, kThree, 30min, 70min), window(kOne, kTwo, 0min, 300min),
                                   window(kOne, kThree, 200min, 210min), window(kTwo, kThree, 90min, 95min)});
  const std::vector<SeenNode> nodes{{kOne, true}, {kTwo, true}, {kThree, false}};
  sim::Cuts cuts;
  Closures closures({kOne, kTwo, kThree});
  cuts.cut(kTwo, kThree);
  closures.follow(cuts, kStart + 35min);
  const auto ground = contacts_around(plan, closures, nodes, std::nullopt, kStart + 40min);
  const auto text = [](const ContactsAround& around) {
    std::string out;
    for (const ShownContact& c : around.contacts)
      out += fmt::format("{}-{} {:.0f} {} {}; ", c.a.value(), c.b.value(),
                         to_seconds(c.start - kStart) / 60.0, to_string(c.state), c.closures.size());
    return out;
  };
  CHECK(text(ground) == "2-3 30 closed 1; 2-3 90 planned 1; 1-3 100 planned 0; 1-3 0 past 0; ");
  const auto of_one = contacts_around(plan, closures, nodes, kOne, kStart + 40min);
  CHECK(text(of_one) == "1-2 0 open 0; 1-3 100 planned 0; 1-3 0 past 0; ");
}

TEST_CASE("the list of contacts is bounded and says of how many") {
  std::vector<network::ContactWindow> windows;
  for (int i = 0; i < 400; ++i) windows.push_back(window(kOne, kTwo, i * 10s, i * 10s + 5s));
  const std::vector<SeenNode> nodes{{kOne, true}, {kTwo, false}};
  const auto around =
      contacts_around(network::ContactPlan(windows), Closures({}), nodes, std::nullopt, kStart);
  CHECK(around.of == 400);
  CHECK(around.contacts.size() == kContactsShownMax);
}

TEST_CASE("the shift of a carrier follows how fast the distance changes") {
  const orbit::Sgp4 satellite = npp();
  const orbit::Place station{{78.2, 15.4}, Metres(450.0)};
  const Position<Ecef> ground = orbit::to_ecef(station);
  const auto range = [&](Instant t) {
    const auto at = orbit::to_ecef(satellite.at(t).value(), orbit::earth_rotation(t)).position - ground;
    return std::sqrt(dot(at, at));
  };
  bool nearer = false, farther = false;
  for (Duration after = 0min; after < 100min; after += 5min) {
    const Instant t = kStart + after;
    const auto shift = carrier_shift(satellite, station, 8.2e9, t);
    REQUIRE(shift);
    const double rate = (range(t + 500ms) - range(t - 500ms)) / 1.0;
    CHECK(shift->range_rate_kms == doctest::Approx(rate).epsilon(1e-3));
    CHECK(shift->shift_hz == doctest::Approx(-8.2e9 * rate / 299792.458).epsilon(2e-3));
    nearer = nearer || shift->shift_hz > 1e5;
    farther = farther || shift->shift_hz < -1e5;
  }
  CHECK(nearer);
  CHECK(farther);
}

TEST_CASE("a strip of swept ground is as wide as published and lies behind the satellite") {
  const orbit::Sgp4 satellite = npp();
  const auto carried = carried_sensor(satellite.elements());
  REQUIRE(carried);
  CHECK(carried->known->name == "viirs");
  const Instant now = kStart + 12min;
  const auto strip = swept_ground(satellite, carried->swath, now);
  REQUIRE(strip.size() == 2 * (kSweptSteps + 1));
  const GeoPoint left = strip[kSweptSteps], right = strip[kSweptSteps + 1];
  CHECK(distance(left, right).value() / 1000.0 == doctest::Approx(3060.0).epsilon(0.02));
  const GeoPoint below = orbit::sub_satellite_point(satellite.at(now).value(), now).point;
  CHECK(distance(below, left).value() == doctest::Approx(distance(below, right).value()).epsilon(0.01));
  const GeoPoint before = orbit::sub_satellite_point(satellite.at(now - 1min).value(), now - 1min).point;
  const double heading = bearing(before, below).value();
  const auto turn_to = [&](GeoPoint corner) {
    return std::remainder(bearing(below, corner).value() - heading, 360.0);
  };
  CHECK(turn_to(left) == doctest::Approx(-90.0).epsilon(0.1));
  CHECK(turn_to(right) == doctest::Approx(90.0).epsilon(0.1));
  CHECK(std::abs(turn_to(strip.front())) > 90.0);
  CHECK(!carried_sensor(polar_satellites(1).front()));
}

TEST_CASE("a play tells its contacts, its bundles in store and how they came, from the plan it flies") {
  Incident incident;
  incident.start = kStart;
  incident.end = kStart + 4h;
  incident.satellites = polar_satellites(8);
  incident.satellites[0].norad = 37849;
  incident.ground_stations = {{"north", "", {78.2, 15.4}, Metres(0.0)},
                              {"south", "", {-52.9, -70.9}, Metres(0.0)}};
  auto player = Player::prepare(incident, 1);
  REQUIRE(player);
  ConsoleSpace console;
  struct Carried : PlayListener {
    ConsoleSpace* console = nullptr;
    void on_bundle(const sim::Delivery& delivery) override { console->carried(delivery); }
  } listener;
  listener.console = &console;
  (*player)->listen(&listener);
  // In the ring everybody has a path to everybody; satellite 3 is left with the ground alone.
  (*player)->cut(NodeId(2), NodeId(3));
  (*player)->cut(NodeId(3), NodeId(4));
  std::size_t open = 0, shifts = 0, hops = 0;
  std::uint64_t offered = 0;
  for (int i = 1; i <= 16; ++i) {
    (*player)->advance(kStart + i * 15min);
    const Json space = Json::parse(console.space(**player));
    REQUIRE(!space["contacts"].empty());
    std::size_t open_now = 0;
    for (const Json& contact : space["contacts"]) {
      const Instant aos = parse_utc(contact["start"].get<std::string>()).value();
      const Instant los = parse_utc(contact["end"].get<std::string>()).value();
      CHECK(aos < los);
      const bool now = aos <= (*player)->now() && (*player)->now() < los;
      if (contact["state"] == "open") CHECK(now);
      open_now += contact["state"] == "open" ? 1 : 0;
    }
    CHECK(space["doppler"]["links"].size() == open_now);
    for (const Json& link : space["doppler"]["links"]) CHECK(link["elevation_deg"].get<double>() > 4.8);
    open += open_now;
    shifts += space["doppler"]["links"].size();
    CHECK(space["bundles"]["offered"].get<std::uint64_t>() >= offered);
    offered = space["bundles"]["offered"].get<std::uint64_t>();
    const ConsoleSpace::Ways ways = console.ways(**player);
    for (const std::string& message : ways.others) {
      const Json parsed = Json::parse(message);
      for (const Json& way : parsed["items"]) {
        REQUIRE(!way["hops"].empty());
        CHECK(way["hops"].front()["from"] == way["from"]);
        CHECK(way["hops"].back()["to"] == way["to"]);
        hops += way["hops"].size();
      }
    }
  }
  CHECK(open > 0);
  CHECK(shifts > 0);
  CHECK(offered > 0);
  CHECK(hops > 0);
  CHECK(swath_of(**player, NodeId(1)).size() == 2 * (kSweptSteps + 1));
  CHECK(swath_of(**player, NodeId(2)).empty());
  CHECK(swath_of(**player, NodeId(9)).empty());

  (*player)->kill(NodeId(3));
  console.choose(NodeId(3));
  const Json chosen = Json::parse(console.space(**player));
  CHECK(chosen["node"] == 3);
  for (const Json& contact : chosen["contacts"]) {
    CHECK((contact["a"] == 3 || contact["b"] == 3));
    CHECK(contact["state"] != "open");
    if (contact["state"] == "closed") CHECK(contact["closed"].back()["reason"] == "down");
  }
}

}  // namespace
}  // namespace skywarden::app
