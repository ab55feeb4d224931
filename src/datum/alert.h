// A committed proposal: the ledger's entry from which every message to people is made. (event, sequence) is
// unique.
#pragma once

#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "datum/proposal.h"

namespace skywarden::datum {

struct Alert {
  Proposal proposal;
  LogIndex index;  // where it stands in the replicated log
  Term term;
  std::uint64_t shares_for = 0, shares_total = 0;  // vote shares known to hold the entry when it committed
  std::vector<NodeId> held_by;                     // those nodes, ascending
};

}  // namespace skywarden::datum
