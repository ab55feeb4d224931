#include "network/link_rules.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "network/link_geometry.h"
#include "orbit/eclipse.h"
#include "orbit/sun.h"
#include "orbit/walker.h"

using namespace skywarden;
using namespace skywarden::network;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Instant kStart = parse_utc("2026-05-08").value();
const Instant kEnd = kStart + hours(3);

std::vector<OrbitingNode> walker(std::uint32_t satellites, std::uint32_t planes) {
  orbit::WalkerPattern pattern;
  pattern.satellites = satellites;
  pattern.planes = planes;
  pattern.inclination = Degrees(86.4);
  pattern.altitude = kilometres(780.0);
  pattern.epoch = kStart;
  std::vector<OrbitingNode> nodes;
  const auto sets = orbit::walker_elements(pattern).value();
  for (const auto& set : sets) nodes.push_back({NodeId(static_cast<std::uint32_t>(nodes.size() + 1)), set});
  return nodes;
}

const std::vector<GroundNode> kStations{{NodeId(500), {{69.66, 18.94}, Metres(130)}},
                                        {NodeId(501), {{-0.5, 32.6}, Metres(1100)}}};

std::vector<ContactWindow> contacts(const LinkRules& rules, const std::vector<OrbitingNode>& nodes) {
  return usable_contacts(nodes, kStations, kStart, kEnd, rules).value();
}

bool is_ground(const ContactWindow& window) {
  return window.b.value() >= 500;
}

ContactWindow window(std::uint32_t a, std::uint32_t b, int from, int to) {
  return {NodeId(a), NodeId(b), {kStart + seconds(from), kStart + seconds(to), {}, BitsPerSecond(1.0)}};
}

std::vector<std::pair<int, int>> times(const std::vector<ContactWindow>& windows) {
  std::vector<std::pair<int, int>> out;
  for (const ContactWindow& w : windows)
    out.emplace_back(static_cast<int>(to_seconds(w.contact.start - kStart)),
                     static_cast<int>(to_seconds(w.contact.end - kStart)));
  return out;
}

double bits(const std::vector<ContactWindow>& windows) {
  double sum = 0.0;
  for (const ContactWindow& w : windows)
    sum += w.contact.rate.value() * to_seconds(w.contact.end - w.contact.start);
  return sum;
}

}  // namespace

TEST_CASE("without rules contacts are the windows") {
  const auto nodes = walker(12, 3);
  LinkRules rules;
  rules.split.delay_step = hours(1);
  const auto plain = contact_windows(nodes, kStations, kStart, kEnd).value();
  const auto ruled = contacts(rules, nodes);
  REQUIRE(ruled.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    CHECK(ruled[i].a == plain[i].a);
    CHECK(ruled[i].b == plain[i].b);
    CHECK(ruled[i].contact.start == plain[i].contact.start);
    CHECK(ruled[i].contact.end == plain[i].contact.end);
    CHECK(ruled[i].contact.rate == plain[i].contact.rate);
    CHECK(std::chrono::abs(ruled[i].contact.delay - plain[i].contact.delay) <= std::chrono::microseconds(1));
  }
}

TEST_CASE("conditions cut windows to a millisecond, inward") {
  const Instant from = kStart + milliseconds(12'345);
  const Instant to = kStart + milliseconds(47'001);
  const auto between = [&](const ContactWindow&, Instant t) { return t >= from && t <= to; };
  const auto cut = windows_where(std::vector{window(1, 2, 0, 100)}, between, seconds(10));
  REQUIRE(cut.size() == 1);
  CHECK(cut[0].contact.start == from);
  CHECK(cut[0].contact.end == to);
  const auto outside = [&](const ContactWindow& w, Instant t) { return !between(w, t); };
  const auto rest = windows_where(std::vector{window(1, 2, 0, 100)}, outside, seconds(10));
  REQUIRE(rest.size() == 2);
  CHECK(rest[0].contact.end == from - milliseconds(1));
  CHECK(rest[1].contact.start == to + milliseconds(1));
  CHECK(windows_where(
            std::vector{window(1, 2, 0, 100)}, [](const auto&, Instant) { return false; }, seconds(7))
            .empty());
}

TEST_CASE("a terminal finds its partner anew after every gap, and not where there is none") {
  const std::vector<ContactWindow> windows{window(1, 2, 0, 100), window(1, 2, 100, 105),
                                           window(1, 2, 200, 220), window(1, 2, 220, 300),
                                           window(1, 3, 100, 400)};
  CHECK(times(after_acquisition(windows, seconds(30))) ==
        std::vector<std::pair<int, int>>{{30, 100}, {100, 105}, {130, 400}, {230, 300}});
  CHECK(after_acquisition(windows, Duration(0)).size() == windows.size());
}

TEST_CASE(
    "no satellite talks to more than it has terminals for, and a terminal left is one nobody is free for") {
  const auto nodes = walker(24, 4);
  const auto sight = contact_windows(nodes, {}, kStart, kEnd).value();
  const auto ephemeris = Ephemeris::make(nodes, {}, kStart, kEnd).value();
  TerminalRules choice;
  for (const double held : {0.0, 0.5, 1.0}) {
    choice.held_factor = held;
    const auto chosen = nearest_contacts(sight, ephemeris, [](NodeId) { return 3; }, choice);
    for (Instant t = kStart; t < kEnd; t += choice.decision) {  // right after a decision
      std::map<NodeId, int> used;
      std::set<std::pair<NodeId, NodeId>> talking;
      for (const ContactWindow& w : chosen)
        if (w.contact.start <= t && t < w.contact.end) {
          ++used[w.a];
          ++used[w.b];
          CHECK(talking.insert({w.a, w.b}).second);
        }
      for (const auto& [node, count] : used) CHECK(count <= 3);
      for (const ContactWindow& w : sight) {
        if (w.contact.start > t || w.contact.end <= t || talking.contains({w.a, w.b})) continue;
        CHECK(std::max(used[w.a], used[w.b]) == 3);
      }
    }
  }
}

TEST_CASE("the nearest are taken; who holds on turns less often") {
  const auto nodes = walker(24, 4);
  const auto sight = contact_windows(nodes, {}, kStart, kEnd).value();
  const auto ephemeris = Ephemeris::make(nodes, {}, kStart, kEnd).value();
  const auto with = [&](double held) {
    return nearest_contacts(sight, ephemeris, [](NodeId) { return 2; }, {seconds(60), held});
  };
  CHECK(with(0.0).size() <= with(0.5).size());
  CHECK(with(0.5).size() < with(1.0).size());
  // With no preference the nearest pair of all always talks.
  const auto free = with(1.0);
  for (Instant t = kStart; t < kEnd; t += seconds(60)) {
    const ContactWindow* nearest = nullptr;
    double least = 1e9;
    for (const ContactWindow& w : sight) {
      if (w.contact.start > t || w.contact.end <= t) continue;
      const double km = (*ephemeris.position(w.a, t) - *ephemeris.position(w.b, t)).norm();
      if (km < least) least = km, nearest = &w;
    }
    if (nearest == nullptr) continue;
    CHECK(std::ranges::any_of(free, [&](const ContactWindow& w) {
      return w.a == nearest->a && w.b == nearest->b && w.contact.start <= t && t < w.contact.end;
    }));
  }
}

TEST_CASE("links across planes are off near the poles, links within a plane stay") {
  const auto nodes = walker(44, 4);
  LinkRules rules;
  rules.satellites.polar_latitude = Degrees(60.0);
  rules.split.delay_step = hours(1);
  const auto found = contacts(rules, nodes);
  const auto ephemeris = Ephemeris::make(nodes, {}, kStart, kEnd).value();
  const auto latitude = [&](NodeId node, Instant t) {
    return std::abs(geocentric_latitude(*ephemeris.position(node, t)).value());
  };
  int across = 0;
  int within = 0;
  for (const ContactWindow& w : found) {
    if (is_ground(w)) continue;
    const bool same_plane = (w.a.value() - 1) / 11 == (w.b.value() - 1) / 11;
    (same_plane ? within : across) += 1;
    for (const Instant t :
         {w.contact.start, w.contact.start + (w.contact.end - w.contact.start) / 2, w.contact.end})
      if (!same_plane) CHECK(std::max(latitude(w.a, t), latitude(w.b, t)) < 60.0);
    if (same_plane) CHECK(w.contact.end - w.contact.start == kEnd - kStart);
  }
  CHECK(across > 10);
  CHECK(within > 10);
}

TEST_CASE("nobody receives out of the Sun unless the Earth hides it") {
  const auto nodes = walker(24, 4);
  LinkRules rules;
  rules.satellites.sun_separation_min = Degrees(8.0);
  rules.ground.sun_separation_min = Degrees(20.0);
  rules.split.delay_step = hours(1);
  const auto found = contacts(rules, nodes);
  const auto plain = contacts(
      [] {
        LinkRules none;
        none.split.delay_step = hours(1);
        return none;
      }(),
      nodes);
  CHECK(bits(found) < bits(plain));
  CHECK(bits(found) > 0.8 * bits(plain));
  const auto ephemeris = Ephemeris::make(nodes, kStations, kStart, kEnd).value();
  const auto blind = [&](NodeId here, NodeId there, Instant t, double limit) {
    const auto p = *ephemeris.position(here, t);
    const auto q = *ephemeris.position(there, t);
    const auto sun = orbit::sun_position(t);
    return sun_separation(p, q, sun).value() < limit &&
           (here.value() >= 500 || !orbit::in_cylindrical_shadow(p, sun));
  };
  const auto covered = [](const std::vector<ContactWindow>& windows, const ContactWindow& of, Instant t) {
    return std::ranges::any_of(windows, [&](const ContactWindow& w) {
      return w.a == of.a && w.b == of.b && w.contact.start <= t && t <= w.contact.end;
    });
  };
  int outages = 0;
  for (const ContactWindow& w : plain)
    for (Instant t = w.contact.start; t < w.contact.end; t += seconds(20)) {
      const bool out =
          is_ground(w) ? blind(w.b, w.a, t, 20.0) : blind(w.a, w.b, t, 8.0) || blind(w.b, w.a, t, 8.0);
      outages += out ? 1 : 0;
      CHECK(covered(found, w, t) == !out);
    }
  CHECK(outages > 20);
}

TEST_CASE("pieces of a pass carry what the link does second by second") {
  const auto nodes = walker(12, 3);
  LinkRules rules;
  rules.ground.rate = ka_band_to_ground();
  rules.ground.elevation_min = Degrees(5.0);
  rules.satellites.rate = ka_band_between_satellites();
  const auto found = contacts(rules, nodes);
  const auto ephemeris = Ephemeris::make(nodes, kStations, kStart, kEnd).value();
  const auto plain = contact_windows(nodes, kStations, kStart, kEnd,
                                     [] {
                                       ContactOptions options;
                                       options.elevation_min = Degrees(5.0);
                                       return options;
                                     }())
                         .value();
  double expected = 0.0;
  double got = 0.0;
  for (const ContactWindow& w : plain) {
    if (!is_ground(w)) continue;
    const auto& place = ephemeris.station(w.b)->place;
    RainClimate rain;
    rain.rain_height = typical_rain_height(Degrees(place.point.lat_deg));
    for (Instant t = w.contact.start + milliseconds(500); t < w.contact.end; t += seconds(1)) {
      const double km = (*ephemeris.position(w.a, t) - *ephemeris.position(w.b, t)).norm();
      const auto air = air_loss({Decibels(0.05), rain}, gigahertz(26.0), *ephemeris.elevation(w.b, w.a, t),
                                Degrees(place.point.lat_deg), place.altitude);
      expected += radio_rate(ka_band_to_ground(), kilometres(km), air).value_or(BitsPerSecond(0.0)).value();
    }
  }
  std::size_t pieces = 0;
  double least = 1e18;
  double most = 0.0;
  for (const ContactWindow& w : found) {
    if (!is_ground(w)) continue;
    ++pieces;
    got += w.contact.rate.value() * to_seconds(w.contact.end - w.contact.start);
    least = std::min(least, w.contact.rate.value());
    most = std::max(most, w.contact.rate.value());
  }
  CHECK(got == doctest::Approx(expected).epsilon(0.01));
  CHECK(pieces > 20);
  CHECK(least < 40e6);
  CHECK(most > 80e6);
  for (const ContactWindow& w : found) {
    const double km =
        (*ephemeris.position(w.a, w.contact.start) - *ephemeris.position(w.b, w.contact.start)).norm();
    CHECK(to_seconds(w.contact.delay) == doctest::Approx(km / 299792.458).epsilon(1e-3));
  }
}

TEST_CASE("a plus grid keeps its pairs only, and wants planes") {
  const auto nodes = walker(44, 4);
  LinkRules rules;
  rules.satellites.pattern = IslPattern::kPlusGrid;
  std::set<std::pair<NodeId, NodeId>> pairs;
  for (const ContactWindow& w : contacts(rules, nodes))
    if (!is_ground(w)) pairs.insert({w.a, w.b});
  CHECK(pairs.size() <= 88);
  CHECK(pairs.contains({NodeId(1), NodeId(2)}));
  CHECK_FALSE(pairs.contains({NodeId(1), NodeId(3)}));
  const auto few = std::vector(nodes.begin(), nodes.begin() + 5);
  CHECK(usable_contacts(few, kStations, kStart, kEnd, rules).error().code == Errc::kUnsupported);
}

TEST_CASE("one antenna follows one satellite") {
  const auto nodes = walker(24, 4);
  LinkRules rules;
  rules.ground.antennas = 1;
  rules.ground.acquisition = seconds(20);
  rules.split.delay_step = hours(1);
  auto found = contacts(rules, nodes);
  std::erase_if(found, [](const ContactWindow& w) { return !is_ground(w); });
  REQUIRE(found.size() > 4);
  for (const ContactWindow& x : found)
    for (const ContactWindow& y : found)
      if (&x != &y && x.b == y.b)
        CHECK((x.contact.end <= y.contact.start || y.contact.end <= x.contact.start));
}

TEST_CASE("rules out of range are refused") {
  const auto refused = [](auto&& change) {
    LinkRules rules;
    change(rules);
    const auto valid = rules.validate();
    return !valid && valid.error().code == Errc::kOutOfRange;
  };
  CHECK(LinkRules{}.validate());
  CHECK(refused([](LinkRules& r) { r.satellites.terminals = 0; }));
  CHECK(refused([](LinkRules& r) { r.ground.antennas = -1; }));
  CHECK(refused([](LinkRules& r) { r.satellites.polar_latitude = Degrees(std::nan("")); }));
  CHECK(refused([](LinkRules& r) { r.satellites.acquisition = -seconds(1); }));
  CHECK(refused([](LinkRules& r) { r.ground.choice.held_factor = 2.0; }));
  CHECK(refused([](LinkRules& r) { r.ground.choice.decision = Duration(0); }));
  CHECK(refused([](LinkRules& r) { r.split.rate_step = 0.5; }));
  CHECK(refused([](LinkRules& r) { r.split.delay_step = Duration(0); }));
  CHECK(refused([](LinkRules& r) { r.look = Duration(0); }));
  CHECK(refused([](LinkRules& r) { r.satellites.sun_separation_min = Degrees(-1.0); }));
  CHECK(refused([](LinkRules& r) { r.satellites.rate = BitsPerSecond(0.0); }));
  CHECK(refused([](LinkRules& r) { r.ground.air.zenith_loss = Decibels(-1.0); }));
}
