#include <doctest/doctest.h>
#include <rapidcheck.h>

#include "agents/area_seats.h"
#include "base/random.h"

namespace skywarden::agents {
namespace {

using consensus::FailureDomain;
using consensus::Membership;
using consensus::share_of;
using consensus::total_shares;

constexpr std::uint32_t kOfEach = 10;

// Clusters of ten satellites in two planes; of five or more clusters no plane can hold half of the seats.
// Authorities from 5,000 on.
Seating some_seating(Random& random, std::uint32_t clusters, std::uint32_t authorities) {
  Seating seating;
  for (std::uint32_t c = 1; c <= clusters; ++c)
    for (std::uint32_t i = 0; i < kOfEach; ++i) {
      const NodeId node(c * kOfEach + i);
      seating.cluster_of[node] = GroupId(c);
      seating.domains[node] = FailureDomain(c + i % 2);
      if (i == 0 || random.chance(0.2)) seating.wanted[GroupId(c)] = node;
    }
  for (std::uint32_t a = 0; a < authorities; ++a) seating.authorities.insert(NodeId(5000 + a));
  return seating;
}

void check_membership(const Membership& m, const Seating& seating, std::size_t seats) {
  RC_ASSERT(validate(m).has_value());
  RC_ASSERT(total_shares(m.shares) == seats);
  std::map<GroupId, std::uint64_t> of_cluster;
  for (const auto& [node, share] : m.shares)
    if (const auto cluster = seating.cluster_of.find(node); cluster != seating.cluster_of.end())
      of_cluster[cluster->second] += share;
    else
      RC_ASSERT(seating.authorities.contains(node));
  for (const auto& [cluster, shares] : of_cluster) RC_ASSERT(shares == 1U);
}

TEST_CASE("however clusters change their minds, each has one share and only who caught up ever gets it") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto clusters = static_cast<std::uint32_t>(5 + random.below(20));
    const auto authorities = static_cast<std::uint32_t>(random.below(4));
    Seating seating = some_seating(random, clusters, authorities);
    Membership now = founding_of(seating);
    check_membership(now, seating, clusters + authorities);
    for (int round = 0; round < 60; ++round) {
      if (random.chance(0.3)) {
        const auto c = static_cast<std::uint32_t>(1 + random.below(clusters));
        const auto i = static_cast<std::uint32_t>(random.below(kOfEach));
        seating.wanted[GroupId(c)] = NodeId(c * kOfEach + i);
      }
      std::set<NodeId> caught_up;
      for (const auto& [node, share] : now.shares)
        if (random.chance(0.5)) caught_up.insert(node);
      const auto next = next_seating(now, seating, caught_up);
      if (!next) continue;
      RC_ASSERT(*next != now);
      check_membership(*next, seating, clusters + authorities);
      for (const auto& [node, share] : next->shares)
        if (share > share_of(now.shares, node))
          RC_ASSERT(now.shares.contains(node) && caught_up.contains(node));
      now = *next;
    }
    // Left alone, everybody who is wanted sits after at most: forget and learn, then swap.
    for (int round = 0; round < 2; ++round) {
      std::set<NodeId> all;
      for (const auto& [node, share] : now.shares) all.insert(node);
      if (const auto next = next_seating(now, seating, all)) now = *next;
    }
    RC_ASSERT(now == founding_of(seating));
    RC_ASSERT(!next_seating(now, seating, {}));
  }));
}

TEST_CASE("a seat is not given where a plane would then hold half of all") {
  Seating seating;
  for (std::uint32_t c = 1; c <= 3; ++c) {
    seating.wanted[GroupId(c)] = NodeId(c);
    for (const NodeId node : {NodeId(c), NodeId(10 + c)}) seating.cluster_of[node] = GroupId(c);
    seating.domains[NodeId(c)] = FailureDomain(c);
    seating.domains[NodeId(10 + c)] = FailureDomain(9);
  }
  Membership now = founding_of(seating);
  for (std::uint32_t c = 1; c <= 3; ++c) seating.wanted[GroupId(c)] = NodeId(10 + c);
  now = *next_seating(now, seating, {});
  now = *next_seating(now, seating, {NodeId(11), NodeId(12), NodeId(13)});
  CHECK(now.shares ==
        consensus::Shares{{NodeId(2), 1}, {NodeId(3), 1}, {NodeId(11), 1}, {NodeId(12), 0}, {NodeId(13), 0}});
  CHECK(!next_seating(now, seating, {NodeId(11), NodeId(12), NodeId(13)}));
}

TEST_CASE("two seats that swap their planes change together where neither could alone") {
  Seating seating;
  const std::uint32_t before[] = {1, 1, 2, 2, 3}, after[] = {2, 1, 1, 2, 3};
  for (std::uint32_t c = 0; c < 5; ++c) {
    for (const auto& [node, plane] :
         {std::pair(NodeId(c + 1), before[c]), std::pair(NodeId(c + 11), after[c])}) {
      seating.cluster_of[node] = GroupId(c + 1);
      seating.domains[node] = FailureDomain(plane);
    }
    seating.wanted[GroupId(c + 1)] = NodeId(c + 1);
  }
  Membership now = founding_of(seating);
  seating.wanted[GroupId(1)] = NodeId(11);
  seating.wanted[GroupId(3)] = NodeId(13);
  now = *next_seating(now, seating, {});
  CHECK(!next_seating(now, seating, {NodeId(11)}));  // three of five in plane 2
  CHECK(next_seating(now, seating, {NodeId(11), NodeId(13)})->shares == founding_of(seating).shares);
}

TEST_CASE("an authority that is named learns first and then has a seat of its own") {
  Seating seating;
  for (std::uint32_t c = 1; c <= 4; ++c) {
    seating.wanted[GroupId(c)] = NodeId(c);
    seating.cluster_of[NodeId(c)] = GroupId(c);
  }
  Membership now = founding_of(seating);
  CHECK(now.failures_max == 1U);
  seating.authorities = {NodeId(100)};
  now = *next_seating(now, seating, {NodeId(100)});
  CHECK(share_of(now.shares, NodeId(100)) == 0U);
  now = *next_seating(now, seating, {NodeId(100)});
  CHECK(share_of(now.shares, NodeId(100)) == 1U);
  CHECK(now.failures_max == 2U);
}

}  // namespace
}  // namespace skywarden::agents
