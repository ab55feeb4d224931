// How a constellation is divided into consensus groups (tier C) and who votes in each, from the predicted
// links alone: every node can make the same division from the same prediction.
//
// Regions: centres far from each other, everybody to the nearest by link delay (graph Voronoi cells), centres
// moved to the middle of their regions a few times (Lloyd's algorithm), then regions with too many members
// are halved and those with too few join a neighbour while that stays small enough. Satellites that are no
// members belong to regions, too: they only pass frames on. A region holds together over its own links, so a
// group can talk without leaving it.
//
// Voters: the members nearest to the middle of the group, no failure domain holding half of them, so that no
// orbital plane alone can block the group; the others are learners and hear over a relay tree (relay_tree.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "consensus/configuration.h"
#include "consensus/delay_graph.h"

namespace skywarden::consensus {

struct GroupingOptions {
  std::size_t members_max = 48;
  std::size_t members_min =
      16;                  // at most half of members_max; fewer only where no neighbour can take them in
  std::size_t voters = 5;  // odd; fewer where a group is small or its domains are few
  std::uint32_t failures_max = 2;  // f; below half of the voters
  [[nodiscard]] Result<void> validate() const;
};

struct ClusterGroup {
  NodeId middle;                // the member with the shortest longest way to the others
  Membership founding;          // one share a voter, 0 for learners; valid
  std::vector<NodeId> region;   // members and those that only pass frames on, ascending
  std::vector<NodeId> nearest;  // the members, by their way from the middle within the region; itself first
};

// In the order of their lowest members. Who has no link is a group of its own. Expects valid options.
// `domains`: what fails together, see configuration.h.
[[nodiscard]] std::vector<ClusterGroup> divide_into_groups(std::span<const LinkDelay> links,
                                                           const std::set<NodeId>& members,
                                                           const FailureDomains& domains,
                                                           const GroupingOptions& options);

}  // namespace skywarden::consensus
