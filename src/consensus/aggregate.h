// Findings of several nodes about one event, merged into one that lying nodes cannot carry away: every number
// is the weighted median of what the nodes say, weighted by vote shares. While less than half of the weight
// lies, each number stays within the range of the honest ones, whatever is said (the weighted median's
// breakdown point). Medians are taken on integers, so no rounding decides between nodes; the median of
// probabilities is that of log-odds, because a lower median commutes with monotone functions.
//
// Findings rest on overlapping observations, so agreement of many adds no certainty: nothing is multiplied,
// the interval never becomes narrower than the median node's, and each observation is listed once.
// It does not judge, and it does not decide what to do with the result.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"
#include "datum/finding.h"
#include "datum/proposal.h"

namespace skywarden::consensus {

using ShareWeights = std::map<NodeId, std::uint64_t>;  // sums to less than 2^62

struct MergedFinding {
  EventId event;
  std::int64_t time_ns = 0;  // Instant
  // The median verdict in the order no fire, abstained, fire; fire also needs probability ≥ threshold and
  // `measured`, else it is abstained.
  datum::Verdict verdict = datum::Verdict::kAbstained;
  std::uint32_t probability_ppm = 0, low_ppm = 0, high_ppm = 0, threshold_ppm = 0;  // 1…999,999
  datum::DangerClass danger = datum::DangerClass::kModerate;
  std::uint64_t area_m2 = 0, power_w = 0;
  datum::FixedPoint centre;
  // What more than half of the weight draws alike; else, along 36 rays from the centre, the median reach.
  std::vector<datum::FixedPoint> outline;  // closed ring, counter-clockwise; empty when unknown
  bool measured = false;                   // so say more than half of the weight
  bool persistent_source = false;          // likewise
  // What a majority gives first, then the strongest; a minority's reason says how many gave it.
  std::vector<datum::ProposalReason> reasons;
  std::vector<ObservationId> observations;  // of all findings merged, ascending, unique
  std::vector<NodeId> merged;               // whose findings were merged, ascending
  std::vector<NodeId> outliers;             // of those, who is far from the result, ascending
  std::vector<NodeId> refused;              // whose finding is no finding (not finite, no order), ascending
  std::uint64_t shares_merged = 0, shares_total = 0;
  std::uint64_t shares_for_fire = 0;  // of those merged, whose own verdict is fire
  friend bool operator==(const MergedFinding&, const MergedFinding&) = default;
};

inline constexpr std::size_t kMergedObservationsMax = 4096;  // the smallest ids
inline constexpr std::size_t kMergedReasonsMax = 16;
inline constexpr std::size_t kMergedOutlineMax = 1024;    // points; a longer outline counts as unknown
inline constexpr std::size_t kMergedSourceBytesMax = 96;  // of a reason's source
inline constexpr std::size_t kMergedTextBytesMax = 480;   // of a reason's text
inline constexpr std::int32_t kMergedLogOddsMilliMax = 20'000;
inline constexpr std::uint32_t kPpm = 1'000'000;

// Of one node only the newest finding counts. Nodes without weight and findings of other events than the
// one most of the weight speaks of are left out. Nothing when no finding is left.
[[nodiscard]] std::optional<MergedFinding> merge(std::span<const datum::Finding> findings,
                                                 const ShareWeights& shares);

}  // namespace skywarden::consensus
