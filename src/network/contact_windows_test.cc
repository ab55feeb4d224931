#include "network/contact_windows.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "network/contact_plan.h"
#include "orbit/sgp4.h"

using namespace skywarden;
using namespace skywarden::network;

namespace {

Instant at(const char* text) {
  return parse_utc(text).value();
}

orbit::ElementSet circular(double revs, double inclination_deg, double node_deg, double anomaly_deg) {
  orbit::ElementSet set;
  set.mean_motion = orbit::mean_motion_from_revs_per_day(revs);
  set.eccentricity = 0.0005;
  set.inclination = inclination_deg * std::numbers::pi / 180.0;
  set.node = node_deg * std::numbers::pi / 180.0;
  set.mean_anomaly = anomaly_deg * std::numbers::pi / 180.0;
  orbit::set_epoch(set, julian_date_utc(at("2026-05-08")));
  return set;
}

std::vector<OrbitingNode> six_satellites() {
  std::vector<OrbitingNode> nodes;
  for (std::uint32_t i = 0; i < 6; ++i)
    nodes.push_back({NodeId(i + 1), circular(14.6 + 0.1 * i, 97.5 - 9.0 * i, 60.0 * i, 50.0 * i)});
  return nodes;
}

const std::vector<GroundNode>& two_stations() {
  static const std::vector<GroundNode> nodes{{NodeId(100), {{78.22875, 15.39964}, Metres(0)}},
                                             {NodeId(101), {{-52.93279, -70.85021}, Metres(0)}}};
  return nodes;
}

// The obvious way: SGP4 afresh at every second, geometry written out again.
bool sees(const OrbitingNode& a, const OrbitingNode& b, Instant t, double range_max_km) {
  const auto p = orbit::Sgp4(a.elements).at(t)->position;
  const auto q = orbit::Sgp4(b.elements).at(t)->position;
  if ((p - q).norm() > range_max_km) return false;
  for (int i = 0; i <= 2000; ++i) {
    const double s = i / 2000.0;
    if (((1.0 - s) * p + s * q).norm() < 6378.137 + 80.0) return false;
  }
  return true;
}

bool sees(const GroundNode& ground, const OrbitingNode& satellite, Instant t, double mask_deg) {
  const auto state = orbit::to_ecef(*orbit::Sgp4(satellite.elements).at(t), orbit::earth_rotation(t));
  return orbit::Horizon(ground.place).look(state).elevation.value() >= mask_deg;
}

template <typename Sees>
void compare(const ContactPlan& plan, NodeId a, NodeId b, Instant start, Instant end, const Sees& sees_at) {
  int disagreements = 0;
  for (Instant t = start; t < end; t += std::chrono::seconds(10)) {
    const auto contact = plan.next_contact(a, b, t);
    if ((contact && contact->start <= t) != sees_at(t)) ++disagreements;
  }
  CHECK(disagreements == 0);
}

}  // namespace

TEST_CASE("windows agree with looking at every moment") {
  const Instant start = at("2026-05-08T03:00:00Z");
  const Instant end = start + std::chrono::hours(4);
  ContactOptions options;
  const auto satellites = six_satellites();
  const auto windows = contact_windows(satellites, two_stations(), start, end, options);
  REQUIRE(windows.has_value());
  REQUIRE(windows->size() > 20);
  CHECK(std::is_sorted(windows->begin(), windows->end()));
  const ContactPlan plan(*windows);
  for (std::size_t i = 0; i < satellites.size(); ++i) {
    for (std::size_t j = i + 1; j < satellites.size(); ++j)
      compare(plan, satellites[i].node, satellites[j].node, start, end,
              [&](Instant t) { return sees(satellites[i], satellites[j], t, 5000.0); });
    for (const auto& ground : two_stations())
      compare(plan, satellites[i].node, ground.node, start, end,
              [&](Instant t) { return sees(ground, satellites[i], t, 10.0); });
  }
}

TEST_CASE("an edge is where the station's mask is, to a metre's worth of time") {
  const Instant start = at("2026-05-08T03:00:00Z");
  const auto satellites = six_satellites();
  const auto windows = contact_windows(satellites, two_stations(), start, start + std::chrono::hours(12));
  REQUIRE(windows.has_value());
  int edges = 0;
  for (const ContactWindow& w : *windows) {
    CHECK(w.a < w.b);
    CHECK(w.contact.start < w.contact.end);
    if (w.b.value() < 100) continue;
    const auto& place = two_stations()[w.b.value() - 100].place;
    for (const Instant t : {w.contact.start, w.contact.end}) {
      if (t == start || t == start + std::chrono::hours(12)) continue;
      const auto state =
          orbit::to_ecef(*orbit::Sgp4(satellites[w.a.value() - 1].elements).at(t), orbit::earth_rotation(t));
      const auto look = orbit::Horizon(place).look(state);
      CHECK(look.elevation.value() == doctest::Approx(10.0).epsilon(1e-5));
      CHECK(look.elevation.value() >= 10.0 - 1e-6);
      if (t == w.contact.start)
        CHECK(to_seconds(w.contact.delay) == doctest::Approx(look.range_km / 299792.458).epsilon(1e-3));
      ++edges;
    }
  }
  CHECK(edges > 20);
}

TEST_CASE("two satellites far apart on one ring never see each other, close ones always do") {
  const std::vector<OrbitingNode> ring{{NodeId(1), circular(14.6, 97.5, 10, 0)},
                                       {NodeId(2), circular(14.6, 97.5, 10, 30)},
                                       {NodeId(3), circular(14.6, 97.5, 10, 180)}};
  const Instant start = at("2026-05-08");
  const Instant end = start + std::chrono::hours(6);
  const auto windows = contact_windows(ring, {}, start, end);
  REQUIRE(windows.has_value());
  REQUIRE(windows->size() == 1);
  CHECK(windows->front().a == NodeId(1));
  CHECK(windows->front().b == NodeId(2));
  CHECK(windows->front().contact.start == start);
  CHECK(windows->front().contact.end == end);
}

TEST_CASE("a satellite that decays has no contacts afterwards") {
  auto falling = circular(16.4, 97.5, 10, 0);
  falling.bstar = 0.02;
  const std::vector<OrbitingNode> pair{{NodeId(1), falling}, {NodeId(2), circular(16.4, 97.5, 10, 5)}};
  const Instant start = at("2026-05-08");
  const auto windows = contact_windows(pair, two_stations(), start, start + std::chrono::hours(48));
  REQUIRE(windows.has_value());
  REQUIRE_FALSE(orbit::Sgp4(falling).at(start + std::chrono::hours(48)).has_value());
  Instant last = start;
  for (const auto& w : *windows)
    if (w.a == NodeId(1)) last = std::max(last, w.contact.end);
  CHECK(last > start);
  CHECK(orbit::Sgp4(falling).at(last).has_value());
}

TEST_CASE("bad requests are refused with a reason") {
  const auto satellites = six_satellites();
  const Instant t = at("2026-05-08");
  std::vector<OrbitingNode> twice{satellites[0], satellites[0]};
  CHECK(contact_windows(twice, {}, t, t).error().code == Errc::kConflict);
  CHECK(contact_windows(satellites, {}, t, t - std::chrono::seconds(1)).error().code == Errc::kOutOfRange);
  ContactOptions options;
  options.step = std::chrono::hours(1);
  CHECK(contact_windows(satellites, {}, t, t, options).error().code == Errc::kOutOfRange);
}

TEST_CASE("a plan answers in both directions and keeps overlapping windows apart") {
  const Instant t = at("2026-05-08");
  const auto window = [&](int a, int b, int from, int to) {
    return ContactWindow{
        NodeId(static_cast<std::uint32_t>(a)),
        NodeId(static_cast<std::uint32_t>(b)),
        {t + std::chrono::seconds(from), t + std::chrono::seconds(to), {}, BitsPerSecond(1)}};
  };
  const ContactPlan plan({window(2, 1, 100, 200), window(1, 2, 10, 50), window(1, 2, 40, 60),
                          window(3, 3, 0, 10), window(1, 3, 0, 1000)});
  CHECK(plan.contacts(NodeId(1), NodeId(2)).size() == 3);
  CHECK(plan.contacts(NodeId(3), NodeId(3)).empty());
  CHECK(plan.next_contact(NodeId(2), NodeId(1), t)->start == t + std::chrono::seconds(10));
  CHECK(plan.next_contact(NodeId(1), NodeId(2), t + std::chrono::seconds(50))->start ==
        t + std::chrono::seconds(50));
  CHECK(plan.next_contact(NodeId(1), NodeId(2), t + std::chrono::seconds(60))->end ==
        t + std::chrono::seconds(200));
  CHECK_FALSE(plan.next_contact(NodeId(1), NodeId(2), t + std::chrono::seconds(200)).has_value());
  CHECK_FALSE(plan.next_contact(NodeId(1), NodeId(9), t).has_value());
  CHECK(plan.neighbours(NodeId(1), t + std::chrono::seconds(20)) ==
        std::vector<NodeId>{NodeId(2), NodeId(3)});
  CHECK(plan.neighbours(NodeId(1), t + std::chrono::seconds(70)) == std::vector<NodeId>{NodeId(3)});
  CHECK(plan.windows().size() == 4);
}
