// Dialogues about changing shares and members.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

Epoch epoch_of(Group& group, std::uint32_t id) {
  return group[id].configuration().epoch;
}

TEST_CASE("a direct change rules at once and is told twice: when it is written and when it is committed") {
  Group group = led_by_1(equal_shares(3));
  Membership to{equal_shares(3), {}, 0};
  to.shares[NodeId(1)] = 2;
  REQUIRE(group.change(1, to));
  CHECK(group[1].shares() == to.shares);
  CHECK(!group[1].configuration_committed());
  CHECK(group.last_persist.append.back().kind == EntryKind::kConfiguration);
  REQUIRE(group.epochs[1].size() == 1);
  CHECK(group.epochs[1][0].what == EpochNews::What::kRules);
  group.settle();
  for (std::uint32_t id = 1; id <= 3; ++id) {
    CHECK(group[id].configuration_committed());
    CHECK(group[id].shares() == to.shares);
    REQUIRE(group.epochs[id].size() == 2);
    CHECK(group.epochs[id][1].what == EpochNews::What::kCommitted);
    CHECK(group.epochs[id][1].configuration.epoch == Epoch(1));
  }
  CHECK(group.change(1, to).error().code == Errc::kConflict);  // it already is so
}

TEST_CASE("a change whose quorums could miss goes through a joint epoch, which the leader leaves by itself") {
  Group group = led_by_1(equal_shares(3));
  for (std::uint32_t id : {4U, 5U, 6U}) group.join(id);
  const Membership to{{{NodeId(1), 1}, {NodeId(4), 1}, {NodeId(5), 1}, {NodeId(6), 1}}, {}, 1};
  REQUIRE(group.change(1, to));
  CHECK(group[1].configuration().joint());
  group.settle({1, 4, 5, 6});  // the new half alone
  CHECK(!group[1].configuration_committed());
  group.heartbeat(1);
  group.settle({1, 2, 3});  // the old half
  group.heartbeat(1);
  group.settle();
  CHECK(epoch_of(group, 1) == Epoch(2));
  CHECK(group[1].configuration_committed());
  CHECK(membership_of(group[1].configuration()) == to);
  for (std::uint32_t id : {4U, 5U, 6U}) {
    CHECK(epoch_of(group, id) == Epoch(2));
    CHECK(group[id].role() == Role::kFollower);
  }
  for (std::uint32_t id : {2U, 3U}) {  // they heard that they have left
    CHECK(epoch_of(group, id) == Epoch(2));
    CHECK(group[id].role() == Role::kLearner);
  }
  group.mail.clear();
  group.heartbeat(1);
  for (const Message& m : group.mail) CHECK(m.to > NodeId(3));
}

TEST_CASE("one change at a time, and only after a commit of the leader's own term") {
  Group group(equal_shares(3));
  Membership to{equal_shares(3), {}, 0};
  to.shares[NodeId(3)] = 0;
  CHECK(group.change(1, to).error().message == "raft: node 1 does not lead");
  group.campaign(1);
  group.settle({1, 2});
  group.mail.clear();
  to.shares[NodeId(3)] = 2;
  Group fresh(equal_shares(3));
  fresh.campaign(1);
  while (fresh[1].role() != Role::kLeader) {
    const Message message = fresh.mail.front();
    fresh.mail.pop_front();
    fresh.deliver(message);
  }
  CHECK(fresh.change(1, to).error().message == "raft: nothing of term 1 is committed yet");
  fresh.settle();
  CHECK(fresh.change(1, to));
  to.shares[NodeId(3)] = 1;
  to.shares[NodeId(2)] = 0;
  CHECK(fresh.change(1, to).error().message == "raft: the change to epoch 1 is not finished");
  fresh.settle();
  CHECK(fresh.change(1, to));
}

TEST_CASE("what breaks a cap is refused and changes nothing") {
  Group group = led_by_1(equal_shares(5));
  Membership to{equal_shares(5), {}, 2};
  to.shares[NodeId(2)] = 4;
  CHECK(group.change(1, to).error().message == "vote shares: node 2 holds 4 of 8, which is half or more");
  to.shares[NodeId(2)] = 1;
  to.domains = {{NodeId(1), FailureDomain(3)}, {NodeId(2), FailureDomain(3)}, {NodeId(5), FailureDomain(3)}};
  CHECK(group.change(1, to).error().code == Errc::kConflict);
  CHECK(group.change(1, {}).error().code == Errc::kOutOfRange);
  CHECK(epoch_of(group, 1) == Epoch(0));
  CHECK(group.mail.empty());
  to.domains.erase(NodeId(5));
  CHECK(group.change(1, to));
}

TEST_CASE("a change that never committed is rolled back with the log") {
  Group group = led_by_1(equal_shares(3));
  Membership to{equal_shares(3), {}, 0};
  to.shares[NodeId(4)] = 1;
  REQUIRE(group.change(1, to));
  group.mail.clear();  // nobody hears of it
  CHECK(epoch_of(group, 1) == Epoch(1));
  group.now += milliseconds(1000);
  group.campaign(2);
  group.settle({2, 3});
  REQUIRE(group[2].role() == Role::kLeader);
  group.mail.clear();
  group.heartbeat(2);
  group.settle();
  CHECK(group[1].role() == Role::kFollower);
  CHECK(epoch_of(group, 1) == Epoch(0));
  REQUIRE(group.epochs[1].size() == 2);
  CHECK(group.epochs[1][1].what == EpochNews::What::kRolledBack);
  CHECK(group.epochs[1][1].configuration.shares.incoming == equal_shares(3));
  CHECK(group.last_persist.empty());
  group.restart_from_disk(1);
  CHECK(epoch_of(group, 1) == Epoch(0));
}

TEST_CASE("a restart reads the epoch from the log; a log without one is ruled by the founding shares") {
  Group group = led_by_1(equal_shares(3));
  group.restart_from_disk(2);
  CHECK(group[2].shares() == equal_shares(3));
  Membership to{equal_shares(3), {}, 0};
  to.shares[NodeId(4)] = 0;
  group.join(4);
  REQUIRE(group.change(1, to));
  group.settle();
  for (const std::uint32_t id : {2U, 4U}) {
    group.restart_from_disk(id);
    CHECK(epoch_of(group, id) == Epoch(1));
    CHECK(group[id].shares() == to.shares);
  }
  CHECK(group[4].role() == Role::kLearner);
}

// etcd/raft, testdata/confchange_v1_remove_leader.txt
TEST_CASE("a leader that removes itself leads until that is committed, counts for nothing, and steps down") {
  Group group = led_by_1(equal_shares(3));
  REQUIRE(group.change(1, {{{NodeId(2), 1}, {NodeId(3), 1}}, {}, 0}));
  group.propose(1, "after the change");
  CHECK(group[1].role() == Role::kLeader);
  group.settle({1, 2});  // its own copy and node 2's are no quorum of 2 and 3
  CHECK(!group[1].configuration_committed());
  CHECK(group[1].role() == Role::kLeader);
  group.heartbeat(1);
  group.settle();
  CHECK(group[1].configuration_committed());
  CHECK(group[1].role() == Role::kLearner);
  CHECK(group[1].leader() == kNobody);
  for (int i = 0; i < 5; ++i) group.campaign(1);  // nor does it ever campaign again
  CHECK(group.mail.empty());
  // Before it left it asked one of the others to take over, which commits what it left behind.
  CHECK((group[2].role() == Role::kLeader || group[3].role() == Role::kLeader));
  REQUIRE(group.committed[2].size() == 4);
  CHECK(group.committed[2][2].payload == payload("after the change"));
}

// Thesis §4.2.2, figure 4.6: only the node that left holds the entry by which it left.
TEST_CASE("who lost its shares campaigns while its log alone may know of it") {
  Group group = led_by_1(equal_shares(2));
  REQUIRE(group.change(1, {{{NodeId(2), 1}}, {}, 0}));
  group.mail.clear();
  group.restart_from_disk(1);
  CHECK(group[1].role() == Role::kFollower);
  group.now += milliseconds(2000);
  group.campaign(2);
  group.settle();
  CHECK(group[2].role() != Role::kLeader);  // its log is shorter and it needs both
  group.now += milliseconds(2000);
  group.campaign(1);
  group.settle();
  CHECK(epoch_of(group, 2) == Epoch(1));
  CHECK(group[2].configuration_committed());
  CHECK(group[1].role() == Role::kLearner);
  group.now += milliseconds(2000);
  group.campaign(2);
  CHECK(group[2].role() == Role::kLeader);
}

TEST_CASE("a node that left and never heard of it disturbs nobody") {
  Group group = led_by_1(equal_shares(4));
  REQUIRE(group.change(1, {equal_shares(3), {}, 0}));
  group.drop_to(4);
  group.settle({1, 2, 3});
  group.drop_to(4);
  CHECK(epoch_of(group, 4) == Epoch(0));
  const Term term = group[1].term();
  group.now += milliseconds(100);
  group.heartbeat(1);
  group.settle({1, 2, 3});
  for (int i = 0; i < 20; ++i) {
    group.now += milliseconds(50);
    for (const std::uint32_t id : {4U, 1U}) group.tick(id);
    group.settle();
    CHECK(group[1].role() == Role::kLeader);
    CHECK(group[1].term() == term);
  }
  CHECK(group[4].term() == term);
}

TEST_CASE("a follower whose log is behind hears a leader that its own epoch does not name") {
  Group group = led_by_1(equal_shares(3));
  for (std::uint32_t id : {4U, 5U}) group.join(id);
  REQUIRE(group.change(1, {{{NodeId(3), 1}, {NodeId(4), 1}, {NodeId(5), 1}}, {}, 0}));
  for (int i = 0; i < 8; ++i) {
    group.settle({1, 2, 4, 5});
    group.drop_to(3);
    if (group[1].role() == Role::kLeader) group.heartbeat(1);
  }
  group.mail.clear();
  const std::uint32_t leader = group[4].role() == Role::kLeader ? 4 : 5;
  REQUIRE(group[leader].role() == Role::kLeader);
  CHECK(epoch_of(group, 3) == Epoch(0));
  group.now += group.options.election_timeout_min;  // the last leader that it heard protects no more
  const LogPosition last = group[leader].log().last_at_most(LogIndex(99), Term(1));
  group.deliver({NodeId(leader), NodeId(3), group[leader].term(), VoteRequest{last}});  // late
  CHECK(std::get<VoteReply>(group.mail.back().body).granted);
  group.mail.clear();
  group.heartbeat(leader);
  group.settle();
  CHECK(epoch_of(group, 3) == Epoch(2));
  CHECK(group[3].leader() == NodeId(leader));
}

TEST_CASE("a new leader finishes the change that the last one began") {
  Group group = led_by_1(equal_shares(3));
  Membership to{equal_shares(3), {}, 0};
  to.shares[NodeId(1)] = 0;
  to.shares[NodeId(2)] = 2;  // a unit at odd W
  REQUIRE(group.change(1, to));
  REQUIRE(group[1].configuration().joint());
  group.settle({1, 2});
  group.mail.clear();
  const auto joint_at_2 = epoch_of(group, 2);
  CHECK(joint_at_2 >= Epoch(1));
  group.nodes.erase(NodeId(1));
  group.restart_from_disk(1);
  group.now += milliseconds(2000);
  group.campaign(2);
  group.settle();
  CHECK(group[2].role() == Role::kLeader);
  CHECK(epoch_of(group, 2) == Epoch(2));
  CHECK(group[2].configuration_committed());
  CHECK(group[1].role() == Role::kLearner);
}

// etcd/raft, testdata/confchange_v1_add_single.txt
TEST_CASE("a group of one grows to two, once the joining node was named") {
  Group group = led_by_1(equal_shares(1));
  group.join(2);
  CHECK(group[2].role() == Role::kLearner);
  REQUIRE(group.change(1, {equal_shares(2), {}, 0}));
  CHECK(!group[1].configuration_committed());
  CHECK(group[1].lag(NodeId(2)) == 2);
  group.settle();
  CHECK(group[1].configuration_committed());
  CHECK(group[1].lag(NodeId(2)) == 0);
  CHECK(!group[1].lag(NodeId(9)));
  CHECK(!group[2].lag(NodeId(1)));
  CHECK(group[2].role() == Role::kFollower);
  CHECK(group[2].shares() == equal_shares(2));
  CHECK(group.committed[2].size() == 2);
}

TEST_CASE("check-quorum asks both halves") {
  Group group = led_by_1(equal_shares(3));
  for (std::uint32_t id : {4U, 5U}) group.join(id);
  REQUIRE(group.change(1, {{{NodeId(1), 1}, {NodeId(4), 1}, {NodeId(5), 1}}, {}, 1}));
  const Instant begun = group.now;
  while (group[1].role() == Role::kLeader && group.now < begun + milliseconds(3000)) {
    group.settle({1, 2, 3});
    group.mail.clear();
    group.heartbeat(1);
  }
  CHECK(group[1].role() == Role::kFollower);
  CHECK(group[1].configuration().joint());
}

// Found by a history: it waited as long as a learner, while the others could not go on without it.
TEST_CASE("who leaves and alone knows of it has a voter's patience until that is committed") {
  Group group = led_by_1(equal_shares(2));
  REQUIRE(group.change(1, {{{NodeId(2), 1}}, {}, 0}));
  REQUIRE(!group[1].configuration().joint());
  group.mail.clear();
  while (group[1].role() == Role::kLeader) {
    group.heartbeat(1);
    group.mail.clear();
  }
  CHECK(group[1].role() == Role::kFollower);
  CHECK(group[1].next_deadline() <= group.now + group.options.election_timeout_max);
  for (int round = 0; round < 20 && group[2].role() != Role::kLeader; ++round) {
    group.campaign(1);
    group.settle();
  }
  CHECK(group[2].configuration_committed());
}

// Played by history first, where it stood still: a lost leader's last entry is at a learner alone, whose
// epoch gives it no vote; another's epoch gives it one that is needed, and it refuses for the sake of its
// log.
TEST_CASE("a learner that alone holds the newest log stands, wins, commits and hands over") {
  Shares founding = equal_shares(3);
  founding[NodeId(4)] = 0;
  Group group = led_by_1(founding);
  REQUIRE(group.change(1, {equal_shares(4), {}, 0}));
  group.mail.clear();  // nobody hears of it
  group.now += milliseconds(1000);
  group.campaign(3);
  while (group[3].role() != Role::kLeader) {
    const Message message = group.mail.front();
    group.mail.pop_front();
    if (message.to != NodeId(1)) group.deliver(message);
  }
  group.drop_to(1);
  group.drop_to(2);
  group.settle({3, 4});
  REQUIRE(terms_of(group[4].log()) == std::vector<std::uint64_t>{1, 2});
  group.restart_from_disk(1);
  group.mail.clear();  // 3 is lost
  const std::set<std::uint32_t> left{1, 2, 4};
  const auto ask = [&](std::uint32_t id) {
    group.now += milliseconds(1000);
    group.campaign(id);
    group.settle(left);
  };
  group.now += std::chrono::seconds(10);
  group.tick(4);  // it gives up on 3
  REQUIRE(group[4].role() == Role::kLearner);
  for (int i = 0; i < 3 && group[4].role() == Role::kLearner; ++i) {
    ask(2);  // 1 knows more
    ask(1);  // by its epoch it needs the vote of 4, which knows more
    CHECK(group[1].role() != Role::kLeader);
    CHECK(group[2].role() != Role::kLeader);
  }
  REQUIRE(group[4].role() == Role::kFollower);
  ask(4);
  CHECK(group.committed[4].back().term > Term(2));
  CHECK(group[4].role() == Role::kLearner);  // it has handed over
  CHECK((group[1].role() == Role::kLeader || group[2].role() == Role::kLeader));
  CHECK(group[1].shares() == founding);
}

// Its quorum would be nobody, so it would win at once.
TEST_CASE("a newcomer that has seen entries but no epoch does not stand") {
  Group group = led_by_1(equal_shares(3));
  group.propose(1, "a");
  group.settle();
  group.join(4);
  const auto entries = group[1].log().between(LogIndex(1), LogIndex(2));
  group.deliver({NodeId(2), NodeId(4), Term(1), Relayed{{}, {entries.begin(), entries.end()}}});
  REQUIRE(group[4].commit_index() == LogIndex(2));
  group.mail.clear();
  group.now += std::chrono::seconds(10);
  group.deliver({NodeId(3), NodeId(4), Term(7), PreVoteRequest{{LogIndex(1), Term(1)}}});
  for (int i = 0; i < 20; ++i) {
    group.now += milliseconds(500);
    group.tick(4);
  }
  CHECK(group[4].role() == Role::kLearner);
  CHECK(group[4].term() == Term(1));
  for (const Message& m : group.mail) CHECK(std::holds_alternative<PreVoteReply>(m.body));
}

}  // namespace
}  // namespace skywarden::consensus
