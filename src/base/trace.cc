#include "base/trace.h"

namespace skywarden {

std::string_view to_string(TraceKind kind) {
  switch (kind) {
    case TraceKind::kBecameFollower:
      return "became_follower";
    case TraceKind::kBecameCandidate:
      return "became_candidate";
    case TraceKind::kBecameLeader:
      return "became_leader";
    case TraceKind::kEntryAppended:
      return "entry_appended";
    case TraceKind::kEntryCommitted:
      return "entry_committed";
    case TraceKind::kRecordReceived:
      return "record_received";
    case TraceKind::kFieldEstimated:
      return "field_estimated";
    case TraceKind::kFieldImplausible:
      return "field_implausible";
    case TraceKind::kFindingMade:
      return "finding_made";
    case TraceKind::kFindingMerged:
      return "finding_merged";
    case TraceKind::kProposalMade:
      return "proposal_made";
    case TraceKind::kAlertEntered:
      return "alert_entered";
    case TraceKind::kMessageDropped:
      return "message_dropped";
    case TraceKind::kCrashed:
      return "crashed";
    case TraceKind::kRestarted:
      return "restarted";
    case TraceKind::kPartitioned:
      return "partitioned";
    case TraceKind::kBundleDelivered:
      return "bundle_delivered";
    case TraceKind::kEpochRules:
      return "epoch_rules";
    case TraceKind::kEpochCommitted:
      return "epoch_committed";
    case TraceKind::kStateSaved:
      return "state_saved";
    case TraceKind::kStateRestored:
      return "state_restored";
    case TraceKind::kNodeStopped:
      return "node_stopped";
    case TraceKind::kHealed:
      return "healed";
  }
  return "unknown";
}

void TraceHash::add(const TraceEvent& event) {
  hash_.add(static_cast<std::uint64_t>(event.at.time_since_epoch().count()));
  hash_.add(static_cast<std::uint64_t>(event.node.value()));
  hash_.add_byte(static_cast<std::uint8_t>(event.kind));
  hash_.add(event.first);
  hash_.add(event.second);
  hash_.add(event.third);
}

}  // namespace skywarden
