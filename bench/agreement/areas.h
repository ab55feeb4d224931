// A thousand members of the shell in groups of some tens (tier C) under one group above them (tier A), in
// virtual time: how long a group takes to agree, how long decisions across groups take and until every member
// knows, and how well the area keeps going while leaders of clusters come and go. At every step: what Raft
// promises in each group, one decision a matter, every member's decisions are the area's in the area's order;
// at the end, nothing decided is missing anywhere.
//
// Until the last minute a random voter somewhere crashes each minute and, half a minute later, a random
// leader of a cluster, for 20 s, every fifth for 300 s. After a third of that time six of ten clusters hand
// their leadership on at once; after two thirds six of ten of those who sit in the area crash at once, for 20
// s.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agreement/satellite.h"
#include "agreement/shell.h"
#include "agreement/ways.h"

namespace skywarden::agreement {

inline constexpr Duration kAreasLengthMin = std::chrono::seconds(180);

struct AreasPlan {
  SeatRule seats = SeatRule::kDelegate;
  Duration length = kOrbit;  // kAreasLengthMin or more; no faults in the last minute
  std::uint32_t copies = 1;  // of each frame, see WayOptions
  double lost_alike = 0.0;
};

struct AreasRun {
  std::size_t groups = 0, smallest = 0, largest = 0;
  std::vector<double> commit_ms;      // of writes within groups whose leader stayed
  std::vector<double> local_know_ms;  // of the same, until every member of the group that is up knows
  std::size_t writes = 0, refused = 0;
  std::vector<double> area_commit_ms;  // of small entries, one a second
  std::vector<double> alert_ms;        // from when a cluster sees a fire until the area has decided
  std::vector<double> ruling_ms;       // from the first of two claims; the area hears claims for 500 ms
  std::vector<double> know_ms;         // from the area's decision until every member that is up knows
  std::vector<double> alert_know_ms;   // from when it was seen
  double mass_crash_most_ms = 0.0;  // the longest of these four, of what the mass crash delayed: not in them
  std::size_t matters = 0, decisions = 0, undecided = 0;
  std::size_t cluster_leaders = 0, area_leaders = 0;  // elected while measured
  std::size_t area_epochs = 0;
  std::size_t area_crashes = 0;     // of who sat in the area, upheavals apart
  std::vector<double> area_gaps_s;  // without a commit in the area, where longer than 2 s; upheavals apart
  double area_without_s = 0.0;      // together
  double handover_gap_s = 0.0, mass_crash_gap_s = 0.0;  // longest without a commit in the two minutes after
  std::uint64_t handled = 0;
  Carried carried;        // by links, settling included
  std::string violation;  // empty: none
};

[[nodiscard]] AreasRun run_areas(std::uint64_t seed, const AreasPlan& plan);

}  // namespace skywarden::agreement
