// Conflicts that the parties do not settle go to the next tier and are decided there by rule, once:
// satellites to their cluster's leader, clusters to the area. Rules are functions of what is said, so that
// every replica of the arbiter rules alike and a ruling can be checked afterwards.
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "games/alternating_offers.h"

namespace skywarden::games {

// The lowest of `above` (the leaders over the parties, nearest tier first) that is no party itself; nothing
// when all are: then what stood before the conflict stands.
[[nodiscard]] std::optional<NodeId> arbiter_for(const std::vector<NodeId>& parties,
                                                const std::vector<NodeId>& above);

// A claim to something that only one can have: a task, a cell to watch, a pass of a ground station.
struct Claim {
  NodeId by;
  bool ordered = false;     // the manager says that it gave it to this one
  std::uint64_t worth = 0;  // of it in this one's hands, as measured by others
  Instant since;            // when it was first claimed
};
// An order of the manager comes first, then worth, then the earlier claim, then the lower node. Claims are
// not empty.
[[nodiscard]] NodeId award_claim(const std::vector<Claim>& claims);

// What the arbiter makes of a bargain: the Nash solution of the declared preferences; nothing when some party
// is better off without agreement everywhere.
[[nodiscard]] std::optional<Outcome> arbitrate_bargain(const Domain& domain,
                                                       const std::vector<Outcome>& outcomes);

struct Settled {
  std::optional<Outcome> outcome;
  bool by_arbiter = false;
};
// In rounds among the parties, then by the arbiter.
[[nodiscard]] Settled settle_bargain(const Domain& domain, const std::vector<Outcome>& outcomes,
                                     const std::vector<Concession>& concessions, std::size_t rounds);

}  // namespace skywarden::games
