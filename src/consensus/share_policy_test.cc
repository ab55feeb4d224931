#include "consensus/share_policy.h"

#include <doctest/doctest.h>

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kNow{std::chrono::hours(10)};
constexpr NodeId kLeader{1};

// Nodes 1…n, each 10 ms farther than the one before; 1 leads.
Membership members(std::uint32_t n, std::uint32_t f) {
  Membership membership{{}, {}, f};
  for (std::uint32_t id = 1; id <= n; ++id) membership.shares[NodeId(id)] = 1;
  return membership;
}

std::map<NodeId, Standing> standings(std::uint32_t n) {
  std::map<NodeId, Standing> known;
  for (std::uint32_t id = 2; id <= n; ++id)
    known[NodeId(id)] = {
        milliseconds(10 * (id - 1)), kScoreMax, kScoreMax, kScoreMax, Instant{}, true, false};
  return known;
}

const ShareReason& reason(const WantedShares& wanted, std::uint32_t id) {
  for (const ShareReason& each : wanted.reasons)
    if (each.node == NodeId(id)) return each;
  FAIL("no reason");
  return wanted.reasons.front();
}

TEST_CASE("nearly all shares go, nearly equally, to the 2f + 1 nearest, and each has its reason") {
  SharePolicy policy({});
  const auto wanted = policy.want(members(12, 2), kLeader, standings(12), kNow);
  REQUIRE(wanted);
  CHECK(validate(wanted->membership));
  for (std::uint32_t id = 2; id <= 12; ++id) {
    CHECK(reason(*wanted, id).share == (id <= 5 ? 1000 : 1));
    CHECK(reason(*wanted, id).why == (id <= 5 ? ShareWhy::kNearest : ShareWhy::kFarther));
    CHECK(reason(*wanted, id).share == wanted->membership.shares.at(NodeId(id)));
  }
  CHECK(wanted->commit_before == milliseconds(60));
  CHECK(wanted->commit_after == milliseconds(20));
}

TEST_CASE("a witness holds no full share however near it is, and stays one") {
  SharePolicy policy({});
  Membership current = members(12, 2);
  current.witnesses = {NodeId(2)};
  current.newest = NodeId(12);
  current.admissions[NodeId(12)] = {std::byte{1}};
  const auto wanted = policy.want(current, kLeader, standings(12), kNow);
  REQUIRE(wanted);
  CHECK(reason(*wanted, 2).why == ShareWhy::kWitness);
  CHECK(reason(*wanted, 2).share == 1);
  CHECK(reason(*wanted, 6).why == ShareWhy::kNearest);
  CHECK(wanted->membership.witnesses == current.witnesses);
  CHECK(wanted->membership.newest == current.newest);
  CHECK(wanted->membership.admissions == current.admissions);
  CHECK(validate(wanted->membership));
}

TEST_CASE("what gains less than is worth a change changes nothing, however large a part of the whole it is") {
  SharePolicyOptions options;
  options.gain_min = milliseconds(100);
  CHECK(!SharePolicy(options).want(members(12, 2), kLeader, standings(12), kNow));
  options.gain_min = milliseconds(40);  // 60 ms become 20
  CHECK(SharePolicy(options).want(members(12, 2), kLeader, standings(12), kNow));
}

TEST_CASE("the blend stretches distance and lessens a share, within what the caps need") {
  SharePolicy policy({});
  auto known = standings(12);
  known[NodeId(2)].trust = kScoreNeutral;  // blend 0.8: 10 ms count as 12
  known[NodeId(5)].trust = 400'000;        // blend 0.76: 40 ms count as 49.6
  known[NodeId(5)].bandwidth = 0;          // 0.46: as 61.6
  const auto wanted = policy.want(members(12, 2), kLeader, known, kNow);
  REQUIRE(wanted);
  CHECK(reason(*wanted, 2).blend == 800'000);
  CHECK(reason(*wanted, 2).share == 1000 - 1000 / 6 * 200'000 / 1'000'000);
  CHECK(reason(*wanted, 5).why == ShareWhy::kFarther);
  CHECK(reason(*wanted, 6).why == ShareWhy::kNearest);
}

TEST_CASE("who is silent, new, distrusted, behind or malicious does not hold a full share") {
  SharePolicy policy({});
  auto known = standings(14);
  known[NodeId(2)].distance.reset();
  known[NodeId(3)].member_since = kNow - seconds(20);
  known[NodeId(4)].trust = 100'000;
  known[NodeId(5)].caught_up = false;
  known[NodeId(6)].malicious = true;
  const auto wanted = policy.want(members(14, 2), kLeader, known, kNow);
  REQUIRE(wanted);
  CHECK(reason(*wanted, 2).why == ShareWhy::kSilent);
  CHECK(reason(*wanted, 3).why == ShareWhy::kNewcomer);
  CHECK(reason(*wanted, 4).why == ShareWhy::kDistrusted);
  CHECK(reason(*wanted, 5).why == ShareWhy::kBehind);
  CHECK(reason(*wanted, 6).why == ShareWhy::kMalicious);
  for (std::uint32_t id = 2; id <= 5; ++id) CHECK(reason(*wanted, id).share == 1);
  CHECK(reason(*wanted, 6).share == 0);
}

TEST_CASE("before their probation is over the nearest f / 2 newcomers hold full shares, and no others") {
  SharePolicy policy({});
  auto known = standings(16);
  for (std::uint32_t id = 2; id <= 6; ++id)
    known[NodeId(id)].member_since = kNow - seconds(id == 2 ? 29 : 30);
  const auto wanted = policy.want(members(16, 4), kLeader, known, kNow);
  REQUIRE(wanted);
  for (std::uint32_t id = 2; id <= 16; ++id) {
    const bool waits = id == 2 || id == 5 || id == 6;
    CHECK(reason(*wanted, id).share == (!waits && id <= 12 ? 1000 : 1));
    CHECK((reason(*wanted, id).why == ShareWhy::kNewcomer) == waits);
  }
  auto slower = known;
  slower[NodeId(3)].distance = milliseconds(400);  // its share would be in vain: another newcomer's turn
  const auto then = policy.want(wanted->membership, kLeader, slower, kNow + seconds(10));
  REQUIRE(then);
  CHECK(reason(*then, 3).share == 1);
  CHECK(reason(*then, 2).share == 1000);
  CHECK(reason(*then, 4).share == 1000);
}

TEST_CASE("no plane holds more than f of the 2f + 1") {
  SharePolicy policy({});
  Membership current = members(14, 2);
  for (std::uint32_t id = 1; id <= 14; ++id) current.domains[NodeId(id)] = FailureDomain(id <= 6 ? 1 : id);
  const auto wanted = policy.want(current, kLeader, standings(14), kNow);
  REQUIRE(wanted);
  CHECK(reason(*wanted, 2).why == ShareWhy::kNearest);
  CHECK(reason(*wanted, 3).why == ShareWhy::kDomainFull);
  CHECK(validate(wanted->membership));
}

TEST_CASE("a small gain is not worth a change, and changes keep apart") {
  SharePolicy policy({});
  auto known = standings(12);
  const auto first = policy.want(members(12, 2), kLeader, known, kNow);
  REQUIRE(first);
  Membership current = first->membership;
  known[NodeId(3)].distance = milliseconds(21);
  CHECK(!policy.want(current, kLeader, known, kNow + minutes(1)));
  known[NodeId(3)].distance = milliseconds(121);  // it does not matter: 2 and 4 are left
  known[NodeId(2)].distance = milliseconds(110);
  CHECK(!policy.want(current, kLeader, known, kNow + milliseconds(900)));
  const auto second = policy.want(current, kLeader, known, kNow + seconds(2));  // 40 instead of 50 ms? urgent
  REQUIRE(!second);  // the third of five is 5, at 40 ms, before and after
  known[NodeId(4)].distance = milliseconds(120);
  REQUIRE(policy.want(current, kLeader, known, kNow + seconds(2)));
  CHECK(!policy.want(members(12, 2), kLeader, standings(12), kNow + milliseconds(2500)));
}

TEST_CASE("who was distrusted waits twice as long each time") {
  SharePolicy policy({});
  auto known = standings(12);
  Instant now = kNow;
  Duration waited[2];
  for (Duration& wait : waited) {
    known[NodeId(2)].trust = 100'000;
    (void)policy.want(members(12, 2), kLeader, known, now);
    known[NodeId(2)].trust = kScoreMax;
    const Instant from = now;
    for (;; now += seconds(10)) {
      const auto wanted = policy.want(members(12, 2), kLeader, known, now);
      if (wanted && reason(*wanted, 2).why == ShareWhy::kNearest) break;
    }
    wait = now - from;
  }
  CHECK(waited[0] == minutes(2));
  CHECK(waited[1] == minutes(4));
}

TEST_CASE("a proof takes every share at once, even when too few are known to choose others") {
  SharePolicy policy({});
  std::map<NodeId, Standing> known;
  known[NodeId(2)].malicious = true;
  const auto wanted = policy.want(members(5, 2), kLeader, known, kNow);
  CHECK(!wanted);  // of four, two could not be lost: the caps forbid it
  const auto larger = policy.want(members(6, 2), kLeader, known, kNow);
  REQUIRE(larger);
  CHECK(larger->membership.shares.at(NodeId(2)) == 0);
  CHECK(larger->membership.shares.at(NodeId(3)) == 1);
}

TEST_CASE("nothing is wanted where no failures are declared, or too few are measured") {
  SharePolicy policy({});
  CHECK(!policy.want(members(12, 0), kLeader, standings(12), kNow));
  CHECK(!policy.want(members(12, 2), kLeader, standings(4), kNow));
  CHECK(!policy.want(members(12, 2), kLeader, {}, kNow));
}

TEST_CASE("options of the policy are checked") {
  const auto refuses = [](auto&& change) {
    SharePolicyOptions options;
    change(options);
    return !options.validate();
  };
  CHECK(SharePolicyOptions{}.validate());
  CHECK(refuses([](auto& o) { o.trust_part = 500; }));
  CHECK(refuses([](auto& o) { o.full_share = 3; }));
  CHECK(refuses([](auto& o) { o.trust_min = 600'000; }));
  CHECK(refuses([](auto& o) { o.barred_max = Duration::zero(); }));
  CHECK(refuses([](auto& o) { o.gain_urgent_percent = 2; }));
}

}  // namespace
}  // namespace skywarden::consensus
