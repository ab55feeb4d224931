// Dialogues about reads, leases and handing over.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

RaftOptions with_lease() {
  RaftOptions options;
  options.lease = true;
  return options;
}

TEST_CASE("a read asks a quorum once and is answered with what was committed when it came") {
  Group group = led_by_1(equal_shares(3));
  group.propose(1, "a");
  group.settle({1, 2});
  group.mail.clear();
  REQUIRE(group.read(1, 7));
  CHECK(group.reads[1].empty());
  group.propose(1, "b");
  group.settle({1, 2});
  REQUIRE(group.reads[1].size() == 1);
  CHECK(group.reads[1][0].id == ReadId(7));
  CHECK(group.reads[1][0].index == LogIndex(2));
  CHECK(group.read(2, 8).error().code == Errc::kUnavailable);
}

TEST_CASE("answers to what was sent before a read do not count for it") {
  Group group = led_by_1(equal_shares(3));
  group.heartbeat(1);
  const auto old = group.mail;
  group.mail.clear();
  REQUIRE(group.read(1, 1));
  group.mail = old;
  group.settle();
  CHECK(group.reads[1].empty());
  group.heartbeat(1);
  group.settle();
  CHECK(group.reads[1].size() == 1);
}

TEST_CASE("reads that come during a round share the next one") {
  Group group = led_by_1(equal_shares(3));
  for (std::uint64_t id = 1; id <= 5; ++id) REQUIRE(group.read(1, id));
  CHECK(group.mail.size() == 2);
  group.delivered.clear();
  group.settle();
  CHECK(group.reads[1].size() == 5);
  CHECK(bodies<AppendRequest>(group.delivered, NodeId(2)).size() == 2);
}

TEST_CASE("a leader that is deposed, or knows too little, answers no read") {
  Group group = led_by_1(equal_shares(3));
  REQUIRE(group.read(1, 3));
  group.mail.clear();
  group.deliver({NodeId(2), NodeId(1), Term(9), AppendReply{}});
  REQUIRE(group.reads[1].size() == 1);
  CHECK(!group.reads[1][0].index);

  Group fresh(equal_shares(3));
  fresh.campaign(1);
  while (fresh[1].role() != Role::kLeader) {
    const Message message = fresh.mail.front();
    fresh.mail.pop_front();
    fresh.deliver(message);
  }
  CHECK(fresh.read(1, 1).error().message == "raft: nothing of term 1 is committed yet");
}

TEST_CASE("alone, and with shares enough, a leader answers at once") {
  Group group = led_by_1({{NodeId(1), 3}, {NodeId(2), 1}, {NodeId(3), 1}});
  REQUIRE(group.read(1, 3));
  CHECK(group.reads[1].size() == 1);
}

TEST_CASE("under a lease reads ask nobody, until it ends") {
  Group group = led_by_1(equal_shares(3), with_lease());
  group.heartbeat(1);
  const Instant asked = group.now;
  group.settle();
  REQUIRE(group.read(1, 1));
  CHECK(group.reads[1].size() == 1);
  CHECK(group.mail.empty());
  group.now = asked + group.options.lease_length() - Duration(1);
  REQUIRE(group.read(1, 2));
  CHECK(group.reads[1].size() == 2);
  group.now += Duration(1);
  REQUIRE(group.read(1, 3));
  CHECK(group.reads[1].size() == 2);
  group.settle();
  CHECK(group.reads[1].size() == 3);
  CHECK(group.options.lease_length() < group.options.election_timeout_min);
}

TEST_CASE("who may have promised not to vote keeps still after a restart and through a later term") {
  Group group = led_by_1(equal_shares(3), with_lease());
  group.heartbeat(1);
  group.settle();
  const Instant heard = group.now;
  const Message plea{NodeId(3), NodeId(2), Term(9), VoteRequest{{LogIndex(9), Term(8)}}};
  group.deliver({NodeId(3), NodeId(2), Term(8), VoteReply{false}});
  CHECK(group[2].term() == Term(8));
  group.deliver(plea);
  CHECK(group[2].term() == Term(8));
  group.restart_from_disk(2);
  group.deliver(plea);
  CHECK(group[2].term() == Term(8));
  group.now = heard + group.options.election_timeout_min;
  group.deliver(plea);
  CHECK(group[2].term() == Term(9));

  Group relaxed = led_by_1(equal_shares(3));  // without leases nobody waits
  relaxed.restart_from_disk(2);
  relaxed.deliver(plea);
  CHECK(relaxed[2].term() == Term(9));
}

TEST_CASE("leadership passes to whoever is caught up and has the largest share, without a pre-vote") {
  Group group = led_by_1({{NodeId(1), 2}, {NodeId(2), 1}, {NodeId(3), 2}, {NodeId(4), 3}, {NodeId(5), 0}});
  group.propose(1, "a");
  group.settle({1, 2, 3, 5});
  group.mail.clear();  // node 4 is behind
  REQUIRE(group.transfer(1, 0));
  CHECK(group[1].propose(payload("b"), group.now).error().message == "raft: leadership passes to node 3");
  group.settle();
  CHECK(group[3].role() == Role::kLeader);
  CHECK(group[3].term() == Term(2));
  CHECK(group[1].leader() == NodeId(3));
}

TEST_CASE(
    "who is named takes over once it holds everything; if it does not come about, the leader leads on") {
  Group group = led_by_1(equal_shares(3), with_lease());
  group.propose(1, "a");
  group.settle({1, 3});
  group.mail.clear();
  REQUIRE(group.transfer(1, 2));
  group.settle();
  CHECK(group[2].role() == Role::kFollower);  // it was asked, but what it lacks was lost
  group.heartbeat(1);
  group.settle();
  CHECK(group[2].role() == Role::kLeader);

  REQUIRE(group.transfer(2, 1));
  group.mail.clear();  // lost
  CHECK(group[2].propose(payload("b"), group.now).error().code == Errc::kUnavailable);
  for (int beat = 0; beat < 4; ++beat) {
    group.heartbeat(2);
    group.drop_to(1);
    group.settle();
  }
  group.tick(2);
  CHECK(group[2].role() == Role::kLeader);
  group.propose(2, "b");
  group.settle();
  CHECK(group[2].commit_index() == group[2].last_index());
  group.heartbeat(2);
  group.settle();
  REQUIRE(group.read(2, 1));  // TimeoutNow may still arrive: no lease in this term any more
  CHECK(group.reads[2].empty());
}

TEST_CASE("what cannot take over is refused; a late or false call to take over is ignored") {
  Group group = led_by_1({{NodeId(1), 1}, {NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 0}});
  for (const std::uint32_t to : {1U, 4U, 77U}) CHECK(group.transfer(1, to).error().code == Errc::kOutOfRange);
  CHECK(group.transfer(2, 3).error().code == Errc::kUnavailable);
  group.deliver({NodeId(3), NodeId(2), Term(1), TimeoutNow{}});
  CHECK(group[2].role() == Role::kFollower);
  group.deliver({NodeId(1), NodeId(4), Term(1), TimeoutNow{}});
  CHECK(group[4].role() == Role::kLearner);
  Group alone = led_by_1(equal_shares(1));
  CHECK(alone.transfer(1, 0).error().message == "raft: nobody else has a vote");
}

}  // namespace
}  // namespace skywarden::consensus
