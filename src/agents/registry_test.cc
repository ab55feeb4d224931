#include "agents/registry.h"

#include <doctest/doctest.h>

#include <map>

#include "agents/conflict.h"
#include "agents/discovery.h"

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;

constexpr NodeId kArea{1}, kLeader{10}, kOne{11}, kTwo{12}, kStranger{99};
constexpr GroupId kGroup{5};
const Instant kStart = Instant(1'700'000'000s);

// A registry with an area, a leader and two satellites, and a clock that events follow.
struct Scene {
  Registry registry;
  Instant now = kStart;
  std::uint64_t sequence = 0;

  Scene() {
    CHECK(join(kArea, kArea, Tier::kArea, GroupId(1)));
    for (const NodeId node : {kLeader, kOne, kTwo}) CHECK(join(kArea, node, Tier::kSatellite, kGroup));
    CHECK(tell(kArea, Appointed{kLeader, Term(1)}));
  }
  bool tell(NodeId by, decltype(AgentEvent::what) what) {
    return !registry.apply(encode({now, by, std::move(what)})).refused;
  }
  bool enrol(NodeId by, NodeId node, Tier tier, GroupId group, Hull hull, std::uint64_t claim = 10) {
    return tell(by, Registered{node, hull, tier, group, 1h, {}, {{Ability::kWatch, claim}}});
  }
  bool join(NodeId by, NodeId node, Tier tier, GroupId group) {
    return enrol(by, node, tier, group, Hull(node.value() + 1000)) && renew(node);
  }
  bool renew(NodeId node) { return tell(kArea, Renewed{node, now}); }
  bool measure(NodeId by, NodeId node, std::uint32_t useful, std::uint32_t views) {
    return tell(by, Measured{node, Ability::kWatch, useful, views, ++sequence});
  }
  AgentState state(NodeId node) const { return registry.find(node)->state; }
  std::uint32_t rating(NodeId node) const { return registry.rating(node, Ability::kWatch); }
};

TEST_CASE("joining, active, degraded, suspended, lost, back, retired") {
  Scene s;
  CHECK(s.enrol(kLeader, NodeId(13), Tier::kSatellite, kGroup, Hull(13)));
  CHECK(s.state(NodeId(13)) == AgentState::kJoining);
  CHECK(s.renew(NodeId(13)));
  CHECK(s.state(NodeId(13)) == AgentState::kActive);
  CHECK(s.tell(kOne, Moved{kOne, AgentState::kDegraded}));
  CHECK(s.tell(kOne, Moved{kOne, AgentState::kActive}));
  CHECK(s.tell(kLeader, Moved{kOne, AgentState::kSuspended}));
  CHECK(!s.tell(kOne, Moved{kOne, AgentState::kActive}));
  CHECK(!s.tell(kOne, Moved{kOne, AgentState::kRetired}));
  CHECK(!s.tell(kTwo, Moved{kOne, AgentState::kActive}));
  CHECK(s.tell(kLeader, Moved{kOne, AgentState::kActive}));
  CHECK(s.tell(kTwo, Moved{kTwo, AgentState::kRetired}));
  CHECK(!s.renew(kTwo));
  CHECK(!s.enrol(kLeader, kTwo, Tier::kSatellite, kGroup, Hull(1012)));
  s.now += 59min;
  CHECK(s.renew(kOne));
  CHECK(s.renew(kArea));
  s.now += 1min;
  const Applied applied = s.registry.apply(AgentEvent{s.now, kArea, TimePassed{}});
  CHECK(applied.changes == std::vector<Change>{{kLeader, AgentState::kActive, AgentState::kLost},
                                               {NodeId(13), AgentState::kActive, AgentState::kLost}});
  CHECK(!s.renew(kLeader));
  CHECK(!s.registry.cluster_of(kGroup));
  CHECK(s.enrol(kLeader, kLeader, Tier::kSatellite, kGroup,
                Hull(1010)));  // was vouched for: comes back by itself
  CHECK(s.renew(kLeader));
  CHECK(s.state(kLeader) == AgentState::kActive);
}

TEST_CASE("what was said long ago keeps nobody, however late it is told") {
  Scene s;
  const Instant said = s.now + 10min;
  s.now += 30min;
  CHECK(s.tell(kArea, Renewed{kOne, said}));
  CHECK(s.tell(kArea, Renewed{kOne, said}));
  CHECK(s.registry.find(kOne)->lease_until == said + 1h);
  CHECK(s.tell(kArea, Renewed{kTwo, s.now + 5h}));  // its clock is wrong: counts as now
  CHECK(s.registry.find(kTwo)->lease_until == s.now + 1h);
  CHECK(s.tell(kArea, Renewed{kArea, s.now}));
  s.now = said + 1h;
  CHECK(!s.tell(kArea, Renewed{kOne, said}));
  CHECK(s.state(kOne) == AgentState::kLost);
  CHECK(s.state(kTwo) == AgentState::kActive);
}

TEST_CASE("a renewal from before a registration does not confirm it") {
  Scene s;
  const Instant before = s.now;
  s.now += 10min;
  CHECK(s.enrol(kLeader, NodeId(13), Tier::kSatellite, kGroup, Hull(13)));
  CHECK(!s.tell(kLeader, Renewed{NodeId(13), before}));
  CHECK(s.state(NodeId(13)) == AgentState::kJoining);
}

TEST_CASE("newcomers need somebody above them who vouches; a full house is not founded twice") {
  Scene s;
  CHECK(!s.enrol(kStranger, kStranger, Tier::kArea, GroupId(1), Hull(99)));
  CHECK(!s.enrol(kStranger, kStranger, Tier::kSatellite, kGroup, Hull(99)));
  CHECK(!s.enrol(kOne, kStranger, Tier::kSatellite, kGroup, Hull(99)));
  CHECK(!s.enrol(kLeader, kStranger, Tier::kSatellite, GroupId(6), Hull(99)));  // of another group
  CHECK(!s.enrol(kLeader, kStranger, Tier::kArea, kGroup, Hull(99)));
  CHECK(!s.enrol(kLeader, kStranger, Tier::kSatellite, kGroup, Hull(1011)));  // the hull of kOne
  CHECK(!s.enrol(kLeader, kOne, Tier::kSatellite, kGroup, Hull(99)));         // the name of kOne
  CHECK(s.enrol(kLeader, kStranger, Tier::kSatellite, kGroup, Hull(99)));
}

TEST_CASE("one leader a group, appointed by an area, never by an older election") {
  Scene s;
  CHECK(!s.tell(kOne, Appointed{kOne, Term(2)}));
  CHECK(!s.tell(kArea, Appointed{kOne, Term(1)}));
  CHECK(s.tell(kArea, Appointed{kOne, Term(3)}));
  CHECK(s.registry.cluster_of(kGroup) == kOne);
  CHECK(s.registry.find(kLeader)->tier == Tier::kSatellite);
  CHECK(!s.tell(kLeader, Moved{kTwo, AgentState::kSuspended}));
  CHECK(!s.tell(kArea, Appointed{kLeader, Term(2)}));
  CHECK(!s.tell(kArea, Appointed{kArea, Term(4)}));
  CHECK(s.tell(kArea, Moved{kOne, AgentState::kSuspended}));
  CHECK(!s.registry.cluster_of(kGroup));
}

TEST_CASE("only others rate, each result once; claims do not") {
  Scene s;
  CHECK(!s.measure(kOne, kOne, 8, 8));
  CHECK(!s.measure(kStranger, kOne, 8, 8));
  CHECK(s.rating(kOne) == 0);
  CHECK(s.measure(kLeader, kOne, 8, 8));
  CHECK(s.rating(kOne) > 500);
  const auto before = s.rating(kOne);
  CHECK(!s.tell(kLeader, Measured{kOne, Ability::kWatch, 8, 8, s.sequence}));
  CHECK(!s.tell(kLeader, Measured{kOne, Ability::kStore, 8, 8, s.sequence + 1}));
  CHECK(s.rating(kOne) == before);
}

TEST_CASE("a hull keeps its ratings, claims and bars under a new name") {
  Scene s;
  for (int i = 0; i < 10; ++i) CHECK(s.measure(kLeader, kOne, 6, 8));
  const auto known = s.rating(kOne);
  CHECK(s.tell(kLeader, Moved{kOne, AgentState::kSuspended}));
  s.now += 50min;
  for (const NodeId node : {kArea, kLeader, kTwo}) CHECK(s.renew(node));
  s.now += 20min;
  CHECK(s.enrol(kLeader, kStranger, Tier::kSatellite, kGroup, Hull(1011), 20));  // claims twice as much
  CHECK(s.state(kStranger) == AgentState::kJoining);
  CHECK(s.registry.find(kOne) == nullptr);
  CHECK(s.renew(kStranger));
  CHECK(s.state(kStranger) == AgentState::kSuspended);
  CHECK(s.rating(kStranger) <= known / 2);
}

TEST_CASE("one entry with a wrong clock ends no leases beyond its reach, and no time comes back") {
  Scene s;
  s.registry.apply(AgentEvent{kStart + std::chrono::hours(24 * 365), kArea, TimePassed{}});
  CHECK(s.registry.now() == kStart + 6h);
  s.registry.apply(AgentEvent{kStart, kArea, TimePassed{}});
  CHECK(s.registry.now() == kStart + 6h);
}

TEST_CASE("entries of other kinds pass by") {
  Scene s;
  const auto before = s.registry.save();
  const Applied applied = s.registry.apply(std::vector<std::byte>{std::byte{0x80}});
  REQUIRE(applied.refused);
  CHECK(applied.refused->code == Errc::kMalformed);
  CHECK(s.registry.apply(std::vector<std::byte>{}).refused);
  CHECK(s.registry.save() == before);
}

class Arrivals final : public datum::ArrivalForecast {
 public:
  std::map<NodeId, Instant> at;
  [[nodiscard]] std::optional<Instant> arrival(NodeId, NodeId to, Instant) const override {
    const auto found = at.find(to);
    return found == at.end() ? std::nullopt : std::optional(found->second);
  }
};

std::vector<NodeId> names(const std::vector<Found>& found) {
  std::vector<NodeId> out;
  for (const Found& one : found) out.push_back(one.agent);
  return out;
}

TEST_CASE("discovery: by tier, group, what others measured, and who is reached in time") {
  Scene s;
  for (int i = 0; i < 10; ++i) CHECK(s.measure(kLeader, kTwo, 7, 8));
  CHECK(s.measure(kLeader, kOne, 7, 8));
  Query query;
  query.tier = Tier::kSatellite;
  CHECK(discover(s.registry, query).size() == 2);
  query.ability = Ability::kWatch;
  CHECK(names(discover(s.registry, query)) == std::vector{kTwo, kOne});
  query.rating_min = s.rating(kTwo);
  CHECK(names(discover(s.registry, query)) == std::vector{kTwo});
  query.rating_min = 0;
  query.amount_min = 7;  // of 10 claimed, surely delivered
  CHECK(names(discover(s.registry, query)) == std::vector{kTwo});
  query.amount_min = 0;
  query.views_max = 8;
  CHECK(names(discover(s.registry, query)) == std::vector{kOne});
  query.views_max.reset();
  query.group = GroupId(6);
  CHECK(discover(s.registry, query).empty());
  query.group = kGroup;

  Arrivals arrivals;
  arrivals.at = {{kOne, kStart + 10min}, {kTwo, kStart + 20min}};
  query.reach = Reach{&arrivals, kLeader, kStart, kStart + 10min};
  const auto reached = discover(s.registry, query);
  CHECK(names(reached) == std::vector{kOne});
  CHECK(reached[0].arrival == kStart + 10min);
  query.reach.reset();
  CHECK(s.tell(kTwo, Moved{kTwo, AgentState::kDegraded}));
  CHECK(names(discover(s.registry, query)) == std::vector{kOne});
  query.degraded_too = true;
  CHECK(names(discover(s.registry, query)) == std::vector{kTwo, kOne});
}

TEST_CASE("conflicts go to an area that is no party, and there to whom others rated better") {
  Scene s;
  constexpr NodeId kOther{20}, kThree{21};
  for (const NodeId node : {kOther, kThree}) CHECK(s.join(kArea, node, Tier::kSatellite, GroupId(6)));
  CHECK(s.tell(kArea, Appointed{kOther, Term(1)}));
  for (int i = 0; i < 10; ++i) CHECK(s.measure(kLeader, kOne, 3, 8));
  for (int i = 0; i < 10; ++i) CHECK(s.measure(kArea, kThree, 8, 8));
  CHECK(arbiter_of(s.registry, {kLeader, kOther}) == kArea);
  CHECK(!arbiter_of(s.registry, {kLeader, kArea}));

  const MatterId matter{77};
  Arbiter arbiter(kArea, Ability::kWatch, 20s);
  Claimant ours({matter, kLeader, kArea, kOne, 500, kNobody}, 5s, s.now + 1min);
  Claimant theirs({matter, kOther, kArea, kThree, 400, kNobody}, 5s, s.now + 1min);
  Claimant cut_off({matter, kOther, kArea, kThree, 400, kNobody}, 5s, s.now + 1min);
  const auto first = ours.tick(s.now), second = theirs.tick(s.now);
  REQUIRE(first.size() == 1);
  CHECK(ours.tick(s.now + 1s).empty());
  CHECK(arbiter.receive(first[0], s.registry, s.now).empty());
  CHECK(arbiter.receive(second[0], s.registry, s.now + 10s).empty());
  // A leader speaks for its own group only, a satellite for none.
  CHECK(arbiter.receive({matter, kLeader, kArea, kThree, 1U << 30, kNobody}, s.registry, s.now).empty());
  CHECK(arbiter.receive({matter, kTwo, kArea, kTwo, 1U << 30, kNobody}, s.registry, s.now).empty());
  CHECK(arbiter.tick(s.now + 19s).empty());
  const auto rulings = arbiter.tick(s.now + 20s);
  REQUIRE(rulings.size() == 2);
  CHECK(arbiter.ruling(matter) == kOther);
  for (const ClaimMessage& ruling : rulings)
    (ruling.to == kLeader ? ours : theirs).receive(ruling, s.now + 21s);
  CHECK(ours.end() == ClaimEnd::kTheirs);
  CHECK(theirs.end() == ClaimEnd::kOurs);
  CHECK(arbiter.receive(first[0], s.registry, s.now + 30s).size() == 1);  // asked again: the same again
  (void)cut_off.tick(s.now + 1min);
  CHECK(cut_off.end() == ClaimEnd::kUnheard);
}

}  // namespace
}  // namespace skywarden::agents
