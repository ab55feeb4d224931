#include "node/node.h"

#include <doctest/doctest.h>

#include "wildfire/alert_example.h"

namespace skywarden::node {
namespace {

const Instant kStart = parse_utc("2026-07-01T00:00:00Z").value();

consensus::Snapshot snapshot_of(consensus::Payload ledger, std::uint64_t index) {
  consensus::Snapshot snapshot;
  snapshot.last = {LogIndex(index), Term(1)};
  snapshot.configuration.shares.incoming = {{NodeId(1), 1}};
  snapshot.data = std::move(ledger);
  return snapshot;
}

Stored stored_with(consensus::Snapshot snapshot) {
  Stored stored;
  stored.raft.state = {Term(1), kNobody};
  stored.raft.snapshot = std::move(snapshot);
  return stored;
}

TEST_CASE("a node begins from its saved ledger") {
  Ledger ledger;
  (void)ledger.apply({Term(1), LogIndex(1), {}});
  (void)ledger.apply({Term(1), LogIndex(2), {}});
  Node node(NodeId(1), {{NodeId(1), 1}}, {}, stored_with(snapshot_of(ledger.save(), 2)), Random(1), kStart);
  CHECK(node.stopped().empty());
  CHECK(node.ledger().applied() == LogIndex(2));
  const Effects effects = node.tick(node.next_deadline());  // alone, so it leads and commits at once
  CHECK(node.raft().role() == consensus::Role::kLeader);
  CHECK(node.ledger().applied() == LogIndex(3));
  CHECK_FALSE(effects.persist.empty());
}

TEST_CASE("a node whose saved ledger cannot be read stops and says so") {
  for (const consensus::Payload& bad : {consensus::Payload{std::byte{7}}, Ledger().save()}) {
    Node node(NodeId(1), {{NodeId(1), 1}}, {}, stored_with(snapshot_of(bad, 2)), Random(1), kStart);
    CHECK(node.stopped().find("saved at entry 2 cannot be read") != std::string::npos);
    CHECK(node.next_deadline() == Instant::max());
    const Effects effects = node.tick(kStart + std::chrono::hours(1));
    CHECK(effects.persist.empty());
    CHECK(effects.send.empty());
    CHECK_FALSE(node.read(consensus::ReadId(1), kStart));
  }
}

TEST_CASE("a node alone changes its group and answers a read") {
  Node node(NodeId(1), {{NodeId(1), 1}}, {}, {}, Random(1), kStart);
  const Instant later = node.next_deadline();
  (void)node.tick(later);
  const auto read = node.read(consensus::ReadId(5), later);
  REQUIRE(read);
  REQUIRE(read->reads.size() == 1);
  CHECK(read->reads[0].index == LogIndex(1));
  consensus::Membership wider;
  wider.shares = {{NodeId(1), 3}, {NodeId(2), 0}};
  const auto changed = node.change_membership(wider, later);
  REQUIRE(changed);
  CHECK(node.raft().shares() == wider.shares);
  CHECK_FALSE(changed->send.empty());  // the learner hears of it
  CHECK(node.change_membership(wider, later).error().code == Errc::kConflict);
}

}  // namespace
}  // namespace skywarden::node
