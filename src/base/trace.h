// What a core says about itself: typed events, never text. Counters, the console, and the simulator's
// checkers read the same events, and their fingerprint is what "the same seed gives the same run" means.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/ids.h"
#include "base/time.h"

namespace skywarden {

enum class TraceKind : std::uint8_t {
  kBecameFollower,    // term, leader or 0
  kBecameCandidate,   // term, 1 when it is only a pre-vote, 2 when the leader asked for it
  kBecameLeader,      // term
  kEntryAppended,     // index, term, hash of its payload
  kEntryCommitted,    // index, term, hash of its payload
  kRecordReceived,    // stream hash, fields missing
  kFieldEstimated,    // stream hash, field index
  kFieldImplausible,  // stream hash, field index
  kFindingMade,       // event, probability in millionths, observations behind it
  kFindingMerged,     // event, probability in millionths, findings merged
  kProposalMade,      // event, sequence
  kAlertEntered,      // event, sequence, hash of the alert
  kMessageDropped,    // to or from, why (LinkFate)
  kCrashed,           // nothing
  kRestarted,         // entries recovered
  kPartitioned,       // side
  kHealed,            // nothing
  kBundleDelivered,   // from
  kEpochRules,        // epoch, index of its entry, 1 when joint; a cut log brings an earlier one back
  kEpochCommitted,    // epoch, index of its entry, 1 when joint
  kStateSaved,        // index up to which the log was compacted
  kStateRestored,     // index, fingerprint of the ledger: from another node's snapshot
  kNodeStopped,       // index of the snapshot that cannot be read
};

[[nodiscard]] std::string_view to_string(TraceKind kind);

struct TraceEvent {
  Instant at{};
  NodeId node{};
  TraceKind kind{};
  std::uint64_t first = 0, second = 0, third = 0;  // as the kind says
};

// Order-sensitive fingerprint of a run.
class TraceHash {
 public:
  void add(const TraceEvent& event);
  [[nodiscard]] std::uint64_t value() const { return hash_.value(); }

 private:
  Fnv1a hash_;
};

using Trace = std::vector<TraceEvent>;

}  // namespace skywarden
