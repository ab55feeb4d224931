// Who votes in the area's group (tier A). Each cluster has one seat, each ground authority that is named has
// one; a seat is one share and there are always as many shares as seats, so clusters whose leaders come and
// go never change what a majority is. A seat changes hands in two changes of membership through the area's
// own log: the newcomer learns first, and votes in its predecessor's stead only once it has caught up. Until
// then the predecessor keeps the vote: a cluster that cannot bring a successor up to date keeps its seat, be
// it dead, rather than that a vote goes to somebody who holds nothing. Several seats may change hands at
// once.
//
// Pure: what to ask Raft::change_membership for next. Safe whatever it says, because each change is joint
// where quorums could miss each other; this decides only how long the area can go on deciding.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "base/ids.h"
#include "consensus/configuration.h"

namespace skywarden::agents {

struct Seating {
  std::map<GroupId, NodeId> wanted;      // who should sit for each cluster
  std::set<NodeId> authorities;          // on the ground, in no cluster
  std::map<NodeId, GroupId> cluster_of;  // of every satellite that sits or could
  consensus::FailureDomains domains;
};

// All seats at once, as a group is founded: f is the most that the number of seats allows.
[[nodiscard]] consensus::Membership founding_of(const Seating& seating);

// The next change towards `seating`; nothing: there is none to make now. `caught_up`: holds what the leader
// holds, but for a few entries. What it returns differs from `now` and is valid.
[[nodiscard]] std::optional<consensus::Membership> next_seating(const consensus::Membership& now,
                                                                const Seating& seating,
                                                                const std::set<NodeId>& caught_up);

}  // namespace skywarden::agents
