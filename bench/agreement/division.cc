#include "agreement/division.h"

#include <algorithm>
#include <utility>

#include "agreement/shell.h"
#include "base/contract.h"
#include "consensus/relay_tree.h"

namespace skywarden::agreement {
namespace {

using namespace consensus;
using std::chrono::milliseconds;

// The authority vouches for all, for longer than any run.
agents::Registry registry_of(const std::map<NodeId, GroupId>& group_of, NodeId authority) {
  agents::Registry registry;
  const Instant start{};
  const auto add = [&](NodeId node, agents::Tier tier, GroupId group) {
    agents::Registered who{node, agents::Hull(node.value()), tier, group, agents::kLeaseMax, {}, {}};
    who.claims[agents::Ability::kWatch] = 10;
    EXPECTS(!registry.apply(agents::AgentEvent{start, authority, who}).refused);
    EXPECTS(!registry.apply(agents::AgentEvent{start, authority, agents::Renewed{node, start}}).refused);
  };
  add(authority, agents::Tier::kArea, GroupId{});
  for (const auto& [node, group] : group_of) add(node, agents::Tier::kSatellite, group);
  return registry;
}

// A voter beside the middle, so that the cluster's first leader need not sit there as well.
NodeId first_seat(const ClusterGroup& group, SeatRule rule) {
  if (rule == SeatRule::kDelegate)
    for (const NodeId node : group.nearest)
      if (node != group.middle && share_of(group.founding.shares, node) > 0) return node;
  return group.middle;
}

}  // namespace

agents::Seating Division::seating(const std::map<GroupId, agents::Seat>& seats) const {
  agents::Seating wanted{first_seats, {}, group_of, planes};
  for (const auto& [number, seat] : seats) wanted.wanted[number] = seat.holder;
  return wanted;
}

Division divide(std::span<const LinkDelay> links, const std::set<NodeId>& members, SeatRule rule) {
  Division division;
  for (const NodeId node : members) division.planes[node] = FailureDomain(plane_of(node) + 1);
  division.groups = divide_into_groups(links, members, division.planes, {});
  division.rule = rule;
  for (const ClusterGroup& group : division.groups) {
    const GroupId number(static_cast<std::uint32_t>(division.first_seats.size() + 1));
    for (const NodeId node : group.nearest) division.group_of[node] = number;
    division.first_seats[number] = first_seat(group, rule);
  }
  division.authority = NodeId(kSatellites + 1);
  division.registry = registry_of(division.group_of, division.authority);
  division.cluster_raft = RaftOptions::for_delay(milliseconds(100));
  division.area_raft.heartbeat = milliseconds(500);
  division.area_raft.election_timeout_min = milliseconds(2000);
  division.area_raft.election_timeout_max = milliseconds(4000);
  return division;
}

std::map<NodeId, RelayDuty> relay_duties(const ClusterGroup& group, std::span<const LinkDelay> links) {
  const auto inside = [&](NodeId node) {
    return std::binary_search(group.region.begin(), group.region.end(), node);
  };
  std::vector<LinkDelay> within;
  for (const LinkDelay& link : links)
    if (inside(link.a) && inside(link.b)) within.push_back(link);
  const DelayGraph graph(within);
  const ShortestWays ways = shortest_ways(graph, *graph.place(group.middle));
  std::map<NodeId, Duration> sources;
  std::set<NodeId> learners;
  for (const auto& [node, share] : group.founding.shares)
    if (share > 0)
      sources.emplace(node, ways.delay[*graph.place(node)]);
    else
      learners.insert(node);
  std::map<NodeId, RelayDuty> duties;
  for (const NodeId node : group.nearest) duties[node].fed = learners;
  for (auto& [node, children] : make_relay_tree(within, sources, learners, {}).children())
    duties[node].children = children;
  return duties;
}

}  // namespace skywarden::agreement
