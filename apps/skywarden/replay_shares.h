// Whether a replay's group measures its members and moves vote shares, or keeps equal ones, and the word for
// it.
//
// Moved shares are quicker because nearly all of them lie with the 2f + 1 nearest voters, and a decision
// waits for f + 1 of those instead of more than half of all. That pays where 2f + 1 is at most half of the
// voters. Equal shares bear more failures, so f is the largest that pays, and where it would be below 2 the
// group is too small: seven equal voters bear three failures, and of f = 1 one would be left. The satellites
// of one orbital plane fail together: at most f of them are among the 2f + 1, so enough planes are needed as
// well.
#pragma once

#include <cstdint>
#include <span>

#include "incident.h"
#include "node/share_desk.h"

namespace skywarden::app {

inline constexpr std::uint32_t kFailuresMeasuredMin = 2, kFailuresMeasuredMax = 5;
inline constexpr std::size_t kVotersMeasuredMin = 2 * (2 * kFailuresMeasuredMin + 1);

struct ShareRule {
  std::uint32_t failures_max = 0;  // f; 0: shares stay equal
  Bilingual words;                 // one sentence without a full stop
};

// `planes`: the orbital plane of each voter.
[[nodiscard]] ShareRule share_rule(std::span<const std::uint32_t> planes);

// How a leader measures in a play of this length: as often as geometry changes, and so that a month costs
// seconds. Shares move seldom in long plays, as each change is an entry that everybody must hear.
[[nodiscard]] node::ShareDeskOptions share_desk_options(std::uint32_t failures_max, Duration heartbeat,
                                                        Duration length);

}  // namespace skywarden::app
