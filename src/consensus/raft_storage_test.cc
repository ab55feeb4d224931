// A leader whose disk is at work while its appends travel (Storage::kMeanwhile), as dialogues.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

Group on_slow_disks(Shares shares) {
  return Group(std::move(shares), {}, {}, nullptr, Storage::kMeanwhile);
}

void settle_with_disks(Group& group) {
  for (int round = 0; round < 10; ++round) {
    for (const auto& [node, share] : group.shares) group.disk_done(node.value());
    group.settle();
  }
}

Group led_by_1_on_slow_disks(Shares shares) {
  Group group = on_slow_disks(std::move(shares));
  group.campaign(1);
  settle_with_disks(group);
  REQUIRE(group[1].role() == Role::kLeader);
  REQUIRE(group[1].commit_index() == LogIndex(1));
  group.delivered.clear();
  return group;
}

TEST_CASE("a leader's entries travel while its disk is at work, and two others commit them without it") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.propose(1, "smoke at the ridge");
  group.settle();
  CHECK(bodies<AppendRequest>(group.delivered, NodeId(2)).size() == 1);
  CHECK(group.disks[NodeId(1)].log.size() == 1);
  group.disk_done(2);
  group.settle();
  CHECK(group[1].commit_index() == LogIndex(1));  // its own copy counts for nothing yet
  CHECK(group[1].holders(LogIndex(2)) == std::vector{NodeId(2)});
  group.disk_done(3);
  group.settle();
  CHECK(group[1].commit_index() == LogIndex(2));
  CHECK(group.committed[1].back().payload == payload("smoke at the ridge"));
}

TEST_CASE("a leader's own disk completes a quorum") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.propose(1, "x");
  group.settle();
  group.disk_done(2);
  group.settle();
  group.disk_done(1);
  CHECK(group[1].commit_index() == LogIndex(2));
  group.settle();
  CHECK(group[2].commit_index() == LogIndex(2));  // it hears of it without a heartbeat
}

TEST_CASE("an acknowledgement waits for the disk, also one of an entry that came twice") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.propose(1, "x");
  const std::deque<Message> copies = group.mail;
  group.settle();
  for (const Message& copy : copies) group.deliver(copy);
  group.settle();
  CHECK(bodies<AppendReply>(group.delivered, NodeId(1)).empty());
  group.disk_done(2);
  group.settle();
  CHECK(bodies<AppendReply>(group.delivered, NodeId(1)).size() == 2);
}

TEST_CASE("a vote and a candidacy wait for the disk") {
  Group group = on_slow_disks(equal_shares(3));
  group.campaign(1);
  group.disk_done(1);  // the question before the vote had nothing to write
  group.settle();
  for (std::uint32_t id : {2, 3}) group.disk_done(id);
  group.settle();
  REQUIRE(group[1].role() == Role::kCandidate);
  CHECK(bodies<VoteRequest>(group.delivered, NodeId(2)).empty());
  group.disk_done(1);
  group.settle();
  CHECK(bodies<VoteRequest>(group.delivered, NodeId(2)).size() == 1);
  CHECK(bodies<VoteReply>(group.delivered, NodeId(1)).empty());
  group.disk_done(2);
  group.settle();
  CHECK(group[1].role() == Role::kLeader);
}

TEST_CASE("who decides alone leads only when its vote is on its disk, and commits when the entry is") {
  Group group = on_slow_disks({{NodeId(1), 3}, {NodeId(2), 1}});
  group.campaign(1);
  CHECK(group[1].role() == Role::kCandidate);
  const Instant due = group[1].next_deadline();
  group.now = due + std::chrono::seconds(1);  // a disk slower than any patience
  group.tick(1);
  CHECK(group[1].term() == Term(1));
  group.disk_done(1);
  CHECK(group[1].role() == Role::kLeader);
  CHECK(group[1].commit_index() == LogIndex());
  group.disk_done(1);
  CHECK(group[1].commit_index() == LogIndex(1));
  group.propose(1, "x");
  CHECK(group[1].commit_index() == LogIndex(1));
  CHECK(!group.read(1, 7).has_value() == false);
  group.disk_done(1);
  CHECK(group[1].commit_index() == LogIndex(2));
}

TEST_CASE("a leader that crashes before its disk is done comes back without the entry and gets it again") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.propose(1, "x");
  group.settle();
  group.restart_from_disk(1);
  CHECK(group[1].last_index() == LogIndex(1));
  CHECK(group[1].term() == Term(1));
  settle_with_disks(group);
  group.drop_to(1);  // acknowledgements for the life before mean nothing
  group.now += std::chrono::seconds(5);
  group.campaign(2);
  settle_with_disks(group);
  REQUIRE(group[2].role() == Role::kLeader);
  CHECK(group[1].log().at(LogIndex(2)).payload == payload("x"));
  CHECK(group[1].commit_index() == LogIndex(3));
}

TEST_CASE("a write that was cut off counts for nothing when it is done at last") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.drop_to(2);
  group.drop_to(3);
  group.propose(1, "lost");  // its write takes long
  group.mail.clear();
  group.now += std::chrono::seconds(5);
  group.campaign(2);
  // Meanwhile the others agree on something else at that place, and say so.
  for (int round = 0; round < 10; ++round) {
    for (std::uint32_t id : {2, 3}) group.disk_done(id);
    group.settle({2, 3});
  }
  REQUIRE(group[2].role() == Role::kLeader);
  group.settle();
  CHECK(group[1].log().term_at(LogIndex(2)) == group[2].term());
  auto& writing = group.writing[NodeId(1)];
  REQUIRE(writing.size() >= 2);
  const Write first = writing.front().write;
  apply(writing.front().persist, group.disks[NodeId(1)]);
  writing.erase(writing.begin());
  group.take(NodeId(1), group[1].persisted(first, group.now));
  CHECK(group.disks[NodeId(1)].log.back().term == Term(1));
  CHECK(bodies<AppendReply>({group.mail.begin(), group.mail.end()}, NodeId(2)).empty());
  settle_with_disks(group);
  CHECK(group.disks[NodeId(1)].log.back().term == group[2].term());
  CHECK(group[2].holders(LogIndex(2)).size() == 3);
}

TEST_CASE("in a joint epoch the leader's disk counts in both halves") {
  Group group = led_by_1_on_slow_disks({{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}});
  REQUIRE(group.change(1, {{{NodeId(1), 3}, {NodeId(2), 1}, {NodeId(3), 1}}, {}, 0}));
  REQUIRE(group[1].configuration().joint());
  group.settle();
  for (std::uint32_t id : {2, 3}) group.disk_done(id);
  group.settle();
  CHECK(group[1].commit_index() == LogIndex(1));  // the incoming half needs node 1
  group.disk_done(1);
  CHECK(group[1].commit_index() == LogIndex(2));
  CHECK(!group[1].configuration().joint());
  settle_with_disks(group);
  CHECK(group[1].commit_index() == LogIndex(3));
}

TEST_CASE("a leader may compact what its disk does not hold yet") {
  Group group = led_by_1_on_slow_disks(equal_shares(3));
  group.propose(1, "x");
  group.settle();
  for (std::uint32_t id : {2, 3}) group.disk_done(id);
  group.settle();
  REQUIRE(group[1].commit_index() == LogIndex(2));
  REQUIRE(group.compact(1, LogIndex(2), payload("state")));
  group.restart_from_disk(1);  // nothing of it was durable
  CHECK(group[1].log().base().index == LogIndex());
  CHECK(group[1].last_index() == LogIndex(1));
}

TEST_CASE("a caller that waits for its disk is never told to send ahead") {
  Group group = led_by_1(equal_shares(3));
  const auto effects = group[1].propose(payload("x"), group.now);
  REQUIRE(effects);
  CHECK(effects->send_ahead.empty());
  CHECK(effects->send.size() == 2);
}

}  // namespace
}  // namespace skywarden::consensus
