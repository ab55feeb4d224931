// Nodes in conversation in virtual time, with a driver that performs their effects at once and a disk that
// survives them.
#include "network/bundle_node.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "network/bundle_decode.h"
#include "network/bundle_encode.h"
#include "network/passage_block.h"

using namespace skywarden;
using namespace skywarden::network;
using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

namespace {

// A–B and B–C are never open together.
constexpr const char* kLine = R"(from,to,start_s,end_s,rate_bps,owlt_s
A,B,10,20,80000,0.01
B,A,10,20,80000,0.01
B,C,30,40,80000,0.01
C,B,30,40,80000,0.01
A,B,50,60,80000,0.01
B,A,50,60,80000,0.01
)";

Instant epoch() {
  return from_civil({2026, 5, 10}).value();
}

struct Offer {
  const char* to = "dtn://C/inbox";
  std::uint64_t sequence = 1;
  std::size_t bytes = 1000;
  std::optional<std::uint64_t> hop_limit{};
  std::optional<BundleCriticality> criticality{};
  std::uint64_t flags = 0;
  bool clock = true;
  std::optional<Block> extra{};
};

Bytes bundle(const Offer& offer) {
  Bundle bundle;
  bundle.primary.flags = offer.flags;
  bundle.primary.source = parse_endpoint("dtn://A/sensor").value();
  bundle.primary.destination = parse_endpoint(offer.to).value();
  bundle.primary.report_to = bundle.primary.source;
  bundle.primary.created = {offer.clock ? to_dtn_time(epoch()) : 0, offer.sequence};
  bundle.primary.lifetime_ms = 3'600'000;
  std::uint64_t number = 2;
  if (offer.hop_limit) bundle.blocks.push_back(hop_count_block(number++, {*offer.hop_limit, 0}));
  if (offer.criticality) bundle.blocks.push_back(criticality_block(number++, *offer.criticality));
  if (!offer.clock) bundle.blocks.push_back(bundle_age_block(number++, 5));
  if (offer.extra) bundle.blocks.push_back(*offer.extra);
  bundle.blocks.push_back(payload_block(Bytes(offer.bytes, std::byte{7})));
  return encode_bundle(bundle).value();
}

struct World {
  struct Delivered {
    std::size_t at = 0;  // node
    Bytes bytes;
  };

  PlanFile plan;
  ContactGraph graph;
  std::vector<BundleNode> nodes;
  std::vector<std::map<std::uint64_t, KeptBundle>> disks;
  std::vector<bool> alive, disk_full;
  std::vector<Delivered> delivered;
  std::vector<std::string> trace;
  std::vector<std::string> refusals;
  bool answers_lost = false;
  Duration now{};

  explicit World(const char* csv) : plan(read_plan(csv, "test").value()) {
    graph = ContactGraph::make(static_cast<std::uint32_t>(plan.nodes.size()), plan.contacts).value();
    for (std::uint32_t v = 0; v < graph.vertices(); ++v) nodes.push_back(fresh(v));
    disks.resize(nodes.size());
    alive.assign(nodes.size(), true);
    disk_full.assign(nodes.size(), false);
  }
  BundleNode fresh(std::uint32_t vertex) {
    BundleNodeOptions options;
    options.forwarder.epoch = epoch();
    options.forwarder.born = now;
    return BundleNode::make(plan, graph, Vertex(vertex), options).value();
  }
  std::size_t node(const char* name) const { return plan.find(name).value().value(); }

  BundleNode::Reception offer(const char* at, Bytes bytes) {
    NodeEffects effects;
    auto reception = nodes[node(at)].receive(std::move(bytes), now, effects);
    perform(node(at), std::move(effects));
    return reception;
  }
  void crash_and_restart(const char* name) {
    const std::size_t v = node(name);
    nodes[v] = fresh(static_cast<std::uint32_t>(v));
    auto kept = std::exchange(disks[v], {});
    NodeEffects effects;
    for (auto& [unused, entry] : kept) {
      const KeptBundle copy = entry;
      disks[v][nodes[v].restore(std::move(entry), now, effects).value()] = copy;
    }
    CHECK(effects.empty());
  }
  void run_until(Duration end) {
    for (int steps = 0; steps < 100'000; ++steps) {
      Duration at = end;
      for (const BundleNode& each : nodes) at = std::min(at, each.wake_at());
      now = std::max(now, at);
      for (std::size_t v = 0; v < nodes.size(); ++v) {
        NodeEffects effects;
        nodes[v].tick(now, effects);
        perform(v, std::move(effects));
      }
      if (now >= end) return;
    }
    FAIL("the nodes do not come to rest");
  }

 private:
  void perform(std::size_t v, NodeEffects effects) {
    for (NodeEffect& effect : effects) {
      NodeEffects more;
      std::visit([&](auto& each) { act(v, each, more); }, effect);
      perform(v, std::move(more));
    }
  }
  void act(std::size_t v, const NodeDial& dial, NodeEffects& more) {
    trace.push_back(fmt::format("{} dials at {}", plan.nodes[v], to_seconds(now)));
    if (alive[graph.contact(dial.contact).to.value()])
      nodes[v].session_up(dial.contact, now, more);
    else
      nodes[v].session_down(dial.contact, now, more);
  }
  void act(std::size_t v, const NodeHangUp& hang_up, NodeEffects& more) {
    nodes[v].session_down(hang_up.contact, now, more);
  }
  void act(std::size_t v, NodeTransmit& transmit, NodeEffects& more) {
    const std::size_t peer = graph.contact(transmit.contact).to.value();
    trace.push_back(fmt::format("{} sends {} bytes at {}", plan.nodes[v], transmit.bytes.size(),
                                std::chrono::duration_cast<std::chrono::milliseconds>(now).count()));
    NodeEffects theirs;
    const auto reception = nodes[peer].receive(std::move(transmit.bytes), now, theirs);
    perform(peer, std::move(theirs));
    if (!reception.why.empty()) refusals.push_back(reception.why);
    const bool taken = !reception.refused || reception.refused == TcpclRefuseReason::kCompleted;
    nodes[v].settled(transmit.contact, transmit.slot,
                     answers_lost ? Settled::kLost
                     : taken      ? Settled::kTaken
                                  : Settled::kRefused,
                     now, more);
    if (answers_lost) nodes[v].session_down(transmit.contact, now, more);
  }
  void act(std::size_t v, const NodeKeep& keep, NodeEffects&) {
    const StoredBundle* stored = nodes[v].store().find(keep.slot);
    REQUIRE(stored != nullptr);
    if (disk_full[v]) return nodes[v].withdraw(keep.id);
    disks[v][keep.slot] = {stored->received, stored->bytes};
  }
  void act(std::size_t v, NodeDeliver& deliver, NodeEffects& more) {
    delivered.push_back({v, deliver.bytes});
    nodes[v].report(deliver.bytes, ReportEvent::kDelivered, ReportReason::kNone, now, more);
  }
  void act(std::size_t v, const NodeDiscard& discard, NodeEffects&) { disks[v].erase(discard.slot); }
};

}  // namespace

TEST_CASE("a bundle crosses two contacts that are never open together, and says how it came") {
  World world(kLine);
  CHECK_FALSE(world.offer("A", bundle({.hop_limit = 5, .clock = false})).refused);
  CHECK(world.disks[world.node("A")].size() == 1);
  world.run_until(25s);
  CHECK(world.disks[world.node("A")].empty());
  CHECK(world.disks[world.node("B")].size() == 1);
  CHECK(world.delivered.empty());
  world.run_until(45s);
  REQUIRE(world.delivered.size() == 1);
  CHECK(world.delivered[0].at == world.node("C"));
  const auto view = decode_bundle(world.delivered[0].bytes).value();
  CHECK(view.payload().data.size() == 1000);
  CHECK(view.hops == HopCount{5, 2});
  CHECK(EndpointId(view.previous_node.value()) == parse_endpoint("dtn://B/").value());
  CHECK(view.age_ms.value() == 5 + 30'000);  // the links of this test take no time
  const auto passage = passage_of(view, 3).value().value();
  CHECK(passage.visited == std::vector<Vertex>{Vertex(0), Vertex(1)});
  for (const auto& disk : world.disks) CHECK(disk.empty());
}

TEST_CASE("who crashes with custody has it again after the restart, and its age goes on") {
  World world(kLine);
  world.offer("A", bundle({.clock = false}));
  world.run_until(15s);
  REQUIRE(world.disks[world.node("B")].size() == 1);
  world.crash_and_restart("B");
  world.now = 22s;
  world.crash_and_restart("B");
  world.run_until(45s);
  REQUIRE(world.delivered.size() == 1);
  CHECK(decode_bundle(world.delivered[0].bytes).value().age_ms.value() == 5 + 30'000);
  CHECK(world.disks[world.node("B")].empty());
}

TEST_CASE("a lost answer makes the bundle come twice; it is kept, delivered and let go once") {
  World world(kLine);
  world.offer("A", bundle({}));
  world.answers_lost = true;
  world.run_until(10s);
  world.answers_lost = false;
  CHECK(world.disks[world.node("A")].size() == 1);
  CHECK(world.disks[world.node("B")].size() == 1);
  world.run_until(70s);
  CHECK(world.refusals == std::vector<std::string>{"it was here before"});
  CHECK(world.delivered.size() == 1);
  for (const auto& disk : world.disks) CHECK(disk.empty());
}

TEST_CASE("what was delivered before a restart is not delivered again") {
  World world(kLine);
  world.nodes[world.node("C")].restore_delivered(identity(decode_bundle(bundle({})).value()), epoch() + 1h);
  CHECK(world.offer("C", bundle({})).refused == TcpclRefuseReason::kCompleted);
  CHECK(world.offer("C", bundle({.sequence = 2})).refused == std::nullopt);
  CHECK(world.delivered.size() == 1);
}

TEST_CASE("an absent neighbour is dialled while the contact lasts, and its next contact is used") {
  World world(kLine);
  world.alive[world.node("B")] = false;
  world.offer("A", bundle({.to = "dtn://B/inbox"}));
  world.run_until(25s);
  CHECK(std::ranges::count_if(world.trace, [](const auto& line) { return line.starts_with("A dials"); }) ==
        10);
  world.alive[world.node("B")] = true;
  world.run_until(70s);
  REQUIRE(world.delivered.size() == 1);
  CHECK(world.delivered[0].at == world.node("B"));
}

TEST_CASE("what the node must not carry is refused or deleted with one reason") {
  World world(kLine);
  const auto why = [&](const Bytes& bytes) { return world.offer("B", bytes).why; };
  CHECK(why(bundle({.to = "dtn://Z/inbox"})) == "dtn://Z/inbox is not of a node of the plan");
  CHECK(why(bundle({.to = "ipn:7.1"})) == "ipn:7.1 is not of a node of the plan");
  CHECK(why(Bytes(10)).starts_with("bundle at byte "));
  CHECK(why(bundle({.extra = passage_block(9, {Vertex(0), {}, 0})})) ==
        "its passage block names node 0 of the plan, expected 2: another plan?");
  CHECK(why(bundle({.extra = Block{200, 9, block_flag::kDeleteIfUnknown, CrcType::kCrc32c, Bytes(3)}})) ==
        "a block of type 200 asks for it");
  for (const auto& disk : world.disks) CHECK(disk.empty());
  // The first hop is allowed, the second is not: it ends at B, which may not send it on.
  world.offer("A", bundle({.hop_limit = 1}));
  world.run_until(15s);
  CHECK(world.refusals == std::vector<std::string>{"the hop limit of 1 is reached"});
  for (const auto& disk : world.disks) CHECK(disk.empty());
}

TEST_CASE("an unknown block is left out on the way when it asks for that, and stays otherwise") {
  World world(kLine);
  world.offer("A",
              bundle({.extra = Block{200, 9, block_flag::kDiscardIfUnknown, CrcType::kCrc32c, Bytes(3)}}));
  world.offer("A", bundle({.sequence = 2, .extra = Block{201, 9, 0, CrcType::kCrc32c, Bytes(3)}}));
  world.run_until(45s);
  REQUIRE(world.delivered.size() == 2);
  const auto has = [](const Bytes& bytes, std::uint64_t type) {
    const auto view = decode_bundle(bytes).value();
    return std::any_of(view.blocks.begin(), view.blocks.end(), [&](const auto& b) { return b.type == type; });
  };
  CHECK_FALSE(has(world.delivered[0].bytes, 200));
  CHECK(has(world.delivered[1].bytes, 201));
}

TEST_CASE("what could not be kept is as if it had never come, and may come again") {
  World world(kLine);
  const std::size_t a = world.node("A");
  world.disk_full[a] = true;
  world.run_until(12s);  // its contact is open: it would be sent at once
  world.offer("A", bundle({}));
  CHECK(world.nodes[a].store().count() == 0);
  world.disk_full[a] = false;
  CHECK_FALSE(world.offer("A", bundle({})).refused);
  world.run_until(45s);
  CHECK(world.delivered.size() == 1);
}

TEST_CASE("bundles leave at the plan's rate, and a critical one overtakes what waits") {
  World world(kLine);
  for (std::uint64_t i = 1; i <= 5; ++i)
    world.offer("A", bundle({.to = "dtn://B/inbox", .sequence = i, .bytes = 9'000}));  // 0.9 s each
  world.run_until(10500ms);
  world.offer("A",
              bundle({.to = "dtn://B/inbox", .sequence = 6, .criticality = BundleCriticality::kCritical}));
  world.run_until(20s);
  std::vector<std::uint64_t> order;
  for (const auto& each : world.delivered)
    order.push_back(decode_bundle(each.bytes).value().primary.created.sequence);
  const std::vector<std::uint64_t> expected{1, 6, 2, 3, 4, 5};
  CHECK(order == expected);
  CHECK(world.disks[world.node("A")].empty());
  CHECK(world.nodes[world.node("A")].store().count() == 0);
}

TEST_CASE("who asks for it is told of the delivery") {
  World world(kLine);
  world.offer("A", bundle({.flags = bundle_flag::kReportDelivery}));
  world.run_until(70s);
  REQUIRE(world.delivered.size() == 2);
  CHECK(world.delivered[1].at == world.node("A"));
  const auto view = decode_bundle(world.delivered[1].bytes).value();
  const auto report = read_status_report(view.payload().data).value();
  CHECK(report.events[static_cast<std::size_t>(ReportEvent::kDelivered)].asserted);
  CHECK(report.subject == identity(decode_bundle(bundle({})).value()));
}

TEST_CASE("nodes are numbers or names") {
  CHECK(to_string(node_endpoint("7").value()) == "ipn:7.0");
  CHECK(to_string(node_endpoint("ground").value()) == "dtn://ground/");
  CHECK_FALSE(node_endpoint("two words").has_value());
  const auto plan = read_plan("from,to,start_s,end_s,rate_bps,owlt_s\n7,x,0,1,1,0\n", "test").value();
  CHECK(node_of(EndpointId::ipn(7, 3).view(), plan) == plan.find("7"));
  CHECK(node_of(parse_endpoint("dtn://x/a/b").value().view(), plan) == plan.find("x"));
  CHECK_FALSE(node_of(EndpointId().view(), plan).has_value());
}
