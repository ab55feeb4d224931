// How long a member waits for another: by what it measured, and by what contacts it foresees.
#include <doctest/doctest.h>

#include "consensus/raft_group.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Node 1 sees the others in the first minute of every ten only; the others always see each other, or never.
class EveryTenMinutes final : public datum::ArrivalForecast {
 public:
  explicit EveryTenMinutes(bool others_meet) : others_meet_(others_meet) {}
  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override {
    if (from != NodeId(1) && to != NodeId(1)) return others_meet_ ? std::optional(t) : std::nullopt;
    const Duration in_period = t.time_since_epoch() % minutes(10);
    return in_period < minutes(1) ? t : t - in_period + minutes(10);
  }

 private:
  bool others_meet_;
};

const auto kRole = [](Group& group, std::uint32_t id) { return group[id].role(); };

// Node 1 leads, was heard, and is out of sight from now on; what it said to hand over was lost.
Group led_until_out_of_sight(const EveryTenMinutes& forecast, const RaftOptions& options = {}) {
  Group group(equal_shares(3), options, {}, &forecast);
  group.campaign(1);
  group.settle();
  group.now = Instant(seconds(59));
  for (int beat = 0; beat < 20; ++beat) {
    group.now += milliseconds(50);
    group.tick(1);
    while (!group.mail.empty()) {
      const Message message = group.mail.front();
      group.mail.pop_front();
      if (!std::holds_alternative<TimeoutNow>(message.body)) group.deliver(message);
    }
  }
  REQUIRE(kRole(group, 1) == Role::kLeader);
  return group;
}

TEST_CASE("a fixed patience that waits for a leader behind the horizon does not stay due") {
  RaftOptions options;
  options.patience_growth_max = 1;
  const EveryTenMinutes forecast(false);
  Group group = led_until_out_of_sight(forecast, options);
  group.now = group[2].next_deadline();
  group.tick(2);
  CHECK(kRole(group, 2) == Role::kFollower);
  CHECK(group[2].next_deadline() > group.now);
}

TEST_CASE("a leader behind the horizon is waited for when nobody could be elected before it is back") {
  const EveryTenMinutes forecast(false);
  Group group = led_until_out_of_sight(forecast);
  group.now = group[2].next_deadline();
  group.tick(2);
  CHECK(kRole(group, 2) == Role::kFollower);
  CHECK(group[2].leader() == NodeId(1));
  CHECK(group[2].next_deadline() >= Instant(minutes(10)));
  // It is not back when it should be.
  group.campaign(2);
  CHECK(kRole(group, 2) == Role::kPreCandidate);
}

TEST_CASE("a leader behind the horizon is replaced when the others can do it sooner") {
  const EveryTenMinutes forecast(true);
  Group group = led_until_out_of_sight(forecast);
  group.campaign(2);
  CHECK(group.now < Instant(seconds(62)));
  CHECK(kRole(group, 2) == Role::kPreCandidate);
}

TEST_CASE("a leader leads on while nobody could have answered, and no longer") {
  const EveryTenMinutes forecast(false);
  Group group = led_until_out_of_sight(forecast);
  const auto tick_at = [&](Instant at) {
    while (group[1].next_deadline() <= at && kRole(group, 1) == Role::kLeader) {
      group.now = group[1].next_deadline();
      group.tick(1);
      group.mail.clear();
    }
    return kRole(group, 1);
  };
  CHECK(tick_at(Instant(minutes(10))) == Role::kLeader);
  CHECK(tick_at(Instant(minutes(10) + seconds(1))) == Role::kFollower);
}

// Node 1 turns away after ten seconds, for a minute; the others stay in sight of each other.
class FirstTurnsAway final : public datum::ArrivalForecast {
 public:
  [[nodiscard]] std::optional<Instant> arrival(NodeId from, NodeId to, Instant t) const override {
    const bool away = t >= Instant(seconds(10)) && t < Instant(seconds(70));
    return away && (from == NodeId(1) || to == NodeId(1)) ? Instant(seconds(70)) : t;
  }
};

TEST_CASE("leadership moves before a foreseen cut, while the successor can still be told") {
  const FirstTurnsAway forecast;
  Group group(equal_shares(3), {}, {}, &forecast);
  group.campaign(1);
  group.settle();
  Instant moved{};
  for (; group.now < Instant(seconds(10)); group.now += milliseconds(50)) {
    for (const std::uint32_t id : {1, 2, 3}) {
      if (group[id].next_deadline() <= group.now) group.tick(id);
      group.settle();
    }
    if (kRole(group, 1) != Role::kLeader && moved == Instant()) moved = group.now;
  }
  CHECK(moved > Instant(seconds(9)));  // not sooner than needed
  CHECK(moved < Instant(seconds(10)));
  CHECK((kRole(group, 2) == Role::kLeader || kRole(group, 3) == Role::kLeader));
}

TEST_CASE("a round of votes lasts until a quorum could have answered") {
  const EveryTenMinutes forecast(false);
  Raft candidate(NodeId(1), equal_shares(3), {}, {}, Random(1), Instant(minutes(2)), &forecast);
  std::size_t rounds = 0;
  Instant last{};
  while (candidate.next_deadline() < Instant(minutes(12))) {
    last = candidate.next_deadline();
    for (const TraceEvent& event : candidate.tick(last).trace)
      if (event.kind == TraceKind::kBecameCandidate) ++rounds;
    if (last < Instant(minutes(10))) CHECK(rounds <= 1);  // out of sight: no answer can be there
  }
  CHECK(rounds > 1);
}

TEST_CASE("a follower of a leader with long silences waits longer, and less again when there are none") {
  Raft follower(NodeId(2), equal_shares(3), {}, {}, Random(2), Instant());
  Instant now{};
  const auto patience = [&] {  // as if nothing came from now on
    Raft waiting = follower;
    Instant t = now;
    while (waiting.role() == Role::kFollower) {
      t = waiting.next_deadline();
      (void)waiting.tick(t);
    }
    return t - now;
  };
  const auto heard_after = [&](Duration silence) {
    now += silence;
    (void)follower.receive({NodeId(1), NodeId(2), Term(1), AppendRequest{}}, now);
  };
  for (int i = 0; i < 200; ++i) {
    heard_after(milliseconds(50));
    CHECK(patience() >= milliseconds(200));
    CHECK(patience() <= milliseconds(400));
  }
  heard_after(milliseconds(900));
  for (int i = 0; i < 60; ++i) {
    CHECK(patience() >= milliseconds(950));
    CHECK(patience() <= milliseconds(1900));
    heard_after(milliseconds(50));
  }
  heard_after(seconds(100));  // a partition says nothing about delays
  CHECK(patience() <= RaftOptions().patience_growth_max * RaftOptions().election_timeout_max);
  for (int i = 0; i < 200; ++i) heard_after(milliseconds(50));
  CHECK(patience() <= milliseconds(400));
}

TEST_CASE("who refused a pre-vote because it heard the leader grants it when its own patience ends") {
  Group group = led_by_1(equal_shares(3));
  group.heartbeat(1);
  group.settle();
  const Instant heard = group.now;
  const PreVoteRequest request{group[3].log().last()};
  group.deliver({NodeId(3), NodeId(2), Term(2), request});
  REQUIRE(group.mail.size() == 1);
  CHECK(!std::get<PreVoteReply>(group.mail.front().body).granted);
  group.mail.clear();
  bool granted = false;
  while (!granted && group.now < heard + group.options.election_timeout_min) {
    group.tick_when_due(2);
    for (const Message& message : group.mail)
      if (const auto* reply = std::get_if<PreVoteReply>(&message.body))
        granted |= reply->granted && message.to == NodeId(3) && message.term == Term(2);
  }
  // It asks for itself by then, and has the smaller id: it stands back for the better log only.
  CHECK(!granted);
  CHECK(group.now == heard + group.options.election_timeout_min);

  Group later = led_by_1(equal_shares(3));
  later.heartbeat(1);
  later.settle();
  const Instant last = later.now;
  later.deliver({NodeId(2), NodeId(3), Term(2), PreVoteRequest{later[2].log().last()}});
  while (later.now < last + later.options.election_timeout_min) later.tick_when_due(3);
  const auto replies = bodies<PreVoteReply>({later.mail.begin(), later.mail.end()}, NodeId(2));
  REQUIRE(replies.size() == 2);
  CHECK(!replies[0].second.granted);
  CHECK(replies[1].second.granted);
  CHECK(later.now == last + later.options.election_timeout_min);
}

TEST_CASE("a vote that comes after the round it was asked in still elects, unless a leader was heard") {
  for (const bool leader_heard : {false, true}) {
    Raft candidate(NodeId(1), equal_shares(3), {}, {}, Random(1), Instant());
    Instant now = candidate.next_deadline();
    (void)candidate.tick(now);
    (void)candidate.receive({NodeId(2), NodeId(1), Term(1), PreVoteReply{true}}, now);
    REQUIRE(candidate.role() == Role::kCandidate);
    while (candidate.role() != Role::kPreCandidate) {
      now = candidate.next_deadline();
      (void)candidate.tick(now);
    }
    if (leader_heard) (void)candidate.receive({NodeId(3), NodeId(1), Term(1), AppendRequest{}}, now);
    (void)candidate.receive({NodeId(2), NodeId(1), Term(1), VoteReply{true}}, now);
    CHECK((candidate.role() == Role::kLeader) == !leader_heard);
    CHECK(candidate.term() == Term(1));
  }
}

TEST_CASE("who is to take over once its log has come so far does so when it has, and not much later") {
  for (const bool too_late : {false, true}) {
    Group group = led_by_1(equal_shares(3));
    group.propose(1, "a");
    std::vector<Message> entries(group.mail.begin(), group.mail.end());
    group.mail.clear();
    group.deliver({NodeId(1), NodeId(2), Term(1), TimeoutNow{LogIndex(2)}});
    CHECK(kRole(group, 2) == Role::kFollower);
    if (too_late) group.now += seconds(10);
    for (const Message& message : entries)
      if (message.to == NodeId(2)) group.deliver(message);
    if (group[2].next_deadline() <= group.now) group.tick(2);
    CHECK(kRole(group, 2) == (too_late ? Role::kFollower : Role::kCandidate));
  }
}

}  // namespace
}  // namespace skywarden::consensus
