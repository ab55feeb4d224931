#include "sim/world.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <variant>

#include "base/geodesy.h"
#include "node/messages.h"
#include "wildfire/danger.h"

using namespace skywarden;
using namespace skywarden::sim;
using std::chrono::seconds;

namespace {

const Instant kStart = from_civil({.year = 2026, .month = 7, .day = 1}).value();

datum::Hotspot pixel(GeoPoint where, Instant when) {
  datum::Hotspot h;
  h.time = when;
  h.centre = where;
  h.scan = h.track = Metres(400.0);
  h.brightness = Kelvin(360.0);
  h.background = Kelvin(295.0);
  h.radiative_power = megawatts(60.0);
  h.confidence = Probability(0.95);
  h.satellite = h.instrument = "SIM";
  h.provenance = datum::Provenance::kSimulated;
  h.id = datum::observation_id(h);
  return h;
}

// Counts what the nodes say to leaders and what enters the ledger.
struct Listener : Observer {
  int reports = 0;
  int alerts = 0;
  void on_effects(NodeId, const node::Effects& effects, Instant) override {
    alerts += static_cast<int>(effects.alerts.size());
    for (const node::Outgoing& packet : effects.send) {
      const auto message = node::decode(packet.bytes);
      if (message && std::holds_alternative<node::Report>(*message)) ++reports;
    }
  }
};

struct FiveNodes {
  FiveNodes() {
    WorldOptions options;
    std::vector<NodeId> nodes;
    for (std::uint32_t id = 1; id <= 5; ++id) {
      nodes.emplace_back(id);
      options.shares[NodeId(id)] = 1;
    }
    world = std::make_unique<World>(options, mesh_paths(nodes, {}, Random(1)), Random(2), kStart);
    world->watch(&listener);
    world->run_until(kStart + seconds(5));
    datum::Prior prior;
    prior.as_of = world->now();
    prior.danger = wildfire::danger_class(45.0);
    prior.probability = wildfire::modelled_prior(45.0);
    prior.source = "test";
    for (const NodeId node : nodes) (void)world->announce(node, prior);
  }
  void burn(GeoPoint where, int pixels) {
    for (int i = 0; i < pixels; ++i) {
      const datum::Hotspot seen = pixel(destination(where, Degrees(90.0), Metres(300.0 * i)), world->now());
      (void)world->observe(NodeId(1), {&seen, 1});
    }
  }
  void pass(int count) { world->run_until(world->now() + seconds(count)); }

  Listener listener;
  std::unique_ptr<World> world;
};

}  // namespace

TEST_CASE("a new leader is told only what the ledger does not say, and tells of the next fire all the same") {
  FiveNodes group;
  for (int i = 0; i < 10; ++i) group.burn({38.0 + 0.1 * i, -122.0}, 6);
  group.pass(20);
  const int told = group.listener.alerts;
  CHECK(told >= 50);  // ten fires, told by five nodes each
  CHECK(group.listener.reports >= 40);

  group.listener.reports = 0;
  const NodeId first = group.world->leader();
  group.world->crash(first, false);
  group.pass(10);
  const NodeId second = group.world->leader();
  REQUIRE(second != kNobody);
  CHECK(second != first);
  CHECK(group.listener.reports == 0);
  CHECK(group.listener.alerts == told);

  group.world->restart(first);
  group.burn({40.0, -120.0}, 6);
  group.pass(20);
  CHECK(group.listener.alerts > told);
  CHECK(group.listener.reports > 0);
}

TEST_CASE("a lagging node that restarts learns what was told without it") {
  FiveNodes group;
  group.pass(1);
  const NodeId leader = group.world->leader();
  const NodeId absent = leader == NodeId(5) ? NodeId(4) : NodeId(5);
  group.world->crash(absent, false);
  group.burn({38.0, -122.0}, 6);
  group.pass(10);
  CHECK(group.listener.alerts == 4);
  group.world->restart(absent);
  group.pass(10);
  CHECK(group.listener.alerts == 5);
  CHECK(group.world->node(absent)->ledger().fingerprint() ==
        group.world->node(leader)->ledger().fingerprint());
}
