// Dialogues about snapshots and compaction.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

RaftOptions small_chunks() {
  RaftOptions options;
  options.bytes_per_message_max = 50;
  return options;
}

// Node 3 hears nothing of ten entries, which are then compacted away on the others.
Group with_3_behind(std::size_t snapshot_bytes, RaftOptions options = small_chunks()) {
  Group group(equal_shares(3), options);
  group.campaign(1);
  group.settle();
  for (int i = 0; i < 10; ++i) {
    group.propose(1, "entry");
    group.drop_to(3);
    group.settle({1, 2});
  }
  for (const std::uint32_t id : {1U, 2U}) {
    const LogIndex upto(id == 1 ? 9 : 5);
    REQUIRE(group.compact(id, upto, Payload(snapshot_bytes, std::byte{7})));
  }
  return group;
}

// etcd/raft, testdata/snapshot_succeed_via_app_resp.txt
TEST_CASE(
    "a follower behind the compacted prefix gets the snapshot in chunks and then the entries after it") {
  Group group = with_3_behind(400);
  CHECK(group[1].log().base().index == LogIndex(9));
  CHECK(group.disks[NodeId(1)].log.front().index == LogIndex(10));
  group.delivered.clear();
  group.heartbeat(1);
  group.settle();
  CHECK(bodies<SnapshotChunk>(group.delivered, NodeId(3)).size() > 8);  // more than one window
  CHECK(group[3].log().base().index == LogIndex(9));
  CHECK(group[3].commit_index() == group[1].commit_index());
  REQUIRE(group.restored[3].size() == 1);
  CHECK(group.restored[3][0].data == Payload(400, std::byte{7}));
  CHECK(group.committed[3].back().index == LogIndex(11));
  CHECK(group.disks[NodeId(3)].snapshot->last.index == LogIndex(9));
  group.propose(1, "after");
  group.settle();
  CHECK(group[3].last_index() == LogIndex(12));
  group.restart_from_disk(3);
  CHECK(group[3].commit_index() == LogIndex(9));
  CHECK(group[3].last_index() == LogIndex(12));
}

TEST_CASE("chunks that are lost go again at the next heartbeats; a crash half way begins anew") {
  Group group = with_3_behind(2000);
  int beats = 0;
  for (; group[3].commit_index() < LogIndex(9) && beats < 100; ++beats) {
    group.heartbeat(1);
    int passed = 0;
    group.drop([&](const Message& m) { return m.to == NodeId(3) && ++passed % 3 == 0; });
    group.settle();
    if (beats == 3) group.restart_from_disk(3);
  }
  CHECK(beats < 100);
  group.heartbeat(1);
  group.settle();
  CHECK(group[3].commit_index() == group[1].commit_index());
  REQUIRE(group.restored[3].size() == 1);
}

TEST_CASE("a newer snapshot takes the place of one under way") {
  Group group = with_3_behind(2000);
  group.heartbeat(1);
  for (int i = 0; i < 3; ++i) {
    const Message message = group.mail.front();
    group.mail.pop_front();
    group.deliver(message);
  }
  REQUIRE(group.compact(1, LogIndex(11), Payload(60, std::byte{8})));
  group.settle();
  for (int i = 0; i < 3; ++i) {
    group.heartbeat(1);
    group.settle();
  }
  REQUIRE(!group.restored[3].empty());
  CHECK(group.restored[3].back().last.index == LogIndex(11));
  CHECK(group[3].commit_index() == group[1].commit_index());
}

TEST_CASE("a node that joins learns shares and members from the snapshot") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  Membership to{equal_shares(3), {{NodeId(2), FailureDomain(9)}}, 1};
  to.shares[NodeId(4)] = 0;
  group.join(4);
  REQUIRE(group.change(1, to));
  group.drop_to(4);
  group.settle({1, 2, 3});
  REQUIRE(group.compact(1, group[1].commit_index(), payload("state")));
  group.restart_from_disk(1);
  CHECK(membership_of(group[1].configuration()) == to);
  CHECK(group[1].configuration_committed());
  group.now += milliseconds(2000);
  group.campaign(1);
  group.settle();
  REQUIRE(group[1].role() == Role::kLeader);
  for (int i = 0; i < 8; ++i) group.heartbeat(1);
  group.settle();
  CHECK(membership_of(group[4].configuration()) == to);
  CHECK(group[4].commit_index() == group[1].commit_index());
}

TEST_CASE("a node that joined and leads makes no snapshot of a time whose epoch it does not know") {
  Group group(equal_shares(2));
  group.campaign(1);
  group.settle();
  group.propose(1, "a");
  group.settle();
  group.join(3);
  REQUIRE(group.change(1, {equal_shares(3), {}, 1}));
  group.settle();
  REQUIRE(group[3].commit_index() == LogIndex(3));
  CHECK(group.compact(3, LogIndex(2), {}).error().code == Errc::kUnavailable);
  CHECK(group.compact(3, LogIndex(3), {}));
}

TEST_CASE("only what is committed can be compacted, and only once") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.propose(1, "a");
  CHECK(group.compact(1, LogIndex(2), {}).error().message == "raft: snapshot up to 2, expected 1…1");
  CHECK(!group.compact(1, LogIndex(0), {}));
  CHECK(group.compact(1, LogIndex(1), {}));
  CHECK(group.compact(1, LogIndex(1), {}).error().code == Errc::kOutOfRange);
  group.settle();
  CHECK(group.compact(1, LogIndex(2), Payload(kSnapshotBytesMax)).error().code == Errc::kLimitReached);
  CHECK(group[1].commit_index() == LogIndex(2));
}

TEST_CASE("old requests that reach below the compacted prefix are answered and cut nothing off") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  std::vector<Message> old;
  for (const char* text : {"a", "b", "c"}) {
    group.propose(1, text);
    old.push_back(group.mail.front());
    group.settle();
  }
  group.heartbeat(1);
  group.settle();
  REQUIRE(group.compact(2, LogIndex(3), {}));
  for (const Message& message : old) {
    REQUIRE(message.to == NodeId(2));
    group.deliver(message);
    REQUIRE(!group.mail.empty());
    CHECK(std::get<AppendReply>(group.mail.back().body).accepted);
    CHECK(group.last_persist.empty());
  }
  CHECK(group[2].last_index() == LogIndex(4));
  // One that contradicts the place where the prefix ends can come from no leader.
  group.mail.clear();
  group.deliver({NodeId(1), NodeId(2), Term(9),
                 AppendRequest{{LogIndex(2), Term(1)}, LogIndex(0), {{Term(8), LogIndex(3), {}}}}});
  CHECK(group.mail.empty());
  CHECK(group[2].last_index() == LogIndex(4));
}

TEST_CASE("a snapshot keeps the log behind it where the log contains its end, and drops it where not") {
  const Snapshot snapshot{{LogIndex(2), Term(1)}, {Epoch(0), {equal_shares(3), {}}, {}, 0}, payload("x")};
  const auto bytes = encode(snapshot);
  for (const std::uint64_t term : {1U, 2U}) {
    std::map<std::uint32_t, Persisted> disks;
    disks[1] = {{Term(2), kNobody}, log_of_terms({1, term, 2})};
    Group group(equal_shares(3), {}, disks);
    group.deliver({NodeId(2), NodeId(1), Term(3), SnapshotChunk{snapshot.last, bytes.size(), 0, bytes}});
    CHECK(group[1].last_index() == LogIndex(term == 1 ? 3 : 2));
    CHECK(group.disks[NodeId(1)].log.size() == (term == 1 ? 1 : 0));
    CHECK(group[1].commit_index() == LogIndex(2));
  }
}

}  // namespace
}  // namespace skywarden::consensus
