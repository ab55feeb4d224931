#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "consensus/cluster_groups.h"

namespace skywarden::consensus {
namespace {

using std::chrono::milliseconds;

struct Sky {
  std::vector<LinkDelay> links;
  std::set<NodeId> members;
  FailureDomains planes;
};

// Planes of satellites, each joined to the next of its plane and to its like in the next plane.
Sky shell(std::uint32_t planes, std::uint32_t slots, Random& random, double membership) {
  Sky sky;
  const auto node = [&](std::uint32_t plane, std::uint32_t slot) {
    return NodeId(plane % planes * slots + slot % slots + 1);
  };
  for (std::uint32_t plane = 0; plane < planes; ++plane)
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      sky.links.push_back({node(plane, slot), node(plane, slot + 1), milliseconds(5 + random.below(5))});
      sky.links.push_back({node(plane, slot), node(plane + 1, slot), milliseconds(2 + random.below(5))});
      sky.planes[node(plane, slot)] = FailureDomain(plane + 1);
      if (random.chance(membership)) sky.members.insert(node(plane, slot));
    }
  return sky;
}

Sky anything(Random& random) {
  Sky sky;
  const auto nodes = static_cast<std::uint32_t>(2 + random.below(60));
  for (auto left = random.below(2 * nodes); left > 0; --left) {
    const NodeId a(static_cast<std::uint32_t>(1 + random.below(nodes)));
    const NodeId b(static_cast<std::uint32_t>(1 + random.below(nodes)));
    if (a != b) sky.links.push_back({a, b, milliseconds(1 + random.below(9))});
  }
  for (std::uint32_t n = 1; n <= nodes; ++n) {
    if (random.chance(0.8)) sky.members.insert(NodeId(n));
    if (random.chance(0.8))
      sky.planes[NodeId(n)] = FailureDomain(static_cast<std::uint32_t>(random.below(6)));
  }
  return sky;
}

GroupingOptions some_options(Random& random) {
  GroupingOptions options;
  options.members_max = 2 + random.below(20);
  options.members_min = 1 + random.below(options.members_max / 2);
  options.voters = 1 + 2 * random.below(4);
  options.failures_max = static_cast<std::uint32_t>(random.below((options.voters + 1) / 2));
  return options;
}

std::size_t reached(const std::vector<NodeId>& region, const std::vector<LinkDelay>& links) {
  std::set<NodeId> seen{region.front()};
  for (bool grew = true; grew;) {
    grew = false;
    for (const LinkDelay& link : links)
      for (const auto& [a, b] : {std::pair(link.a, link.b), std::pair(link.b, link.a)})
        if (seen.contains(a) && std::binary_search(region.begin(), region.end(), b))
          grew = seen.insert(b).second || grew;
  }
  return seen.size();
}

void check_division(const Sky& sky, const GroupingOptions& options) {
  const auto groups = divide_into_groups(sky.links, sky.members, sky.planes, options);
  std::map<NodeId, std::size_t> group_at, region_at;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const ClusterGroup& group = groups[g];
    for (const auto& [node, share] : group.founding.shares) {
      RC_ASSERT(sky.members.contains(node));
      RC_ASSERT(group_at.emplace(node, g).second);  // in no other
    }
    for (const NodeId node : group.region) RC_ASSERT(region_at.emplace(node, g).second);
    RC_ASSERT(reached(group.region, sky.links) == group.region.size());
    RC_ASSERT(group.founding.shares.size() <= options.members_max);
    RC_ASSERT(group.nearest.size() == group.founding.shares.size());
    RC_ASSERT(group.nearest.front() == group.middle);
    RC_ASSERT(validate(group.founding).has_value());
    const auto voters = total_shares(group.founding.shares);
    RC_ASSERT(voters % 2 == 1);
    RC_ASSERT(voters <= options.voters);
    std::map<FailureDomain, std::uint64_t> of_plane;
    for (const auto& [node, share] : group.founding.shares)
      if (const auto plane = sky.planes.find(node); plane != sky.planes.end() && plane->second.value() > 0)
        of_plane[plane->second] += share;
    for (const auto& [plane, share] : of_plane) RC_ASSERT(voters == 1 || 2 * share < voters);
  }
  RC_ASSERT(group_at.size() == sky.members.size());
  // Small ones only where nobody next to them can take them in.
  for (const LinkDelay& link : sky.links) {
    const auto a = region_at.find(link.a), b = region_at.find(link.b);
    if (a == region_at.end() || b == region_at.end() || a->second == b->second) continue;
    const std::size_t one = groups[a->second].nearest.size(), other = groups[b->second].nearest.size();
    if (std::min(one, other) < options.members_min) RC_ASSERT(one + other > options.members_max);
  }
}

TEST_CASE("whatever the links, everybody is in one group that holds together and no plane can block") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const Sky sky = anything(random);
    check_division(sky, some_options(random));
  }));
}

TEST_CASE(
    "on a shell every group has all of its voters, and hardly one is small for want of a neighbour's room") {
  std::size_t made = 0, small = 0;
  CHECK(rc::check([&] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    const auto planes = static_cast<std::uint32_t>(10 + random.below(10));
    const auto slots = static_cast<std::uint32_t>(8 + random.below(8));
    const Sky sky = shell(planes, slots, random, random.chance(0.5) ? 1.0 : 0.65);
    const GroupingOptions options{24, 8, 5, 2};
    check_division(sky, options);
    for (const ClusterGroup& group : divide_into_groups(sky.links, sky.members, sky.planes, options)) {
      ++made;
      small += group.nearest.size() < options.members_min ? 1 : 0;
      RC_ASSERT(total_shares(group.founding.shares) == 5U);
    }
  }));
  CHECK(50 * small < made);
}

TEST_CASE("the order in which links are named does not matter") {
  CHECK(rc::check([] {
    Random random(*rc::gen::arbitrary<std::uint64_t>());
    Sky sky = anything(random);
    const GroupingOptions options = some_options(random);
    const auto before = divide_into_groups(sky.links, sky.members, sky.planes, options);
    random.shuffle(std::span(sky.links));
    for (LinkDelay& link : sky.links)
      if (random.chance(0.5)) std::swap(link.a, link.b);
    const auto after = divide_into_groups(sky.links, sky.members, sky.planes, options);
    RC_ASSERT(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      RC_ASSERT(before[i].middle == after[i].middle);
      RC_ASSERT(before[i].founding == after[i].founding);
    }
  }));
}

TEST_CASE("options that cannot be met are refused") {
  CHECK(GroupingOptions{}.validate().has_value());
  CHECK(!GroupingOptions{48, 25, 5, 2}.validate());
  CHECK(!GroupingOptions{48, 16, 4, 1}.validate());
  CHECK(!GroupingOptions{48, 16, 5, 3}.validate());
  CHECK(!GroupingOptions{0, 0, 1, 0}.validate());
}

}  // namespace
}  // namespace skywarden::consensus
