// Stations that follow without a vote learn what was agreed although the leader is gone.
#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "node/messages.h"
#include "sim/world.h"

using namespace skywarden;
using namespace skywarden::sim;
using std::chrono::seconds;

namespace {

const Instant kStart = from_civil({.year = 2026, .month = 7, .day = 1}).value();
const std::set<NodeId> kStations{NodeId(6), NodeId(7)};

struct Counter : Observer {
  std::size_t relayed = 0, sent = 0;
  void on_effects(NodeId, const node::Effects& effects, Instant) override {
    for (const node::Outgoing& packet : effects.send) {
      ++sent;
      const auto message = node::decode(packet.bytes);
      const auto* raft = message ? std::get_if<consensus::Message>(&*message) : nullptr;
      if (raft != nullptr && std::holds_alternative<consensus::Relayed>(raft->body)) ++relayed;
    }
  }
};

// Five voters and two stations, each joined to each.
struct Group {
  explicit Group(std::size_t feeds, std::uint64_t seed) {
    WorldOptions options;
    std::vector<NodeId> nodes;
    for (std::uint32_t id = 1; id <= 7; ++id) {
      nodes.emplace_back(id);
      options.shares[NodeId(id)] = id <= 5 ? 1 : 0;
    }
    options.node.ground = kStations;
    options.node.relay_feeds = feeds;
    world = std::make_unique<World>(options, mesh_paths(nodes, {}, Random(seed)), Random(seed + 1), kStart);
    world->watch(&counter);
    pass(5);
  }
  void pass(int count) { world->run_until(world->now() + seconds(count)); }
  [[nodiscard]] LogIndex committed(NodeId node) const { return world->node(node)->raft().commit_index(); }

  // An entry: other domains, same shares.
  void agree() {
    const NodeId leader = world->leader();
    REQUIRE(leader != kNobody);
    auto membership = consensus::membership_of(world->node(leader)->raft().configuration());
    membership.domains[NodeId(1)] = consensus::FailureDomain(++domain);
    REQUIRE(world->change_membership(leader, membership));
  }

  Counter counter;
  std::unique_ptr<World> world;
  std::uint32_t domain = 0;
};

// What stations know in the end of what voters agreed on while they were out of sight, when the leader and
// two others are gone before they are back, so that nobody can be elected.
std::vector<LogIndex> known_without_leader(std::size_t feeds, std::uint64_t seed, LogIndex& agreed) {
  Group group(feeds, seed);
  group.world->split({kStations});
  group.agree();
  group.pass(3);
  const NodeId leader = group.world->leader();
  agreed = group.committed(leader);
  std::vector<NodeId> left;
  for (std::uint32_t id = 1; id <= 5; ++id)
    if (NodeId(id) != leader) left.emplace_back(id);
  group.world->crash(leader, false);
  group.world->crash(left[0], false);  // those who would be asked first
  group.world->crash(left[1], false);
  for (const NodeId node : {left[2], left[3]}) CHECK(group.committed(node) == agreed);
  group.pass(1);
  group.world->unsplit();
  group.pass(30);
  CHECK(group.world->leader() == kNobody);
  std::vector<LogIndex> known;
  for (const NodeId station : kStations) known.push_back(group.committed(station));
  return known;
}

}  // namespace

TEST_CASE("the leader is gone and nobody can be elected: stations learn the committed prefix from others") {
  int ignorant = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    LogIndex agreed;
    for (const LogIndex known : known_without_leader(2, seed, agreed)) CHECK(known.value() == agreed.value());
    for (const LogIndex known : known_without_leader(0, seed, agreed)) ignorant += known < agreed ? 1 : 0;
  }
  // Without relays they hear only what others still carry of the leader's own words.
  CHECK(ignorant >= 20);  // of 40
}

TEST_CASE("where the leader reaches everybody, relays send nothing") {
  std::size_t sent[2];
  for (const std::size_t feeds : {0, 2}) {
    Group group(feeds, 3);
    for (int i = 0; i < 5; ++i) {
      group.agree();
      group.pass(2);
    }
    for (const NodeId station : kStations)
      CHECK(group.committed(station) == group.committed(group.world->leader()));
    CHECK(group.counter.relayed == 0);
    sent[feeds / 2] = group.counter.sent;
  }
  CHECK(sent[0] == sent[1]);
}
