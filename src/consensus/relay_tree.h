// Who hands commits on to whom: a tree over the predicted links, from the members that know of a commit first
// to every learner, each by the way on which it hears soonest (Dijkstra's search from all sources at once),
// and beside it second feeds over other links, so that a lost frame or a dead relay costs little. Whoever
// relays has at most `fan_out` children. Every node can make the same tree from the same prediction; nothing
// of it needs agreement, see raft_relay.cc. Satellites that are no members only pass frames on.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "consensus/delay_graph.h"

namespace skywarden::consensus {

struct RelayOptions {
  std::size_t fan_out = 8;                // children of one member, 1 or more
  std::size_t feeds = 2;                  // parents of one learner, where so many can be found; 1 or more
  Instant needed_until = Instant::min();  // links whose contact ends before are not used
  [[nodiscard]] Result<void> validate() const;
};

struct RelayTree {
  // Of every learner that can be reached; the first parent is the one it hears soonest from.
  std::map<NodeId, std::vector<NodeId>> parents;
  std::map<NodeId, Duration> arrival;  // after the leader's commit, by the first parent
  Instant valid_until =
      Instant::max();  // the first contact to end of those that it uses: make another before

  [[nodiscard]] std::map<NodeId, std::set<NodeId>> children() const;
};

// `sources`: the voters, and how long after the leader each knows of a commit. Who is both is a source.
// Expects valid options.
[[nodiscard]] RelayTree make_relay_tree(std::span<const LinkDelay> links,
                                        const std::map<NodeId, Duration>& sources,
                                        const std::set<NodeId>& learners, const RelayOptions& options);

}  // namespace skywarden::consensus
