// Registries driven by drawn events, among them what an enemy or a confused node would send.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

#include "agents/discovery.h"
#include "agents/registry.h"
#include "base/random.h"

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;

const Instant kStart = Instant(1'700'000'000s);

NodeId drawn_node(Random& random) {
  return NodeId(1 + static_cast<std::uint32_t>(random.below(8)));
}

// Few names, hulls and groups, so that they collide.
AgentEvent drawn_event(Random& random, Instant& now) {
  now += Duration(static_cast<std::int64_t>(random.below(10)) * 1min);
  AgentEvent event{now - Duration(static_cast<std::int64_t>(random.below(3)) * 1min), drawn_node(random),
                   TimePassed{}};
  if (random.chance(0.5)) event.by = NodeId(1);
  switch (random.below(8)) {
    case 0:
    case 1: {
      Registered r{drawn_node(random),
                   Hull(1 + random.below(8)),
                   random.chance(0.3) ? Tier::kArea : Tier::kSatellite,
                   GroupId(static_cast<std::uint32_t>(random.below(2))),
                   Duration(1min) * (1 + random.below(120)),
                   {},
                   {}};
      for (std::uint8_t a = 0; a <= static_cast<std::uint8_t>(kLastAbility); ++a)
        if (random.chance(0.5)) r.claims[Ability(a)] = 1 + random.below(100);
      event.what = r;
      break;
    }
    case 2:
    case 3:
      event.what = Renewed{drawn_node(random), now - Duration(1min) * random.below(60) + 5min};
      break;
    case 4:
      event.what = Moved{drawn_node(random),
                         std::array{AgentState::kActive, AgentState::kDegraded, AgentState::kSuspended,
                                    AgentState::kRetired}[random.below(16) / 5]};
      break;
    case 5:
      event.what = Appointed{drawn_node(random), Term(1 + random.below(50))};
      break;
    default: {
      const auto views = 1 + static_cast<std::uint32_t>(random.below(kResultViewsMax));
      event.what =
          Measured{drawn_node(random), Ability(random.below(2)),
                   static_cast<std::uint32_t>(random.below(views + 1)), views, 1 + random.below(200)};
    }
  }
  return event;
}

struct Drawn {
  std::vector<AgentEvent> events;
  explicit Drawn(std::uint64_t seed, std::size_t count) {
    Random random(seed);
    Instant now = kStart;
    events.push_back({now, NodeId(1), Registered{NodeId(1), Hull(1), Tier::kArea, GroupId(0), 24h, {}, {}}});
    events.push_back({now, NodeId(1), Renewed{NodeId(1), now}});
    while (events.size() < count) events.push_back(drawn_event(random, now));
  }
};

TEST_CASE(
    "whatever happens: moves follow the life cycle, leases hold, one leader a group, ratings in bounds") {
  std::set<std::pair<AgentState, AgentState>> seen;
  std::size_t entered = 0, refused = 0;
  CHECK(rc::check([&] {
    const Drawn drawn(*rc::gen::arbitrary<std::uint64_t>(), 300);
    Registry registry;
    for (const AgentEvent& event : drawn.events) {
      const Registry before = registry;
      const Applied applied = registry.apply(event);
      (applied.refused ? refused : entered) += 1;
      std::map<NodeId, AgentState> state;
      for (const auto& [name, agent] : before.agents()) state[name] = agent.state;
      for (const Change& change : applied.changes) {
        RC_ASSERT(may_follow(change.from, change.to));
        seen.emplace(change.from, change.to);
        if (state.contains(change.agent)) RC_ASSERT(state[change.agent] == change.from);
        state[change.agent] = change.to;
      }
      std::set<GroupId> led;
      std::set<Hull> hulls;
      for (const auto& [name, agent] : registry.agents()) {
        RC_ASSERT(!state.contains(name) || state[name] == agent.state);  // no change is silent
        RC_ASSERT(!has_lease(agent.state) || agent.lease_until > registry.now());
        RC_ASSERT(agent.lease_until <= registry.now() + agent.lease);
        RC_ASSERT(hulls.insert(agent.hull).second);
        if (agent.tier == Tier::kCluster)
          RC_ASSERT(led.insert(agent.group).second && is_present(agent.state));
        const Agent* was = before.find(name);
        if (was == nullptr || was->hull != agent.hull) continue;
        if (was->state == AgentState::kRetired) RC_ASSERT(agent == *was);
        // Only its own voice extends a lease, and only while it has one.
        if (agent.lease_until > was->lease_until && !std::holds_alternative<Registered>(event.what)) {
          RC_ASSERT(std::holds_alternative<Renewed>(event.what) &&
                    std::get<Renewed>(event.what).agent == name);
          RC_ASSERT(agent.lease_until <= std::get<Renewed>(event.what).said_at + agent.lease);
          RC_ASSERT(has_lease(was->state));
        }
        if (agent.abilities == was->abilities || std::holds_alternative<Registered>(event.what)) continue;
        RC_ASSERT(std::holds_alternative<Measured>(event.what) && event.by != name);
      }
      for (const auto& [name, agent] : registry.agents())
        for (const auto& [ability, standing] : agent.abilities)
          RC_ASSERT(registry.rating(name, ability) < kPerMille);
    }
  }));
  CHECK(entered > 1000);
  CHECK(refused > 1000);
  CHECK(seen.size() >= 12);  // the drawn events reach nearly every move there is
}

TEST_CASE("replicas that apply the same entries are equal to the byte, saved and restored half way or not") {
  CHECK(rc::check([] {
    const Drawn drawn(*rc::gen::arbitrary<std::uint64_t>(), 200);
    const auto half = *rc::gen::inRange<std::size_t>(0, drawn.events.size());
    Registry one, two;
    for (std::size_t i = 0; i < drawn.events.size(); ++i) {
      if (i == half) {
        const auto bytes = two.save();
        auto restored = Registry::restore(bytes);
        RC_ASSERT(restored.has_value());
        RC_ASSERT(restored->save() == bytes);
        two = std::move(*restored);
      }
      const auto entry = encode(drawn.events[i]);
      const Applied a = one.apply(entry), b = two.apply(entry);
      RC_ASSERT(a.changes == b.changes);
      RC_ASSERT(a.refused.has_value() == b.refused.has_value());
    }
    RC_ASSERT(one.save() == two.save());
    RC_ASSERT(one.fingerprint() == two.fingerprint());
  }));
}

TEST_CASE("a damaged save is refused or means what it says") {
  std::size_t refused = 0;
  CHECK(rc::check([&] {
    Registry registry;
    for (const AgentEvent& event : Drawn(*rc::gen::inRange<std::uint64_t>(0, 50), 100).events)
      registry.apply(event);
    auto bytes = registry.save();
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] ^= std::byte{1} << *rc::gen::inRange(0, 8);
    const auto restored = Registry::restore(bytes);
    if (!restored) ++refused;
    if (restored) RC_ASSERT(restored->save() == bytes);
    RC_ASSERT(!Registry::restore(std::span(bytes).first(bytes.size() - 1)));
  }));
  CHECK(refused > 0);
}

// Whoever comes back, by whatever name, hull and claims, stands no higher among the others than before.
TEST_CASE("nothing is gained by registering anew") {
  std::size_t same_hull = 0, new_hull = 0;
  CHECK(rc::check([&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Registry registry;
    Instant now = kStart;
    const auto tell = [&](NodeId by, decltype(AgentEvent::what) what) {
      return !registry.apply(AgentEvent{now, by, std::move(what)}).refused;
    };
    const auto enrol = [&](NodeId node, Hull hull, std::uint64_t claim) {
      return tell(NodeId(1),
                  Registered{node, hull, Tier::kSatellite, GroupId(1), 1h, {}, {{Ability::kWatch, claim}}}) &&
             tell(NodeId(1), Renewed{node, now});
    };
    RC_ASSERT(tell(NodeId(1), Registered{NodeId(1), Hull(1), Tier::kArea, GroupId(0), 24h, {}, {}}));
    RC_ASSERT(tell(NodeId(1), Renewed{NodeId(1), now}));
    for (std::uint32_t n = 10; n < 15; ++n) RC_ASSERT(enrol(NodeId(n), Hull(n), 10));
    std::uint64_t sequence = 0;
    for (auto left = random.below(60); left > 0; --left)
      RC_ASSERT(
          tell(NodeId(1), Measured{NodeId(10 + static_cast<std::uint32_t>(random.below(5))), Ability::kWatch,
                                   static_cast<std::uint32_t>(random.below(9)), 8, ++sequence}));
    const auto standing = [&](NodeId node) {  // how many rank before it, and its amount
      Query query;
      query.group = GroupId(1);
      query.ability = Ability::kWatch;
      const auto found = discover(registry, query);
      const auto place =
          std::find_if(found.begin(), found.end(), [&](const Found& f) { return f.agent == node; });
      return std::pair(place - found.begin(), place == found.end() ? 0 : place->amount);
    };
    const NodeId who(10 + static_cast<std::uint32_t>(random.below(5)));
    const auto before = standing(who);
    now += 59min;
    for (std::uint32_t n = 10; n < 15; ++n)
      if (NodeId(n) != who) RC_ASSERT(tell(NodeId(1), Renewed{NodeId(n), now}));
    now += 2min;
    const NodeId name(2 + static_cast<std::uint32_t>(random.below(3)));  // lower than all
    const bool same = random.chance(0.5);
    (same ? same_hull : new_hull) += 1;
    const std::uint64_t claim = 1 + random.below(100);
    RC_ASSERT(enrol(name, same ? Hull(who.value()) : Hull(77), claim));
    const auto after = standing(name);
    RC_ASSERT(after.first >= before.first);
    RC_ASSERT(after.second <= before.second + claim / 1000 + 1);  // rounding of the bound
  }));
  CHECK(same_hull > 10);
  CHECK(new_hull > 10);
}

}  // namespace
}  // namespace skywarden::agents
