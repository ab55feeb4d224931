// An entry of the log as it was committed and applied at one node: what a ledger kept beside the log is made
// of (src/ledger).
#pragma once

#include "base/ids.h"
#include "consensus/log.h"
#include "storage/entry_chain.h"

namespace skywarden::node {

struct Entered {
  consensus::Entry entry;
  storage::ChainHead head{};  // of the chain of entries, after this one
  bool told = false;          // it entered the ledger as an alert; the same on every node
  NodeId leader;              // who led its term and so proposed it, where this node knows; else kNobody
};

}  // namespace skywarden::node
