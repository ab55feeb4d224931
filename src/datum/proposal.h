// What enters the replicated log about a fire: quantised to integers, so that floating point cannot split
// replicas.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "datum/evidence.h"

namespace skywarden::datum {

enum class ProposalKind : std::uint8_t { kAlert, kUpdate, kCancel };

struct FixedPoint {  // 1e-7 degree, as libosmium and OSM store coordinates
  std::int32_t lat = 0, lon = 0;
  friend constexpr bool operator==(FixedPoint, FixedPoint) = default;
};

struct ProposalReason {
  EvidenceKind kind = EvidenceKind::kMeasured;
  std::int32_t log_odds_milli = 0;
  std::int64_t age_ms = 0;
  std::string source, text_en, text_zh;
  friend bool operator==(const ProposalReason&, const ProposalReason&) = default;
};

struct Proposal {
  EventId event;
  std::uint32_t sequence = 0;  // 0 opens the chain; each later message of the event is one more
  ProposalKind kind = ProposalKind::kAlert;
  std::int64_t time_ns = 0;  // Instant of the merged finding
  std::uint32_t probability_ppm = 0, low_ppm = 0, high_ppm = 0, threshold_ppm = 0;  // millionths
  std::uint64_t area_m2 = 0;
  std::uint64_t power_w = 0;
  std::uint8_t danger = 0;  // DangerClass
  FixedPoint centre;
  std::vector<FixedPoint> outline;  // closed ring
  std::vector<ProposalReason> reasons;
  std::vector<ObservationId> observations;
  std::vector<NodeId> merged;  // whose findings were merged, ascending
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

}  // namespace skywarden::datum
