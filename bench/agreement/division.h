// What every satellite knows of the tiers before anything is agreed on, because it follows from the same
// prediction: the clusters, who sits in the area at first, and the rule by which seats are held.
#pragma once

#include <map>
#include <set>
#include <span>
#include <vector>

#include "agents/area_ledger.h"
#include "agents/area_seats.h"
#include "agents/registry.h"
#include "consensus/cluster_groups.h"
#include "consensus/raft.h"

namespace skywarden::agreement {

inline constexpr GroupId kArea{1'000'000};

enum class SeatRule {
  kLeader,    // whoever leads the cluster sits in the area
  kDelegate,  // a voter that does not lead when it is named, until it was silent for delegate_silence_max
};

struct Division {  // what everybody makes from the same prediction
  std::vector<consensus::ClusterGroup> groups;
  std::map<NodeId, GroupId> group_of;  // group i has number i + 1
  consensus::FailureDomains planes;
  std::map<GroupId, NodeId> first_seats;  // until the area's log names others
  agents::Registry registry;              // who can do what, before any cluster had a leader
  NodeId authority;                       // that vouches for all in the registry
  SeatRule rule = SeatRule::kDelegate;
  Duration delegate_silence_max = std::chrono::seconds(30);
  Duration hear_claims_for = std::chrono::milliseconds(500);
  consensus::RaftOptions cluster_raft, area_raft;

  [[nodiscard]] agents::Seating seating(const std::map<GroupId, agents::Seat>& seats) const;
  [[nodiscard]] const consensus::ClusterGroup& group(GroupId number) const {
    return groups[number.value() - 1];
  }
};

[[nodiscard]] Division divide(std::span<const consensus::LinkDelay> links, const std::set<NodeId>& members,
                              SeatRule rule);

// Who hands commits on to whom within the group: a tree over the links of its region as they are now.
[[nodiscard]] std::map<NodeId, consensus::RelayDuty> relay_duties(
    const consensus::ClusterGroup& group, std::span<const consensus::LinkDelay> links);

}  // namespace skywarden::agreement
