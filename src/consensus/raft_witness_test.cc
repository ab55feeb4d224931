// Dialogues with witnesses: voters that keep no payloads.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const NodeId kWitness(3);

Membership two_and_a_witness() {
  Membership to{equal_shares(3), {}, 0};
  to.witnesses = {kWitness};
  return to;
}

// 1 leads, 2 follows, 3 is a witness that has come later.
Group with_witness(RaftOptions options = {}) {
  Group group = led_by_1(equal_shares(2), options);
  group.join(3);
  REQUIRE(group.change(1, two_and_a_witness()));
  group.settle();
  group.heartbeat(1);
  group.settle();
  REQUIRE(group[3].configuration_committed());
  REQUIRE(!group[3].keeps_payloads());
  return group;
}

void propose_to_all(Group& group, std::string_view text) {
  group.propose(1, text);
  group.settle();
}

TEST_CASE("a witness is sent and keeps places instead of contents") {
  Group group = with_witness();
  group.delivered.clear();
  propose_to_all(group, "a long story of a fire");
  const Entry& whole = group.disks[NodeId(2)].log.back();
  const Entry& place = group.disks[kWitness].log.back();
  CHECK(whole.payload == payload("a long story of a fire"));
  CHECK(place.kind == EntryKind::kWithheld);
  CHECK(place == withheld(whole));
  CHECK(same_but_withheld(place, whole));
  CHECK(group.committed[3].back() == place);
  for (const auto& [from, append] : bodies<AppendRequest>(group.delivered, kWitness))
    for (const Entry& entry : append.entries) CHECK(entry.payload.size() <= kWithheldBytes);
  CHECK(group.disks[kWitness].log.front().kind == EntryKind::kProposal);  // the no-op of term 1
  for (const Entry& entry : group.disks[kWitness].log)
    CHECK((entry.kind == EntryKind::kConfiguration) == (entry.payload.size() > kWithheldBytes));
  group.restart_from_disk(3);
  CHECK(!group[3].keeps_payloads());
  CHECK(group[3].role() == Role::kLearner);
}

TEST_CASE("what comes whole all the same a witness withholds itself") {
  Group group = with_witness();
  propose_to_all(group, "a");
  const LogPosition last = group[1].log().last();
  group.deliver(
      {NodeId(2), kWitness, Term(1), Relayed{last, {{Term(1), last.index.next(), payload("bcd")}}}});
  CHECK(group[3].commit_index() == last.index.next());
  CHECK(group.disks[kWitness].log.back() == withheld(Entry{Term(1), last.index.next(), payload("bcd")}));
}

TEST_CASE("with a witness one of two full members may be away") {
  Group group = with_witness();
  group.propose(1, "a");
  group.settle({1, 3});
  CHECK(group.committed[1].back().payload == payload("a"));
}

TEST_CASE("a witness never stands, whoever is silent, and is not handed leadership") {
  Group group = with_witness();
  CHECK(group.transfer(1, 3).error().code == Errc::kOutOfRange);
  group.deliver({NodeId(1), kWitness, Term(1), TimeoutNow{}});
  group.mail.clear();
  for (int i = 0; i < 40; ++i) {
    group.now += milliseconds(200);
    group.tick(3);
  }
  CHECK(group.mail.empty());
  CHECK(group[3].role() == Role::kLearner);
  CHECK(group[3].term() == Term(1));
  CHECK(group[3].next_deadline() == Instant::max());
  group.deliver(
      {NodeId(2), kWitness, Term(5), PreVoteRequest{{LogIndex(1), Term(1)}}});  // it lacks something
  group.now += seconds(9);
  group.tick(3);
  CHECK(group[3].role() == Role::kLearner);
  REQUIRE(group.transfer(1, kNobody.value()));
  group.settle();
  CHECK(group[2].role() == Role::kLeader);
  REQUIRE(group.transfer(2, kNobody.value()));
  group.settle();
  CHECK(group[1].role() == Role::kLeader);
}

TEST_CASE("a witness that still hears the leader answers a pre-vote when it no longer does") {
  Group group = with_witness();
  group.heartbeat(1);
  group.settle();
  const LogPosition last = group[2].log().last();
  group.deliver({NodeId(2), kWitness, Term(2), PreVoteRequest{last}});
  REQUIRE(bodies<PreVoteReply>({group.mail.begin(), group.mail.end()}, NodeId(2)).size() == 1);
  CHECK(!std::get<PreVoteReply>(group.mail.front().body).granted);
  group.mail.clear();
  group.tick_when_due(3);
  const auto late = bodies<PreVoteReply>({group.mail.begin(), group.mail.end()}, NodeId(2));
  REQUIRE(late.size() == 1);
  CHECK(late[0].second.granted);
}

TEST_CASE("a full member wins with the vote of a witness alone") {
  Group group = with_witness();
  propose_to_all(group, "a");
  group.now += seconds(1);
  group.campaign(2);
  group.settle({2, 3});
  CHECK(group[2].role() == Role::kLeader);
  CHECK(group.committed[2].back().term == Term(2));
}

// What a group pays for keeping less.
TEST_CASE("what one full member and the witness alone hold waits for that member, and is not lost") {
  Group group = with_witness();
  group.propose(1, "precious");
  group.drop_to(2);
  group.settle({1, 3});
  const LogIndex index = group[1].last_index();
  REQUIRE(group[1].commit_index() == index);
  group.mail.clear();
  for (int i = 0; i < 10; ++i) {  // 1 is away
    group.now += seconds(1);
    group.tick(3);
    group.campaign(2);
    group.settle({2, 3});
    CHECK(group[2].role() != Role::kLeader);
    CHECK(group[3].role() == Role::kLearner);
    group.drop_to(1);
  }
  group.restart_from_disk(1);
  group.now += seconds(1);
  group.campaign(1);
  group.settle();
  REQUIRE(group[1].role() == Role::kLeader);
  CHECK(group[2].log().at(index).payload == payload("precious"));
  CHECK(group[2].commit_index() >= index);
}

TEST_CASE("a snapshot reaches a witness without the data, and stays so on its disk") {
  RaftOptions options;
  options.bytes_per_message_max = 50;
  Group group = with_witness(options);
  for (int i = 0; i < 5; ++i) {
    group.propose(1, "entry");
    group.drop_to(3);
    group.settle({1, 2});
  }
  const LogIndex end = group[1].commit_index();
  REQUIRE(group.compact(1, end, Payload(5000, std::byte{7})));
  group.delivered.clear();
  for (int i = 0; i < 4; ++i) {
    group.heartbeat(1);
    group.settle();
  }
  CHECK(bodies<SnapshotChunk>(group.delivered, kWitness).size() < 8);  // of 50 bytes
  REQUIRE(group.restored[3].size() == 1);
  CHECK(group.restored[3][0].withheld);
  CHECK(group.restored[3][0].data.empty());
  CHECK(group.restored[3][0].last.index == end);
  CHECK(group.disks[kWitness].snapshot->configuration == group[1].configuration());
  group.restart_from_disk(3);
  CHECK(group[3].commit_index() == end);
  CHECK(!group[3].keeps_payloads());
  CHECK(decode_snapshot(encode(*group.disks[kWitness].snapshot)).value() == *group.disks[kWitness].snapshot);
}

TEST_CASE("a witness compacts its log and keeps none of the data it is given") {
  Group group = with_witness();
  propose_to_all(group, "a");
  group.heartbeat(1);
  group.settle();
  REQUIRE(group.compact(3, group[3].commit_index(), Payload(5000, std::byte{7})));
  CHECK(group.disks[kWitness].snapshot->withheld);
  CHECK(group.disks[kWitness].snapshot->data.empty());
  CHECK(group.disks[kWitness].log.empty());
  group.propose(1, "b");
  group.settle({1, 3});
  CHECK(group.committed[1].back().payload == payload("b"));
}

TEST_CASE("a full member refuses what lacks its payload, and says nothing") {
  Group group = with_witness();
  const LogPosition last = group[2].log().last();
  const Entry next = withheld(Entry{Term(1), last.index.next(), payload("a")});
  group.deliver({NodeId(1), NodeId(2), Term(1), AppendRequest{last, last.index.next(), {next}}});
  group.deliver({kWitness, NodeId(2), Term(1), Relayed{last, {next}}});
  CHECK(group.mail.empty());
  CHECK(group[2].log().last() == last);
  const auto bytes = encode(Snapshot{{LogIndex(40), Term(1)}, group[1].configuration(), {}, true});
  group.deliver(
      {NodeId(1), NodeId(2), Term(1), SnapshotChunk{{LogIndex(40), Term(1)}, bytes.size(), 0, bytes}});
  CHECK(group.restored[2].empty());
  CHECK(group[2].log().last() == last);
  const Message shorter{
      NodeId(1), kWitness, Term(1),
      AppendRequest{last, {}, {{Term(1), last.index.next(), Payload(7), EntryKind::kWithheld}}}};
  CHECK(validate(shorter).error().message == "append: a withheld entry of 7 bytes, expected 8");
}

TEST_CASE("who stays does not change sides, and witnesses hold less than half") {
  Group group = with_witness();
  Membership to = two_and_a_witness();
  to.witnesses.clear();
  CHECK(group.change(1, to).error().message ==
        "node 3 would be a witness no more: a member that stays stays what it is");
  to.witnesses = {NodeId(2), kWitness};
  CHECK(group.change(1, to).error().message == "vote shares: witnesses hold 2 of 3, which is half or more");
  to.shares = {{NodeId(1), 9}, {NodeId(2), 1}, {kWitness, 1}};
  CHECK(group.change(1, to).error().message ==
        "node 2 would become a witness: a member that stays stays what it is");
  to = two_and_a_witness();
  to.shares[kWitness] = 2;
  CHECK(group.change(1, to).error().message == "vote shares: witnesses hold 2 of 4, which is half or more");
  to.shares[kWitness] = 0;  // a witness without shares listens, as cheaply
  REQUIRE(group.change(1, to));
  group.settle();
  propose_to_all(group, "a");
  group.heartbeat(1);
  group.settle();
  CHECK(group.disks[kWitness].log.back().kind == EntryKind::kWithheld);
  to.witnesses = {NodeId(9)};
  CHECK(group.change(1, to).error().message == "witnesses: node 9 is no member");
}

// The caller must not do that; it costs a vote that never leads, and no entry.
TEST_CASE("a witness that comes back as a full member under its name does not lead") {
  Group group = with_witness();
  propose_to_all(group, "a");
  REQUIRE(group.change(1, {equal_shares(2), {}, 0}));
  group.settle();
  REQUIRE(group.change(1, {equal_shares(3), {}, 0}));
  group.settle();
  group.heartbeat(1);
  group.settle();
  REQUIRE(group[3].configuration().epoch == group[1].configuration().epoch);
  CHECK(!group[3].keeps_payloads());
  group.restart_from_disk(3);
  for (int i = 0; i < 20; ++i) {
    group.now += milliseconds(500);
    group.tick(3);
  }
  CHECK(group.mail.empty());
  CHECK(group[3].role() == Role::kLearner);
  CHECK(group[3].shares().at(kWitness) == 1);
}

TEST_CASE("a witness hands nothing on, neither to children nor to who asks") {
  Group group = with_witness();
  group.take(kWitness, group[3].relay({{NodeId(2)}, {}, LogIndex()}, group.now));
  group.deliver({NodeId(2), kWitness, Term(1), RelayReply{LogIndex(1), true}});
  CHECK(group.mail.empty());
  CHECK(!group[3].is_handing_on());
  propose_to_all(group, "a");
  for (const Message& m : group.delivered)
    if (m.from == kWitness) CHECK(!std::holds_alternative<Relayed>(m.body));
}

TEST_CASE("a learner that hears nobody does not ask a witness") {
  Group group = with_witness();
  group.join(4);
  Membership to = two_and_a_witness();
  to.shares[NodeId(4)] = 0;
  REQUIRE(group.change(1, to));
  group.settle();
  const LogPosition last = group[4].log().last();
  group.deliver({NodeId(2), NodeId(4), Term(1), Relayed{last, {}}});
  group.mail.clear();
  for (int i = 0; i < 40; ++i) group.tick_when_due(4);
  std::size_t asked = 0;
  for (const Message& m : group.mail) {
    CHECK(m.to != kWitness);
    if (const auto* reply = std::get_if<RelayReply>(&m.body)) asked += reply->asks ? 1 : 0;
  }
  CHECK(asked > 10);
}

}  // namespace
}  // namespace skywarden::consensus
