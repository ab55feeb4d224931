#include "agreement_story.h"

#include <doctest/doctest.h>

#include <memory>

#include "sim/live_paths.h"
#include "sim/world.h"

namespace skywarden::app {
namespace {

using namespace std::chrono_literals;

const Instant kStart = parse_utc("2030-01-01T00:00:00Z").value();
constexpr NodeId kOne{1}, kTwo{2}, kThree{3};

TraceEvent event(TraceKind kind, NodeId node, std::uint64_t first = 0, std::uint64_t second = 0,
                 std::uint64_t third = 0) {
  return {kStart, node, kind, first, second, third};
}

consensus::Configuration epoch(std::uint64_t number, consensus::Shares incoming,
                               consensus::Shares outgoing = {}) {
  return {consensus::Epoch(number), {std::move(incoming), std::move(outgoing)}, {}, 0};
}

// Follows what a node does to be elected.
std::optional<Turn> elect(AgreementStory& story, NodeId node, std::uint64_t term, bool pre_vote = true) {
  if (pre_vote) story.follow(event(TraceKind::kBecameCandidate, node, term - 1, 1), nullptr);
  story.follow(event(TraceKind::kBecameCandidate, node, term, pre_vote ? 0 : 2), nullptr);
  return story.follow(event(TraceKind::kBecameLeader, node, term), nullptr);
}

TEST_CASE("why there was an election: the first, a crash, a silence, a hand-over") {
  AgreementStory story({{kOne, 1}, {kTwo, 1}, {kThree, 1}});
  CHECK(story.leader() == kNobody);
  const auto first = elect(story, kOne, 1);
  REQUIRE(first);
  CHECK(first->cause == ElectionCause::kFirst);
  CHECK(first->previous == kNobody);
  const auto silence = elect(story, kTwo, 2);
  CHECK(silence->cause == ElectionCause::kSilence);
  CHECK(silence->previous == kOne);
  story.follow(event(TraceKind::kCrashed, kOne), nullptr);  // a follower by now
  CHECK(elect(story, kThree, 3)->cause == ElectionCause::kSilence);
  story.follow(event(TraceKind::kCrashed, kThree), nullptr);
  story.follow(event(TraceKind::kRestarted, kThree), nullptr);
  CHECK(elect(story, kTwo, 4)->cause == ElectionCause::kCrash);
  const auto handover = elect(story, kThree, 5, false);
  CHECK(handover->cause == ElectionCause::kHandover);
  CHECK(handover->previous == kTwo);
  CHECK(story.leader() == kThree);
}

TEST_CASE("a leader of an older term does not lead the group, whenever it is told") {
  AgreementStory story({{kOne, 1}, {kTwo, 1}});
  elect(story, kTwo, 7);
  elect(story, kOne, 6);
  CHECK(story.leader() == kTwo);
}

TEST_CASE("a candidacy that was given up leaves no trace in the next cause") {
  AgreementStory story({{kOne, 1}, {kTwo, 1}, {kThree, 1}});
  elect(story, kOne, 1);
  story.follow(event(TraceKind::kBecameCandidate, kTwo, 2, 2), nullptr);  // asked to lead, and lost
  story.follow(event(TraceKind::kBecameFollower, kTwo, 2, 0), nullptr);
  CHECK(elect(story, kTwo, 3)->cause == ElectionCause::kSilence);
}

TEST_CASE("shares change when their epoch is agreed, once, whoever learns of it later") {
  AgreementStory story({{kOne, 1}, {kTwo, 1}, {kThree, 0}});
  const auto joint = epoch(1, {{kOne, 3}, {kThree, 2}}, {{kOne, 1}, {kTwo, 1}, {kThree, 0}});
  const auto begun = story.follow(event(TraceKind::kEpochRules, kOne, 1, 10, 1), &joint);
  REQUIRE(begun);
  CHECK(begun->joint);
  const std::vector<ShareChange> expected{{kOne, 1, 3}, {kTwo, 1, 0}, {kThree, 0, 2}};
  CHECK(begun->changes == expected);
  CHECK(!story.follow(event(TraceKind::kEpochRules, kTwo, 1, 10, 1), &joint));
  CHECK(!story.changed_in(kOne));
  const auto agreed = story.follow(event(TraceKind::kEpochCommitted, kOne, 1, 10, 1), &joint);
  REQUIRE(agreed);
  CHECK(agreed->kind == TurnKind::kEpochAgreed);
  CHECK(!story.follow(event(TraceKind::kEpochCommitted, kTwo, 1, 10, 1), &joint));
  CHECK(story.agreed() == consensus::Shares{{kOne, 3}, {kThree, 2}});
  const auto left = epoch(2, {{kOne, 3}, {kThree, 2}});
  CHECK(story.follow(event(TraceKind::kEpochRules, kOne, 2, 11, 0), &left)->changes.empty());
  story.follow(event(TraceKind::kEpochCommitted, kOne, 2, 11, 0), &left);
  CHECK(story.epoch() == 2);
  CHECK(story.changed_in(kTwo) == 1);  // the epoch that changed it, not the last one
  CHECK(!story.follow(event(TraceKind::kEpochRules, kThree, 1, 10, 1), &joint));  // it was asleep
}

TEST_CASE("an epoch that was cut from the log changed nothing; the next one of that number counts") {
  AgreementStory story({{kOne, 1}, {kTwo, 1}});
  const auto lost = epoch(1, {{kOne, 5}, {kTwo, 1}});
  const auto kept = epoch(1, {{kOne, 1}, {kTwo, 7}});
  CHECK(story.follow(event(TraceKind::kEpochRules, kOne, 1, 10), &lost));
  const auto again = epoch(0, {{kOne, 1}, {kTwo, 1}});
  CHECK(!story.follow(event(TraceKind::kEpochRules, kOne, 0, 0), &again));  // brought back
  CHECK(story.follow(event(TraceKind::kEpochRules, kTwo, 1, 12), &kept));
  story.follow(event(TraceKind::kEpochCommitted, kTwo, 1, 12), &kept);
  CHECK(!story.changed_in(kOne));
  CHECK(story.changed_in(kTwo) == 1);
}

TEST_CASE("words of an election name who led before, in both languages") {
  const auto name = [](NodeId node) { return "S" + std::to_string(node.value()); };
  Turn turn{
      .kind = TurnKind::kElected, .node = kTwo, .term = 4, .cause = ElectionCause::kCrash, .previous = kOne};
  CHECK(election_words(turn, name).en == "S2 leads the group (term 4): S1 went down");
  CHECK(election_words(turn, name).zh.find("S1 已停机") != std::string::npos);
  turn.cause = ElectionCause::kSilence;
  CHECK(election_words(turn, name).en == "S2 leads the group (term 4): S1 was not heard");
  turn.previous = kTwo;
  CHECK(election_words(turn, name).en == "S2 leads the group (term 4): again, after a silence");
  turn.cause = ElectionCause::kFirst;
  turn.previous = kNobody;
  CHECK(election_words(turn, name).en == "S2 leads the group (term 4)");
}

// The story of nodes that really run: what it says must be what they hold in the end.
struct Follower : sim::Observer {
  AgreementStory* story = nullptr;
  const sim::World* world = nullptr;
  std::vector<Turn> turns;
  void on_trace(const TraceEvent& event) override {
    const node::Node* node = event.kind == TraceKind::kEpochRules ? world->node(event.node) : nullptr;
    if (auto turn = story->follow(event, node == nullptr ? nullptr : &node->raft().configuration()))
      turns.push_back(std::move(*turn));
  }
};

TEST_CASE("a group that runs: crash, hand-over and changed shares are told as what they were") {
  sim::WorldOptions options;
  const std::vector<NodeId> nodes{kOne, kTwo, kThree, NodeId(4), NodeId(5)};
  for (const NodeId node : nodes) options.shares[node] = 1;
  sim::World world(options, sim::mesh_paths(nodes, {}, Random(1)), Random(2), kStart);
  AgreementStory story(options.shares);
  Follower follower;
  follower.story = &story;
  follower.world = &world;
  world.watch(&follower);
  const auto cause = [&] { return follower.turns.back().cause; };
  world.run_until(kStart + 5s);
  REQUIRE(world.leader() != kNobody);
  CHECK(story.leader() == world.leader());
  CHECK(cause() == ElectionCause::kFirst);

  const NodeId heir = world.leader() == kOne ? kTwo : kOne;
  REQUIRE(world.transfer_leadership(world.leader(), heir));
  world.run_until(kStart + 10s);
  REQUIRE(world.leader() == heir);
  CHECK(cause() == ElectionCause::kHandover);

  world.crash(heir, false);
  world.run_until(kStart + 15s);
  CHECK(cause() == ElectionCause::kCrash);
  CHECK(follower.turns.back().previous == heir);
  world.restart(heir);
  world.run_until(kStart + 16s);

  const NodeId alone = world.leader();
  world.split({{alone}});
  world.run_until(kStart + 25s);
  CHECK(story.leader() != alone);
  CHECK(cause() == ElectionCause::kSilence);
  world.unsplit();
  world.run_until(kStart + 30s);

  consensus::Membership wanted = consensus::membership_of(world.node(world.leader())->raft().configuration());
  wanted.shares[kThree] = 20;
  REQUIRE(world.change_membership(world.leader(), wanted));
  world.run_until(kStart + 40s);
  const consensus::Configuration& now = world.node(world.leader())->raft().configuration();
  CHECK(story.epoch() == now.epoch.value());
  CHECK(story.agreed() == now.shares.incoming);
  CHECK(story.changed_in(kThree).has_value());
  CHECK(!story.changed_in(kOne));
  std::size_t changed = 0;
  for (const Turn& turn : follower.turns)
    if (!turn.changes.empty()) {
      ++changed;
      CHECK(turn.changes == std::vector<ShareChange>{{kThree, 1, 20}});
    }
  CHECK(changed == 1);
}

}  // namespace
}  // namespace skywarden::app
