// One run of one group: who its members are, how shares are given, what goes wrong.
#pragma once

#include <cstdint>
#include <vector>

#include "agreement/world.h"

namespace skywarden::agreement {

enum class ShareRule {
  kEqual,    // one each
  kNearest,  // 1000 each for the 2f + 1 nearest to where the leader starts, one for the others; for ever
  kPolicy,   // begins equal, follows consensus/share_policy.h
  kPolicyFromNearest,
};

enum class Lie {
  kNone,
  kEager,       // acknowledges whatever might be asked next, all the time
  kTwoFaced,    // answers probes at once, entries a third of a second late
  kNeverHolds,  // answers probes at once, entries never
  kOscillates,  // a minute as it should, a minute a third of a second late
};

struct GroupPlan {
  std::uint32_t voters = 128;
  std::uint32_t learners = 0;  // drawn from all the rest of the shell, or from `among`
  std::uint32_t among = kSatellites;
  std::uint32_t failures_max = 20;
  ShareRule shares = ShareRule::kEqual;
  Delays delays = Delays::kFromOrbits;
  Duration length = kOrbit;
  Duration write_every = std::chrono::seconds(1);
  bool crashes = false;  // a random voter a minute, for 20 s
  bool slows = false;    // each minute a tenth of the members, drawn anew, sends 100 ms late
  bool moves = false;    // each eight minutes leadership goes to a random voter, whose neighbours join
  Duration heaviest_slows_at = Duration::max();
  Lie lie = Lie::kNone;      // of the member next to the leader
  std::size_t feeds = 3;     // of each learner; 0: the leader sends to everybody
  std::uint32_t copies = 1;  // of each frame, see WayOptions
  double lost_alike = 0.0;
};

struct GroupRun {
  Outcome outcome;
  std::size_t share_changes = 0;
  double liar_largest_share = 0.0;  // of all shares, at any time
  double liar_share_at_end = 0.0;
  double share_cap = 0.0;          // the most that anybody else held, at any time
  std::size_t members = 0;         // at the end
  double floor_commit_ms = 0.0;    // round trip to the nearest quorum without loss, where the leader starts
  double floor_all_know_ms = 0.0;  // and the longest way to a learner
};

struct Near {
  Duration delay;  // one way, from the centre
  NodeId node;
  friend auto operator<=>(const Near&, const Near&) = default;
};

// All satellites, the centre first.
[[nodiscard]] std::vector<Near> by_delay(const Shell& shell, NodeId centre);

[[nodiscard]] GroupRun run_group(std::uint64_t seed, const GroupPlan& plan);

}  // namespace skywarden::agreement
