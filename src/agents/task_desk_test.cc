#include "agents/task_desk.h"

#include <doctest/doctest.h>

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;
using games::ContractMessage;
using games::Word;

constexpr NodeId kArea{1}, kLeader{10}, kOne{11}, kTwo{12}, kThree{13};
constexpr GroupId kGroup{5};
const Instant kStart = Instant(1'700'000'000s);
const DeskOptions kOptions{10s, 5s, 2s, 3, 8, 50};

struct Scene {
  Registry registry;
  Instant now = kStart;
  std::uint64_t sequence = 0;
  TaskDesk desk{kLeader, kGroup, kOptions};

  Scene() {
    enrol(kArea, Tier::kArea, GroupId(1));
    for (const NodeId node : {kLeader, kOne, kTwo, kThree}) enrol(node, Tier::kSatellite, kGroup);
    tell(Appointed{kLeader, Term(1)});
    for (int i = 0; i < 5; ++i) tell(Measured{kTwo, Ability::kWatch, 8, 8, ++sequence});
    for (int i = 0; i < 5; ++i) tell(Measured{kOne, Ability::kWatch, 1, 8, ++sequence});
  }
  void tell(decltype(AgentEvent::what) what) {
    REQUIRE(!registry.apply(AgentEvent{now, kArea, std::move(what)}).refused);
  }
  void enrol(NodeId node, Tier tier, GroupId group) {
    tell(Registered{node, Hull(node.value()), tier, group, 1h, {}, {{Ability::kWatch, 10}}});
    tell(Renewed{node, now});
  }
  std::vector<ContractMessage> tick() { return desk.tick(registry, now); }
  std::vector<ContractMessage> hear(Word word, NodeId from, std::uint64_t attempt, std::uint64_t number = 0) {
    return desk.receive({word, task_id(TaskKey(4), attempt), from, kLeader, number, {}}, registry, now);
  }
};

std::vector<NodeId> to_whom(const std::vector<ContractMessage>& messages, Word word) {
  std::vector<NodeId> out;
  for (const ContractMessage& message : messages)
    if (message.word == word) out.push_back(message.to);
  return out;
}
const std::map<NodeId, std::uint64_t> kWorth{{kOne, 100}, {kTwo, 60}, {kThree, 100}, {NodeId(77), 1000}};

TEST_CASE("who was measured as able is awarded the task, not who bids highest") {
  Scene s;
  s.desk.add({TaskKey(4), Ability::kWatch, kStart + 20min, kWorth});
  CHECK(to_whom(s.tick(), Word::kAnnounce) == std::vector{kTwo, kOne, kThree});  // and nobody unregistered
  (void)s.hear(Word::kBid, kOne, 0, 1'000'000'000);
  (void)s.hear(Word::kBid, kThree, 0, 1'000'000'000);
  (void)s.hear(Word::kBid, kTwo, 0, 1);
  s.now += 10s;
  CHECK(to_whom(s.tick(), Word::kAward) == std::vector{kTwo});
  CHECK(to_whom(s.hear(Word::kCommit, kTwo, 0), Word::kOrder) == std::vector{kTwo});
  (void)s.hear(Word::kAccept, kTwo, 0);
  s.now += 1min;
  CHECK(to_whom(s.hear(Word::kReport, kTwo, 0, 7), Word::kReceived) == std::vector{kTwo});
  CHECK(s.desk.end(TaskKey(4)) == TaskEnd::kReported);
  CHECK(s.desk.done_by(TaskKey(4)) == kTwo);
  CHECK(s.desk.take_verdicts() == std::vector<Verdict>{{TaskKey(4), kTwo, 7, 0}});
  CHECK(s.desk.take_verdicts().empty());
}

// Ordered to kTwo, which accepts.
void order_two(Scene& s, Duration time) {
  s.desk.add({TaskKey(4), Ability::kWatch, kStart + time, kWorth});
  (void)s.tick();
  (void)s.hear(Word::kBid, kTwo, 0);
  s.now += 10s;
  (void)s.tick();
  (void)s.hear(Word::kCommit, kTwo, 0);
  (void)s.hear(Word::kAccept, kTwo, 0);
  CHECK(to_whom(s.tick(), Word::kAnnounce).empty());
}

TEST_CASE("the task of one that lost its lease goes to others at once, and the first report counts") {
  Scene s;
  order_two(s, 200min);
  s.now = kStart + 30min;
  for (const NodeId node : {kArea, kLeader, kOne, kThree}) s.tell(Renewed{node, s.now});
  s.now = kStart + 1h - 1s;
  s.tell(TimePassed{});
  CHECK(to_whom(s.tick(), Word::kAnnounce).empty());
  s.now += 1s;
  s.tell(TimePassed{});
  CHECK(to_whom(s.tick(), Word::kAnnounce) == std::vector{kOne, kThree});
  CHECK(s.desk.take_verdicts().empty());  // not overdue yet
  (void)s.hear(Word::kBid, kThree, 1);
  s.now += 10s;
  (void)s.tick();
  CHECK(to_whom(s.hear(Word::kCommit, kThree, 1), Word::kOrder) == std::vector{kThree});
  (void)s.hear(Word::kReport, kThree, 1, 5);
  CHECK(s.desk.take_verdicts() == std::vector<Verdict>{{TaskKey(4), kThree, 5, 0}});
  s.now = kStart + 100min;
  (void)s.tick();
  CHECK(s.desk.take_verdicts() == std::vector<Verdict>{{TaskKey(4), kTwo, std::nullopt, 50}});
  CHECK(s.desk.done_by(TaskKey(4)) == kThree);
}

TEST_CASE("one that accepted and is overdue is replaced while there is time") {
  Scene s;
  order_two(s, 20min);
  s.now = kStart + 10min;
  CHECK(to_whom(s.tick(), Word::kAnnounce) == std::vector{kOne, kThree});
  CHECK(s.desk.take_verdicts() == std::vector<Verdict>{{TaskKey(4), kTwo, std::nullopt, 50}});
}

TEST_CASE("a suspended agent's task is given out anew before it is overdue") {
  Scene s;
  order_two(s, 80min);
  s.now += 1min;
  s.tell(Moved{kTwo, AgentState::kSuspended});
  CHECK(to_whom(s.tick(), Word::kAnnounce) == std::vector{kOne, kThree});
  CHECK(s.desk.attempts(TaskKey(4)) == 2);
  (void)s.hear(Word::kBid, kThree, 1);
  s.now += 10s;
  CHECK(to_whom(s.tick(), Word::kAward) == std::vector{kThree});
  // The first one reports after all: nobody else is ordered any more.
  (void)s.hear(Word::kReport, kTwo, 0, 1);
  CHECK(s.desk.done_by(TaskKey(4)) == kTwo);
  CHECK(to_whom(s.hear(Word::kCommit, kThree, 1), Word::kRelease) == std::vector{kThree});
  CHECK(s.tick().empty());
}

TEST_CASE("nobody left to ask: missed when due, and nobody is to blame") {
  Scene s;
  s.desk.add({TaskKey(4), Ability::kStore, kStart + 20min, kWorth});
  CHECK(s.tick().empty());
  s.now = kStart + 20min;
  CHECK(s.tick().empty());
  CHECK(s.desk.end(TaskKey(4)) == TaskEnd::kMissed);
  CHECK(s.desk.take_verdicts().empty());
}

TEST_CASE("messages of unknown tasks and attempts change nothing") {
  Scene s;
  order_two(s, 80min);
  CHECK(s.hear(Word::kCommit, kOne, 1).empty());
  CHECK(s.desk.receive({Word::kCommit, task_id(TaskKey(5), 0), kOne, kLeader, 0, {}}, s.registry, s.now)
            .empty());
  CHECK(!validate(DeskOptions{}));
  CHECK(!validate(DeskOptions{1s, 1s, 1s, kAttemptsMax + 1, 1, 0}));
}

}  // namespace
}  // namespace skywarden::agents
