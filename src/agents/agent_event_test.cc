#include "agents/agent_event.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

namespace skywarden::agents {
namespace {

using namespace std::chrono_literals;

const Instant kTime = Instant(1'700'000'000s);

std::vector<AgentEvent> examples() {
  const Registered satellite{NodeId(7),
                             Hull(43013),
                             Tier::kSatellite,
                             GroupId(3),
                             2h,
                             {{-56'280'000, 56'280'000, 0, false}, {-1, 1, 90'000'000, true}},
                             {{Ability::kWatch, 12}, {Ability::kStore, kClaimMax}}};
  return {{kTime, NodeId(1), TimePassed{}},
          {kTime, NodeId(1), satellite},
          {-kTime.time_since_epoch() + Instant{}, NodeId(1), Renewed{NodeId(7), kTime - 1s}},
          {kTime, NodeId(0xffffffff), Moved{NodeId(7), AgentState::kRetired}},
          {kTimeMax, NodeId(1), Appointed{NodeId(7), Term(9)}},
          {kTime, NodeId(1), Measured{NodeId(7), Ability::kRelay, 3, 8, 99}}};
}

TEST_CASE("every kind of event survives the log, and no cut or longer one does") {
  for (const AgentEvent& event : examples()) {
    auto bytes = encode(event);
    CHECK(bytes.size() <= kEventBytesMax);
    CHECK(decode_agent_event(bytes) == event);
    for (std::size_t n = 0; n < bytes.size(); ++n) CHECK(!decode_agent_event(std::span(bytes).first(n)));
    bytes.push_back(std::byte{0});
    CHECK(!decode_agent_event(bytes));
  }
}

TEST_CASE("another version is refused") {
  auto bytes = encode(examples()[0]);
  REQUIRE(bytes[1] == std::byte{1});
  bytes[1] = std::byte{2};
  CHECK(!decode_agent_event(bytes));
}

TEST_CASE("what is out of range is refused by name") {
  const auto refused = [](auto what) { return !validate({kTime, NodeId(1), what}); };
  auto good = std::get<Registered>(examples()[1].what);
  CHECK(!refused(good));
  const auto with = [&](auto change) {
    Registered r = good;
    change(r);
    return refused(r);
  };
  CHECK(with([](Registered& r) { r.agent = kNobody; }));
  CHECK(with([](Registered& r) { r.hull = Hull(); }));
  CHECK(with([](Registered& r) { r.tier = Tier::kCluster; }));
  CHECK(with([](Registered& r) { r.lease = 0s; }));
  CHECK(with([](Registered& r) { r.lease = kLeaseMax + 1ns; }));
  CHECK(with([](Registered& r) { r.sensors.resize(kSensorsMax + 1, r.sensors[0]); }));
  CHECK(with([](Registered& r) { r.sensors[0].off_nadir_min = r.sensors[0].off_nadir_max; }));
  CHECK(with([](Registered& r) { r.claims[Ability::kWatch] = 0; }));
  CHECK(with([](Registered& r) { r.claims[Ability::kWatch] = kClaimMax + 1; }));
  CHECK(refused(Renewed{NodeId(7), kTimeMax + 1ns}));
  CHECK(refused(Moved{NodeId(7), AgentState::kLost}));
  CHECK(refused(Moved{NodeId(7), AgentState::kJoining}));
  CHECK(refused(Appointed{NodeId(7), Term(0)}));
  CHECK(refused(Measured{NodeId(7), Ability::kWatch, 9, 8, 1}));
  CHECK(refused(Measured{NodeId(7), Ability::kWatch, 0, 0, 1}));
  CHECK(refused(Measured{NodeId(7), Ability::kWatch, 1, kResultViewsMax + 1, 1}));
  CHECK(refused(Measured{NodeId(7), Ability::kWatch, 1, 1, 0}));
  CHECK(!validate({kTime, kNobody, TimePassed{}}));
  CHECK(!validate({kTimeMax + 1ns, NodeId(1), TimePassed{}}));
}

TEST_CASE("bytes with one bit turned are refused or mean what they say") {
  CHECK(rc::check([] {
    const auto events = examples();
    auto bytes = encode(events[*rc::gen::inRange<std::size_t>(0, events.size())]);
    const auto at = *rc::gen::inRange<std::size_t>(0, bytes.size());
    bytes[at] ^= std::byte{1} << *rc::gen::inRange(0, 8);
    if (const auto event = decode_agent_event(bytes)) RC_ASSERT(encode(*event) == bytes);
  }));
}

}  // namespace
}  // namespace skywarden::agents
