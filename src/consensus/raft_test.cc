#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

// etcd/raft, testdata/single_node.txt
TEST_CASE("a group of one elects itself and commits at once, its own copy being durable first") {
  Group group(equal_shares(1));
  group.campaign(1);
  CHECK(group[1].role() == Role::kLeader);
  CHECK(group[1].term() == Term(1));
  CHECK(group[1].commit_index() == LogIndex(1));
  CHECK(group.last_persist.state == HardState{Term(1), NodeId(1)});
  REQUIRE(group.last_persist.append.size() == 1);
  CHECK(group.last_persist.append[0].payload.empty());
  group.propose(1, "a");
  CHECK(group.committed[1].back().payload == payload("a"));
  CHECK(group.last_persist.append[0].payload == payload("a"));
  CHECK(group.mail.empty());
}

// etcd/raft, testdata/campaign.txt (with pre-vote)
TEST_CASE("an election: pre-votes bind nobody, votes are durable before they are sent, the no-op commits") {
  Group group(equal_shares(3));
  group.campaign(1);
  CHECK(group[1].role() == Role::kPreCandidate);
  CHECK(group[1].term() == Term(0));
  CHECK(group.last_persist.empty());
  REQUIRE(group.mail.size() == 2);
  group.deliver(group.mail[0]);  // node 2 would vote
  CHECK(group.last_persist.empty());
  CHECK(group[2].term() == Term(0));
  group.settle();
  CHECK(group[1].role() == Role::kLeader);
  CHECK(group[1].term() == Term(1));
  for (std::uint32_t id = 1; id <= 3; ++id) {
    CHECK(group[id].leader() == NodeId(1));
    CHECK(group[id].commit_index() == LogIndex(1));
    CHECK(group.committed[id].size() == 1);
  }
}

TEST_CASE("a vote is part of what is made durable, and is not given twice") {
  Group group(equal_shares(3));
  group.deliver({NodeId(2), NodeId(1), Term(1), VoteRequest{}});
  CHECK(group.last_persist.state == HardState{Term(1), NodeId(2)});
  CHECK(std::get<VoteReply>(group.mail.back().body).granted);
  group.deliver({NodeId(3), NodeId(1), Term(1), VoteRequest{}});
  CHECK(!std::get<VoteReply>(group.mail.back().body).granted);
  group.deliver({NodeId(2), NodeId(1), Term(1), VoteRequest{}});  // asked again: the same answer
  CHECK(std::get<VoteReply>(group.mail.back().body).granted);

  Group aware(equal_shares(3));  // knows the term already: the vote alone is new, and durable all the same
  aware.deliver({NodeId(3), NodeId(1), Term(1), VoteReply{false}});
  CHECK(aware.last_persist.state == HardState{Term(1), kNobody});
  aware.deliver({NodeId(2), NodeId(1), Term(1), VoteRequest{}});
  CHECK(aware.last_persist.state == HardState{Term(1), NodeId(2)});

  Raft restarted(NodeId(1), group.shares, {{Term(1), NodeId(2)}, {}}, {}, Random(1), group.now);
  const auto effects = restarted.receive({NodeId(3), NodeId(1), Term(1), VoteRequest{}}, group.now);
  REQUIRE(effects.send.size() == 1);
  CHECK(!std::get<VoteReply>(effects.send[0].body).granted);
}

TEST_CASE("nobody votes for a log that lacks what it holds itself") {
  std::map<std::uint32_t, Persisted> disks;
  disks[1] = {{Term(3), kNobody}, log_of_terms({1, 3})};
  Group group(equal_shares(3), {}, disks);
  const auto answer_to = [&](LogPosition last, bool pre) {
    Message message{NodeId(2), NodeId(1), Term(9), PreVoteRequest{last}};
    if (!pre) message.body = VoteRequest{last};
    Group fresh(equal_shares(3), {}, disks);
    fresh.deliver(message);
    const auto& body = fresh.mail.at(0).body;
    return pre ? std::get<PreVoteReply>(body).granted : std::get<VoteReply>(body).granted;
  };
  for (const bool pre : {true, false}) {
    CHECK(!answer_to({}, pre));
    CHECK(!answer_to({LogIndex(1), Term(3)}, pre));
    CHECK(!answer_to({LogIndex(9), Term(2)}, pre));
    CHECK(answer_to({LogIndex(2), Term(3)}, pre));
    CHECK(answer_to({LogIndex(1), Term(4)}, pre));
  }
}

TEST_CASE("no pre-vote against a leader that was just heard, nor from the leader itself") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  const auto granted_by = [&](std::uint32_t id) {
    group.deliver({NodeId(2), NodeId(id), Term(2), PreVoteRequest{{LogIndex(1), Term(1)}}});
    const Message answer = group.mail.back();
    group.mail.clear();
    CHECK(answer.term == (std::get<PreVoteReply>(answer.body).granted ? Term(2) : Term(1)));
    return std::get<PreVoteReply>(answer.body).granted;
  };
  CHECK(!granted_by(1));
  CHECK(!granted_by(3));
  group.now += group.options.election_timeout_min;
  CHECK(!granted_by(1));
  CHECK(granted_by(3));
  CHECK(group[3].term() == Term(1));
}

TEST_CASE("pre-votes of an earlier round do not count") {
  Group group(equal_shares(3));
  group.restart(1, {{Term(4), kNobody}, {}});
  group.campaign(1);
  group.deliver({NodeId(2), NodeId(1), Term(4), PreVoteReply{true}});
  group.deliver({NodeId(3), NodeId(1), Term(6), PreVoteReply{true}});
  CHECK(group[1].role() == Role::kPreCandidate);
  CHECK(group[1].term() == Term(4));
  group.deliver({NodeId(2), NodeId(1), Term(5), PreVoteReply{true}});
  CHECK(group[1].role() == Role::kCandidate);
}

// etcd/raft, testdata/prevote.txt
TEST_CASE("a node that is behind gets no pre-vote and disturbs nobody; one that is up to date takes over") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.propose(1, "prop_1");
  group.settle({1, 2});
  group.drop_to(3);
  group.now += milliseconds(300);  // nobody is protected by having heard a leader; node 1 has not looked yet
  group.campaign(3);
  CHECK(group[3].role() == Role::kPreCandidate);
  group.settle();
  CHECK(group[3].role() == Role::kFollower);
  for (std::uint32_t id = 1; id <= 3; ++id) CHECK(group[id].term() == Term(1));
  group.heartbeat(1);
  group.settle();
  CHECK(group[3].commit_index() == LogIndex(2));
  group.now += milliseconds(300);
  // The leader steps down before it would refuse; then node 2 is up to date and wins.
  group.now += milliseconds(300);
  group.tick(1);
  CHECK(group[1].role() == Role::kFollower);
  group.campaign(2);
  group.settle();
  CHECK(group[2].role() == Role::kLeader);
  CHECK(group[2].term() == Term(2));
  CHECK(group[1].leader() == NodeId(2));
}

// etcd/raft, testdata/checkquorum.txt
TEST_CASE("while a leader is heard nobody votes, not even for a later term") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.deliver({NodeId(2), NodeId(3), Term(9), VoteRequest{{LogIndex(50), Term(8)}}});
  CHECK(group[3].term() == Term(1));
  CHECK(group.mail.empty());
  group.deliver({NodeId(2), NodeId(1), Term(9), VoteRequest{{LogIndex(50), Term(8)}}});
  CHECK(group[1].role() == Role::kLeader);
  group.now += group.options.election_timeout_min;
  group.deliver({NodeId(2), NodeId(3), Term(9), VoteRequest{{LogIndex(50), Term(8)}}});
  CHECK(group[3].term() == Term(9));
}

// etcd/raft, testdata/checkquorum.txt
TEST_CASE("a leader that no quorum of shares answers steps down; answers of learners do not help") {
  Group group({{NodeId(1), 2}, {NodeId(2), 1}, {NodeId(3), 2}, {NodeId(4), 0}});
  group.campaign(1);
  group.settle();
  const Instant cut = group.now;
  while (group[1].role() == Role::kLeader && group.now < cut + milliseconds(2000)) {
    group.heartbeat(1);
    group.settle({1, 4});
    group.drop([](const Message& m) { return m.to != NodeId(1); });
  }
  CHECK(group[1].role() == Role::kFollower);
  CHECK(group[1].leader() == kNobody);
  CHECK(group.now - cut > group.options.election_timeout_max);
  CHECK(group.now - cut <= group.options.election_timeout_max + 2 * group.options.heartbeat);
  CHECK(!group[1].propose(payload("x"), group.now));

  Group answered(group.shares);
  answered.campaign(1);
  answered.settle();
  for (int i = 0; i < 40; ++i) {
    answered.heartbeat(1);
    answered.settle({1, 2});  // 3 of 5 shares
    answered.drop([](const Message&) { return true; });
  }
  CHECK(answered[1].role() == Role::kLeader);
}

// etcd/raft, testdata/checkquorum.txt: an old leader's heartbeat brings a later term back to it.
TEST_CASE("whoever asks in an old term is told the new one") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.restart(3, {{Term(5), kNobody}, {}});
  group.heartbeat(1);
  group.settle();
  CHECK(group[1].term() == Term(5));
  CHECK(group[1].role() == Role::kFollower);
}

// etcd/raft, testdata/probe_and_replicate.txt: figure 7 of the Raft paper, with a longer tail on node 5. The
// hints and the places from which entries are sent are those of that transcript (its indices are ours plus
// 10).
TEST_CASE("figure 7: every kind of diverged log is reconciled after one refusal") {
  std::map<std::uint32_t, Persisted> disks;
  disks[1] = {{Term(7), kNobody}, log_of_terms({1, 1, 1, 4, 4, 5, 5, 6, 6, 6})};
  disks[2] = {{Term(6), kNobody}, log_of_terms({1, 1, 1, 4, 4, 5, 5, 6, 6})};
  disks[3] = {{Term(4), kNobody}, log_of_terms({1, 1, 1, 4})};
  disks[4] = {{Term(6), kNobody}, log_of_terms({1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6})};
  disks[5] = {{Term(7), kNobody}, log_of_terms({1, 1, 1, 4, 4, 5, 5, 6, 7, 7, 7, 7})};
  disks[6] = {{Term(4), kNobody}, log_of_terms({1, 1, 1, 4, 4, 4, 4})};
  disks[7] = {{Term(3), kNobody}, log_of_terms({1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3})};
  RaftOptions options;
  options.entries_per_message_max =
      9;  // or all of it would go along with the first message, see the next test
  Group group(equal_shares(7), options, disks);
  group.campaign(1);
  group.settle();
  CHECK(group[1].role() == Role::kLeader);
  CHECK(group[1].term() == Term(8));
  const std::vector<std::uint64_t> agreed = {1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8};
  for (std::uint32_t id = 1; id <= 7; ++id) {
    CAPTURE(id);
    CHECK(terms_of(group[id].log()) == agreed);
    CHECK(group[id].commit_index() == LogIndex(11));
  }
  const std::map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> hint_and_start = {
      {2, {9, 9}}, {3, {4, 4}}, {5, {8, 8}}, {6, {7, 5}}, {7, {10, 3}}};
  std::map<std::uint32_t, int> refusals;
  for (const auto& [from, reply] : bodies<AppendReply>(group.delivered, NodeId(1))) {
    if (reply.accepted) continue;
    ++refusals[from.value()];
    CHECK(reply.hint.index == LogIndex(hint_and_start.at(from.value()).first));
  }
  for (const auto& [id, expected] : hint_and_start) {
    CAPTURE(id);
    CHECK(refusals[id] == 1);
    const auto requests = bodies<AppendRequest>(group.delivered, NodeId(id));
    REQUIRE(requests.size() >= 2);
    CHECK(requests[1].second.previous.index == LogIndex(expected.second));
  }
  CHECK(refusals.size() == 5);  // node 4 merely holds too much
}

TEST_CASE("a new leader sends along what is not known to be committed, so that nobody refuses") {
  std::map<std::uint32_t, Persisted> disks;
  disks[1] = {{Term(7), kNobody}, log_of_terms({1, 1, 1, 4, 4, 5, 5, 6, 6, 6})};
  disks[2] = {{Term(4), kNobody}, log_of_terms({1, 1, 1, 4, 4, 4, 4})};
  disks[3] = {{Term(3), kNobody}, log_of_terms({1, 1})};
  Group group(equal_shares(3), {}, disks);
  group.campaign(1);
  group.settle();
  for (const auto& [from, reply] : bodies<AppendReply>(group.delivered, NodeId(1))) CHECK(reply.accepted);
  for (std::uint32_t id = 1; id <= 3; ++id) {
    CHECK(terms_of(group[id].log()) == std::vector<std::uint64_t>{1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8});
    CHECK(group[id].commit_index() == LogIndex(11));
  }
}

// etcd/raft, testdata/replicate_pause.txt
TEST_CASE("a full window stops the stream; a heartbeat finds the loss and the follower catches up") {
  RaftOptions options;
  options.inflight_max = 3;
  Group group(equal_shares(3), options);
  group.campaign(1);
  group.settle();
  const auto commit_without_3 = [&] {
    group.settle({1, 2});
    group.drop_to(3);
  };
  for (const char* text : {"12", "13", "14"}) group.propose(1, text);
  commit_without_3();
  for (const char* text : {"15", "16", "17"}) group.propose(1, text);
  CHECK(bodies<AppendRequest>({group.mail.begin(), group.mail.end()}, NodeId(3)).empty());
  commit_without_3();
  CHECK(group[1].commit_index() == LogIndex(7));
  CHECK(group[3].last_index() == LogIndex(1));
  CHECK(group[1].holders(LogIndex(7)) == std::vector<NodeId>{NodeId(1), NodeId(2)});
  group.heartbeat(1);
  group.settle();
  CHECK(group[3].last_index() == LogIndex(7));
  CHECK(group[3].commit_index() == LogIndex(7));
  CHECK(group[1].holders(LogIndex(7)).size() == 3);
  CHECK(group[2].holders(LogIndex(7)).empty());
}

TEST_CASE("a refusal from long ago does not restart the search") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  for (const char* text : {"a", "b", "c"}) group.propose(1, text);
  group.settle();
  for (const std::uint64_t index : {1U, 3U, 4U}) {
    group.deliver({NodeId(2), NodeId(1), group[1].term(), AppendReply{false, LogIndex(index), {}}});
    CHECK(group.mail.empty());
  }
}

// Figure 8 of the Raft paper.
TEST_CASE("an entry of an earlier term is not committed by counting its copies") {
  std::map<std::uint32_t, Persisted> disks;
  disks[1] = {{Term(3), kNobody}, log_of_terms({1, 2})};
  disks[2] = {{Term(3), kNobody}, log_of_terms({1, 2})};
  disks[3] = {{Term(3), kNobody}, log_of_terms({1})};
  disks[4] = {{Term(3), kNobody}, log_of_terms({1})};
  disks[5] = {{Term(3), kNobody}, log_of_terms({1, 3})};
  Group group(equal_shares(5), {}, disks);
  group.campaign(1);
  group.settle({1, 2, 3, 4});
  REQUIRE(group[1].role() == Role::kLeader);  // settles everything, of course, because its no-op is of term 4
  CHECK(group[1].commit_index() == LogIndex(3));

  // The same, but only entry 2 reaches node 3 before the leader dies: three of five hold it, and still no
  // commit.
  Group cautious(equal_shares(5), {}, disks);
  cautious.campaign(1);
  while (cautious[1].role() != Role::kLeader) {
    const Message message = cautious.mail.front();
    cautious.mail.pop_front();
    if (message.from != NodeId(5) && message.to != NodeId(5)) cautious.deliver(message);
  }
  cautious.mail.clear();
  cautious.deliver({NodeId(2), NodeId(1), Term(4), AppendReply{true, LogIndex(2), {}}});
  cautious.deliver({NodeId(3), NodeId(1), Term(4), AppendReply{true, LogIndex(2), {}}});
  CHECK(cautious[1].holders(LogIndex(2)).size() == 3);
  CHECK(cautious[1].commit_index() == LogIndex(0));
  cautious.deliver({NodeId(2), NodeId(1), Term(4), AppendReply{true, LogIndex(3), {}}});
  cautious.deliver({NodeId(3), NodeId(1), Term(4), AppendReply{true, LogIndex(3), {}}});
  CHECK(cautious[1].commit_index() == LogIndex(3));
}

TEST_CASE("a commit that overtakes its entry is not forgotten") {
  Group group = led_by_1(equal_shares(3));
  group.propose(1, "a");
  const Message late =
      *std::find_if(group.mail.begin(), group.mail.end(), [](const Message& m) { return m.to == NodeId(3); });
  group.drop_to(3);
  while (group[1].commit_index() < LogIndex(2)) {
    const Message next = group.mail.front();
    group.mail.pop_front();
    group.deliver(next);
  }
  const auto notice =
      std::find_if(group.mail.begin(), group.mail.end(), [](const Message& m) { return m.to == NodeId(3); });
  REQUIRE(notice != group.mail.end());
  const Message early = *notice;
  group.deliver(early);
  CHECK(group[3].commit_index() == LogIndex(1));
  group.deliver(late);
  CHECK(group[3].commit_index() == LogIndex(2));
}

TEST_CASE("shares decide, not heads") {
  Group group({{NodeId(1), 5}, {NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 1}, {NodeId(5), 0}});
  group.campaign(1);
  CHECK(group[1].role() == Role::kLeader);  // 5 of 8
  CHECK(group[1].commit_index() == LogIndex(1));

  Group light({{NodeId(1), 2}, {NodeId(2), 2}, {NodeId(3), 2}, {NodeId(4), 1}, {NodeId(5), 0}});
  light.campaign(4);
  light.settle({4, 5, 1});
  CHECK(light[4].role() == Role::kPreCandidate);  // 3 of 7, and the learner was not even asked
  light.settle({4, 5, 1, 2});
  CHECK(light[4].role() == Role::kLeader);
}

TEST_CASE("a learner follows the log and never campaigns") {
  Group group({{NodeId(1), 1}, {NodeId(2), 0}});
  CHECK(group[2].role() == Role::kLearner);
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  CHECK(group[2].leader() == NodeId(1));
  CHECK(group.committed[2].size() == 2);
  group.now = group[2].next_deadline();
  group.tick(2);
  CHECK(group[2].role() == Role::kLearner);
  CHECK(group[2].leader() == kNobody);
  CHECK(group[2].next_deadline() == Instant::max());
  CHECK(group.mail.empty());
  for (int beat = 0; beat < 8; ++beat) group.heartbeat(1);
  group.settle();
  CHECK(group[2].leader() == NodeId(1));
}

TEST_CASE("a learner that has everything hears one heartbeat in eight, one that lags hears each") {
  Group group({{NodeId(1), 1}, {NodeId(2), 0}});
  group.campaign(1);
  group.propose(1, "a");
  group.settle();
  group.heartbeat(1);  // its answer shows that it knows of the commit
  group.settle();
  const auto heard_of_eight = [&] {
    std::size_t heard = 0;
    for (int beat = 0; beat < 8; ++beat) {
      group.heartbeat(1);
      heard += group.mail.size();
      group.mail.clear();
    }
    return heard;
  };
  CHECK(heard_of_eight() == 1);
  group.propose(1, "b");
  group.mail.clear();  // lost
  CHECK(heard_of_eight() == 8);
  group.heartbeat(1);
  group.settle();
  CHECK(group.committed[2].size() == 3);
}

TEST_CASE("votes not answered are asked for again after a heartbeat") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.mail.clear();
  group.campaign(1);
  CHECK(group.mail.size() == 2);
  CHECK(group[1].role() == Role::kPreCandidate);
  group.settle({1, 2});
  CHECK(group[1].role() == Role::kLeader);
}

TEST_CASE("an isolated member asks ever more seldom, and at once again whom it hears") {
  Group group(equal_shares(3));
  const auto beats = [&](int count) {
    std::size_t asked = 0;
    for (const Instant end = group.now + count * group.options.heartbeat; group.now < end;) {
      group.campaign(1);
      asked += bodies<PreVoteRequest>({group.mail.begin(), group.mail.end()}, NodeId(2)).size();
      group.mail.clear();
    }
    return asked;
  };
  CHECK(beats(8) >= 3);
  const std::size_t later = beats(800);
  CHECK(later >= 90);
  CHECK(later <= 110);

  // A word from 2, whatever it is.
  group.deliver({NodeId(2), NodeId(1), Term(1), PreVoteReply{false}});
  CHECK(beats(2) >= 1);
}

TEST_CASE("of two pre-candidates the lesser yields, but only once") {
  Group group(equal_shares(3));
  group.campaign(2);
  group.campaign(1);
  group.drop_to(3);
  group.settle({1, 2});
  CHECK(group[1].role() == Role::kLeader);  // equal logs and shares: the smaller id

  Group deaf(equal_shares(3));  // node 1 asks and asks, and never hears an answer
  const Message plea{NodeId(1), NodeId(2), Term(1), PreVoteRequest{}};
  deaf.campaign(2);
  deaf.deliver(plea);
  CHECK(deaf[2].role() == Role::kFollower);
  deaf.campaign(2);
  deaf.deliver(plea);
  CHECK(deaf[2].role() == Role::kPreCandidate);
  deaf.drop_to(1);
  deaf.settle({2, 3});
  CHECK(deaf[2].role() == Role::kLeader);
}

TEST_CASE("proposals: only to the leader, neither empty nor too large, within the window") {
  RaftOptions options;
  options.bytes_per_message_max = 100;
  options.uncommitted_bytes_max = 400;
  Group group(equal_shares(3), options);
  CHECK(group[1].propose(payload("x"), group.now).error().code == Errc::kUnavailable);
  group.campaign(1);
  group.settle();
  CHECK(group[1].propose({}, group.now).error().code == Errc::kOutOfRange);
  CHECK(group[1].propose(Payload(101), group.now).error().code == Errc::kOutOfRange);
  int taken = 0;
  while (const auto effects = group[1].propose(Payload(100), group.now)) {
    ++taken;
    for (const Message& m : effects->send) group.mail.push_back(m);
  }
  CHECK(taken == 2);
  CHECK(group[1].propose(Payload(100), group.now).error().code == Errc::kUnavailable);
  group.settle();
  CHECK(group[1].propose(Payload(100), group.now));
}

TEST_CASE("proposals together: all or none, in one step to persist and one message to each follower") {
  RaftOptions options;
  options.bytes_per_message_max = 100;
  options.uncommitted_bytes_max = 1000;
  Group group(equal_shares(3), options);
  group.campaign(1);
  group.settle();
  const LogIndex before = group[1].last_index();
  CHECK(group[1].propose_all({payload("a"), {}}, group.now).error().code == Errc::kOutOfRange);
  CHECK(group[1].propose_all({payload("a"), Payload(101)}, group.now).error().code == Errc::kOutOfRange);
  CHECK(group[1].last_index() == before);
  auto effects = group[1].propose_all({payload("a"), payload("b"), payload("c")}, group.now);
  REQUIRE(effects);
  CHECK(effects->persist.append.size() == 3);
  REQUIRE(effects->send.size() == 2);
  for (const Message& message : effects->send)
    CHECK(std::get<AppendRequest>(message.body).entries.size() == 3);
  group.take(NodeId(1), std::move(*effects));
  CHECK(group[1].propose_all(std::vector<Payload>(10, Payload(100)), group.now).error().code ==
        Errc::kUnavailable);  // some would fit
  group.settle();
  CHECK(group.committed[2].back().payload == payload("c"));
}

TEST_CASE("what waits while the window is full goes out in one batch") {
  RaftOptions options;
  options.inflight_max = 1;
  Group group(equal_shares(3), options);
  group.campaign(1);
  group.settle();
  group.delivered.clear();
  for (int i = 0; i < 50; ++i) group.propose(1, "entry");
  group.settle();
  CHECK(group[2].last_index() == LogIndex(51));
  const auto requests = bodies<AppendRequest>(group.delivered, NodeId(2));
  CHECK(std::count_if(requests.begin(), requests.end(),
                      [](const auto& r) { return !r.second.entries.empty(); }) == 2);
}

TEST_CASE("a long log reaches a new follower") {
  std::vector<Entry> entries;
  for (std::uint64_t i = 1; i <= 100'000; ++i)
    entries.push_back({Term(1 + i / 1000), LogIndex(i), payload("x")});
  std::map<std::uint32_t, Persisted> disks;
  disks[1] = {{Term(101), kNobody}, entries};
  disks[2] = disks[1];
  Group group(equal_shares(3), {}, disks);
  group.campaign(1);
  group.settle();
  CHECK(group[3].commit_index() == LogIndex(100'001));
  CHECK(group.committed[3].size() == 100'001);
}

TEST_CASE("a late copy of an old request cuts nothing off") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.propose(1, "a");
  const Message old = group.mail.front();
  REQUIRE(old.to == NodeId(2));
  group.settle();
  group.propose(1, "b");
  group.settle();
  group.deliver(old);
  CHECK(group[2].last_index() == LogIndex(3));
  CHECK(!group.last_persist.truncate_from);
  CHECK(group.last_persist.empty());
}

TEST_CASE("impossible messages change nothing that is committed and break no contract") {
  Group group(equal_shares(3));
  group.campaign(1);
  group.settle();
  group.propose(1, "a");
  group.settle();
  const auto unchanged = [&](const Message& message) {
    const Log before = group.nodes.at(message.to).log();
    const LogIndex commit = group.nodes.at(message.to).commit_index();
    group.deliver(message);
    const Raft& after = group.nodes.at(message.to);
    return terms_of(after.log()) == terms_of(before) && after.commit_index() == commit;
  };
  const Term term = group[1].term();
  // Entry 1 is committed, here comes another one in its place.
  CHECK(unchanged(
      {NodeId(1), NodeId(2), Term(9), AppendRequest{{}, LogIndex(1), {{Term(8), LogIndex(1), {}}}}}));
  CHECK(unchanged({NodeId(1), NodeId(2), Term(9), AppendRequest{{LogIndex(1), Term(8)}, LogIndex(1), {}}}));
  // A second leader in the same term; a stranger; a message for somebody else; one to a leader of its own
  // term.
  CHECK(unchanged({NodeId(3), NodeId(1), term,
                   AppendRequest{{LogIndex(2), term}, LogIndex(0), {{term, LogIndex(3), {}}}}}));
  CHECK(unchanged({NodeId(77), NodeId(2), Term(9), AppendRequest{{}, LogIndex(0), {}}}));
  CHECK(unchanged({NodeId(2), NodeId(1), term, AppendRequest{{LogIndex(2), term}, LogIndex(0), {}}}));
  CHECK(group[1].role() == Role::kLeader);
  // Acknowledgements of what was never sent.
  CHECK(unchanged({NodeId(2), NodeId(1), group[1].term(), AppendReply{true, LogIndex(1'000'000), {}}}));
  CHECK(unchanged({NodeId(2), NodeId(1), group[1].term(), AppendReply{false, LogIndex(0), {}}}));
  CHECK(unchanged(
      {NodeId(2), NodeId(1), group[1].term(), AppendReply{false, LogIndex(2), {LogIndex(9), Term(9)}}}));
  // The last term there is: nobody can begin another, and nothing overflows.
  group.now += milliseconds(1000);
  group.deliver({NodeId(3), NodeId(2), kTermMax, VoteRequest{}});
  CHECK(group[2].term() == kTermMax);
  for (int i = 0; i < 5; ++i) group.campaign(2);
  CHECK(group[2].term() == kTermMax);
  CHECK(group[2].role() == Role::kFollower);
}

TEST_CASE("any valid message whatever, from anybody: no contract breaks and no commit is undone") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    Group group({{NodeId(1), 2}, {NodeId(2), 1}, {NodeId(3), 1}, {NodeId(4), 0}});
    std::vector<Entry> committed;  // since the last snapshot
    LogIndex compacted;
    const auto position = [&]() {
      const LogIndex index(random.below(6));
      return index == LogIndex() ? LogPosition{} : LogPosition{index, Term(1 + random.below(4))};
    };
    for (int i = 0; i < 400; ++i) {
      Message message{
          NodeId(static_cast<std::uint32_t>(2 + random.below(4))), NodeId(1), Term(random.below(7)), {}};
      switch (random.below(13)) {
        case 0:
          message.body = PreVoteRequest{position()};
          break;
        case 1:
          message.body = PreVoteReply{random.chance(0.7)};
          break;
        case 2:
          message.body = VoteRequest{position()};
          break;
        case 3:
          message.body = VoteReply{random.chance(0.7)};
          break;
        case 4: {
          AppendRequest append{position(), LogIndex(random.below(8)), {}};
          for (auto left = random.below(3); left > 0; --left) {
            const LogPosition last =
                append.entries.empty() ? append.previous
                                       : LogPosition{append.entries.back().index, append.entries.back().term};
            const Term entry_term(std::max<std::uint64_t>(1, last.term.value() + random.below(2)));
            append.entries.push_back({entry_term, last.index.next(), Payload(1)});
            if (random.chance(0.3)) {
              const Configuration odd{Epoch(random.below(3)),
                                      {{{NodeId(static_cast<std::uint32_t>(1 + random.below(5))), 1}}, {}},
                                      {},
                                      0};
              append.entries.back().payload = encode(odd);
              append.entries.back().kind = EntryKind::kConfiguration;
            }
          }
          message.body = append;
          break;
        }
        case 5: {
          const LogPosition last{LogIndex(1 + random.below(8)), Term(1 + random.below(4))};
          const Configuration odd{Epoch(random.below(3)),
                                  {{{NodeId(static_cast<std::uint32_t>(1 + random.below(5))), 1}}, {}},
                                  {},
                                  0};
          auto bytes = encode(Snapshot{last, odd, {}, random.chance(0.3)});
          const auto whole = bytes.size();
          const auto begin = random.chance(0.5) ? 0 : random.below(whole);
          bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(begin));
          message.body = SnapshotChunk{last, whole, begin, bytes};
          break;
        }
        case 6:
          message.body = SnapshotReply{position(), random.below(100)};
          break;
        case 7:
          message.body = TimeoutNow{};
          break;
        case 8: {
          Relayed relayed{position(), {}};
          LogPosition last = relayed.previous;
          for (auto left = random.below(3); left > 0; --left) {
            last = {last.index.next(), Term(std::max<std::uint64_t>(1, last.term.value() + random.below(2)))};
            relayed.entries.push_back({last.term, last.index, Payload(1)});
            if (random.chance(0.2)) relayed.entries.back() = withheld(relayed.entries.back());
          }
          message.body = relayed;
          break;
        }
        case 9: {
          const LogPosition last{LogIndex(1 + random.below(8)), Term(1 + random.below(4))};
          const auto bytes = encode(Snapshot{last, group[1].configuration(), {}});
          message.body = RelayedChunk{{last, bytes.size(), 0, bytes}};
          break;
        }
        case 10:
          message.body = RelayReply{LogIndex(random.below(12)), random.chance(0.5), position(), 3};
          break;
        case 11:
          message.body = Probe{random.next(), Payload(3)};
          break;
        default:
          message.body = AppendReply{random.chance(0.5), LogIndex(random.below(12)), {}};
          if (!std::get<AppendReply>(message.body).accepted)
            std::get<AppendReply>(message.body).hint = position();
      }
      group.now += milliseconds(random.below(60));
      auto effects = group[1].receive(message, group.now);
      auto due = group[1].tick(group.now);
      for (auto* step : {&effects, &due}) {
        if (step->restored) {
          compacted = step->restored->last.index;
          committed.clear();
        }
        for (Entry& entry : step->committed) committed.push_back(entry);
        for (const Message& sent : step->send) REQUIRE(validate(sent));
      }
      if (auto taken = group[1].propose(Payload(2), group.now))
        for (Entry& entry : taken->committed) committed.push_back(entry);
      if (const LogIndex commit = group[1].commit_index(); random.chance(0.05) && commit > compacted)
        if (group[1].compact(commit, payload("state"), group.now)) {
          compacted = commit;
          committed.clear();
        }
      const Membership to{
          {{NodeId(static_cast<std::uint32_t>(1 + random.below(4))), 1}, {NodeId(1), random.below(3)}},
          {},
          0};
      if (auto taken = group[1].change_membership(to, group.now))
        for (Entry& entry : taken->committed) committed.push_back(entry);
      if (random.chance(0.05))
        (void)group[1].relay({{NodeId(2), NodeId(4)}, {NodeId(3), NodeId(4)}}, group.now);
      (void)group[1].read(ReadId(1), group.now);
      if (random.chance(0.05)) (void)group[1].transfer_leadership(kNobody, group.now);
      REQUIRE(compacted.value() + committed.size() == group[1].commit_index().value());
      for (const Entry& entry : committed) REQUIRE(group[1].log().at(entry.index) == entry);
    }
  }
}

TEST_CASE("options are checked, and scaled by the longest delay") {
  const RaftOptions usual;
  CHECK(usual.validate());
  CHECK(RaftOptions::for_delay(milliseconds(30)).validate());
  const auto far = RaftOptions::for_delay(milliseconds(150));
  CHECK(far.validate());
  CHECK(far.heartbeat == milliseconds(150));
  CHECK(far.election_timeout_min == milliseconds(600));
  CHECK(far.election_timeout_max == milliseconds(1200));
  CHECK(RaftOptions::for_delay(milliseconds(50)).election_timeout_min == usual.election_timeout_min);
  const auto refuses = [](auto&& change) {
    RaftOptions options;
    change(options);
    return !options.validate();
  };
  CHECK(refuses([](RaftOptions& o) { o.heartbeat = Duration::zero(); }));
  CHECK(refuses([](RaftOptions& o) { o.election_timeout_min = milliseconds(99); }));
  CHECK(refuses([](RaftOptions& o) { o.election_timeout_max = o.election_timeout_min; }));
  CHECK(refuses([](RaftOptions& o) { o.election_timeout_max = std::chrono::hours(25); }));
  CHECK(refuses([](RaftOptions& o) { o.entries_per_message_max = 0; }));
  CHECK(refuses([](RaftOptions& o) { o.entries_per_message_max = 100'000; }));
  CHECK(refuses([](RaftOptions& o) { o.bytes_per_message_max = 0; }));
  CHECK(refuses([](RaftOptions& o) { o.inflight_max = 0; }));
  CHECK(refuses([](RaftOptions& o) { o.uncommitted_bytes_max = 1; }));
}

}  // namespace
}  // namespace skywarden::consensus
