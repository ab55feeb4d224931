// Dialogues about handing commits on.
#include <doctest/doctest.h>

#include <algorithm>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

Shares with_learners(std::uint32_t voters, std::uint32_t members) {
  Shares shares = equal_shares(voters);
  for (std::uint32_t id = voters + 1; id <= members; ++id) shares[NodeId(id)] = 0;
  return shares;
}

// 2, a follower, hands on to 4 and 4 to 5; the leader knows that both are fed.
Group chain(RaftOptions options = {}) {
  Group group = led_by_1(with_learners(3, 5), options);
  const std::set<NodeId> fed{NodeId(4), NodeId(5)};
  group.take(NodeId(1), group[1].relay({{}, fed}, group.now));
  group.take(NodeId(2), group[2].relay({{NodeId(4)}, fed}, group.now));
  group.take(NodeId(4), group[4].relay({{NodeId(5)}, fed}, group.now));
  group.settle();
  return group;
}

TEST_CASE("commits are handed from member to member, and the leader sends learners nothing") {
  Group group = chain();
  group.delivered.clear();
  group.propose(1, "a");
  group.settle();
  CHECK(group.committed[5].size() == 2);
  CHECK(group.committed[5].back() == group.committed[1].back());
  CHECK(bodies<AppendRequest>(group.delivered, NodeId(4)).empty());
  CHECK(bodies<AppendRequest>(group.delivered, NodeId(5)).empty());
  const auto relayed = bodies<Relayed>(group.delivered, NodeId(5));
  REQUIRE(relayed.size() == 1);
  CHECK(relayed[0].first == NodeId(4));
  CHECK(group[2].next_deadline() < Instant::max());
  CHECK(bodies<RelayReply>(group.delivered, NodeId(2)).size() == 1);  // it was answered
}

TEST_CASE("what is not committed is not handed on") {
  Group group = chain();
  group.propose(1, "a");
  group.delivered.clear();
  group.settle({1, 2, 4, 5});
  CHECK(bodies<Relayed>(group.delivered, NodeId(4)).size() == 1);  // 1 and 2 are a quorum
  group.settle();
  group.propose(1, "b");
  group.drop_to(3);
  group.mail.push_back({NodeId(4), NodeId(2), Term(1), RelayReply{LogIndex(1), true}});
  while (!group.mail.empty()) {  // 2 has the entry; its answer does not arrive
    const Message message = group.mail.front();
    group.mail.pop_front();
    if (message.to != NodeId(1)) group.deliver(message);
  }
  CHECK(group[2].last_index() == LogIndex(3));
  CHECK(group[4].commit_index() == LogIndex(2));
}

TEST_CASE("what is handed on makes no leader, no vote, and does not calm a follower") {
  Group group = led_by_1(equal_shares(3));
  group.propose(1, "a");
  group.drop_to(3);
  group.settle();
  const Instant deadline = group[3].next_deadline();
  const Entry& entry = group[1].log().at(LogIndex(2));
  group.now += milliseconds(1);
  group.deliver({NodeId(9), NodeId(3), Term(40), Relayed{{LogIndex(1), Term(1)}, {entry}}});
  CHECK(group[3].commit_index() == LogIndex(2));
  CHECK(group[3].term() == Term(1));
  CHECK(group[3].leader() == NodeId(1));
  CHECK(group[3].next_deadline() == deadline);
}

TEST_CASE("a receiver learns the term of the entries, for a log is never ahead of its node's term") {
  Group group = led_by_1(equal_shares(3));
  group.deliver({NodeId(2), NodeId(3), Term(7),
                 Relayed{{LogIndex(1), Term(1)}, {{Term(6), LogIndex(2), payload("later")}}}});
  CHECK(group[3].term() == Term(6));
  CHECK(group[3].leader() == kNobody);
  CHECK(group.last_persist.state == HardState{Term(6), kNobody});
  group.campaign(3);
  for (const Message& m : group.mail) CHECK(validate(m));
}

TEST_CASE("an uncommitted entry makes room for the committed one, a committed one never") {
  std::map<std::uint32_t, Persisted> disks;
  disks[3] = {{Term(3), kNobody}, log_of_terms({1, 2, 2})};
  Group group(with_learners(3, 3), {}, disks);
  const auto committed = log_of_terms({1, 3});
  group.deliver({NodeId(2), NodeId(3), Term(3), Relayed{{}, committed}});
  CHECK(terms_of(group[3].log()) == std::vector<std::uint64_t>{1, 3});
  CHECK(group[3].commit_index() == LogIndex(2));
  CHECK(group.last_persist.truncate_from == LogIndex(2));
  group.mail.clear();
  group.deliver({NodeId(2), NodeId(3), Term(9), Relayed{{}, log_of_terms({1, 4, 4})}});  // a lie
  CHECK(terms_of(group[3].log()) == std::vector<std::uint64_t>{1, 3});
  CHECK(group.mail.empty());
}

TEST_CASE("a loss is asked about, and what came in the wrong order is asked for") {
  Group group = chain();
  group.propose(1, "a");
  group.settle({1, 2, 3});
  REQUIRE(bodies<Relayed>({group.mail.begin(), group.mail.end()}, NodeId(4)).size() == 1);
  group.mail.clear();  // lost
  group.propose(1, "b");
  group.settle();  // does not continue what 4 has; 4 asks and is sent both
  CHECK(group.committed[4].size() == 3);
  CHECK(group.committed[5].size() == 3);

  group.propose(1, "c");
  group.settle({1, 2, 3});
  group.drop_to(4);
  for (int beat = 0; beat < 3; ++beat) {
    group.heartbeat(1);
    group.settle({1, 2, 3});
    group.drop_to(4);
    group.drop_to(5);
  }
  group.tick(2);
  group.settle({2, 4});
  CHECK(group.committed[4].size() == 4);
}

// Each message behind a gap asks about it. Answering each with a window filled the links: ever more messages,
// each of which asked again.
TEST_CASE("a gap is served once, however many messages ask about it") {
  RaftOptions options;
  options.entries_per_message_max = 1;
  options.inflight_max = 8;
  Group group = chain(options);
  for (int i = 0; i < 100; ++i) group.propose(1, "a");
  group.settle({1, 2, 3});
  const auto first = std::find_if(group.mail.begin(), group.mail.end(), [](const Message& m) {
    return m.to == NodeId(4) && std::holds_alternative<Relayed>(m.body);
  });
  REQUIRE(first != group.mail.end());
  group.mail.erase(first);
  group.delivered.clear();
  group.settle();
  CHECK(group.committed[4].size() == 101);
  CHECK(group.committed[5].size() == 101);
  CHECK(bodies<Relayed>(group.delivered, NodeId(4)).size() < 120);
}

TEST_CASE("who lacks what was compacted is handed the snapshot, in pieces") {
  RaftOptions options;
  options.bytes_per_message_max = 64;
  Group group = chain(options);
  for (int i = 0; i < 6; ++i) group.propose(1, "entry");
  group.settle({1, 2, 3});
  group.drop_to(4);
  REQUIRE(group.compact(2, LogIndex(5), Payload(300)));
  group.propose(1, "last");
  group.delivered.clear();
  group.settle();
  CHECK(group[4].commit_index() == group[1].commit_index());
  REQUIRE(group.restored[4].size() == 1);
  CHECK(group.restored[4][0].data == Payload(300));
  CHECK(bodies<RelayedChunk>(group.delivered, NodeId(4)).size() > 3);
  CHECK(group[5].commit_index() == group[1].commit_index());  // 4 could hand it on only as a whole, too
  CHECK(group.restored[5].size() == 1);
}

TEST_CASE("when a relay falls silent the leader serves its children until the duties change") {
  Group group = chain();
  group.propose(1, "a");
  group.settle({1, 2, 3});
  group.mail.clear();
  int beats = 0;
  for (; group.committed[4].size() < 2 && beats < 40; ++beats) {
    group.heartbeat(1);
    group.drop([](const Message& m) { return std::holds_alternative<Relayed>(m.body); });
    group.settle();
  }
  CHECK(beats > 8);
  CHECK(beats <= 24);
  group.delivered.clear();
  group.propose(1, "b");
  group.drop([](const Message& m) { return std::holds_alternative<Relayed>(m.body); });
  group.settle();
  CHECK(!bodies<AppendRequest>(group.delivered, NodeId(4)).empty());
  const std::set<NodeId> fed{NodeId(4), NodeId(5)};
  group.take(NodeId(1), group[1].relay({{}, fed}, group.now));
  group.delivered.clear();
  group.propose(1, "c");
  group.settle();
  CHECK(bodies<AppendRequest>(group.delivered, NodeId(4)).empty());
  CHECK(group[4].commit_index() == LogIndex(4));
}

TEST_CASE("a learner that hears neither leader nor relay asks a voter") {
  Group group = chain();
  group.propose(1, "a");
  group.settle({1, 2, 3});
  group.mail.clear();
  group.now = group[5].next_deadline();
  group.tick(5);
  const auto asked = group.mail;
  REQUIRE(asked.size() == 1);
  CHECK(std::get<RelayReply>(asked[0].body).asks);
  CHECK(group[1].shares().at(asked[0].to) == 1);
  group.settle();
  CHECK(group.committed[5].size() == 2);
  CHECK(group[5].next_deadline() > group.now);
}

TEST_CASE("a new child that is known to lack the last commits is sent them without being asked") {
  Group group = led_by_1(with_learners(3, 4));
  const LogIndex before = group[2].commit_index();
  group.propose(1, "a");
  group.settle({1, 2, 3});
  group.drop_to(4);
  group.heartbeat(1);  // 2 hears that it is committed
  group.settle({1, 2, 3});
  group.drop_to(4);
  REQUIRE(group[2].commit_index() == LogIndex(2));
  CHECK_FALSE(group[2].is_handing_on());
  group.delivered.clear();
  group.take(NodeId(2), group[2].relay({{NodeId(4)}, {}, before}, group.now));
  CHECK(group[2].is_handing_on());
  group.settle({2, 4});
  CHECK(group[4].commit_index() == LogIndex(2));
  CHECK_FALSE(group[2].is_handing_on());
  CHECK(bodies<Relayed>(group.delivered, NodeId(4)).size() == 1);
  CHECK(bodies<RelayReply>(group.delivered, NodeId(2)).size() == 1);
}

TEST_CASE("a new child that lacks more than was thought asks for it") {
  Group group = led_by_1(with_learners(3, 4));
  for (const char* what : {"a", "b", "c"}) {
    group.propose(1, what);
    group.settle({1, 2, 3});
    group.heartbeat(1);
    group.settle({1, 2, 3});
    group.drop_to(4);
  }
  REQUIRE(group[2].commit_index() == LogIndex(4));
  group.take(NodeId(2), group[2].relay({{NodeId(4)}, {}, LogIndex(3)}, group.now));
  group.settle({2, 4});
  CHECK(group[4].commit_index() == LogIndex(4));
}

TEST_CASE("a voter is no learner whatever the duties say") {
  Group group = led_by_1(equal_shares(3));
  group.take(NodeId(1), group[1].relay({{}, {NodeId(2), NodeId(3)}}, group.now));
  group.propose(1, "a");
  group.settle();
  CHECK(group.committed[2].size() == 2);
}

TEST_CASE("a probe comes back at once, from anybody, and changes nothing") {
  Group group = led_by_1(with_learners(3, 4));
  for (const std::uint32_t id : {1U, 2U, 4U}) {
    group.deliver({NodeId(3), NodeId(id), Term(9), Probe{77, Payload(100)}});
    REQUIRE(group.mail.size() == 1);
    CHECK(std::get<ProbeReply>(group.mail.front().body).nonce == 77);
    CHECK(group[id].term() == Term(1));
    CHECK(group.last_persist.empty());
    group.mail.clear();
  }
}

}  // namespace
}  // namespace skywarden::consensus
