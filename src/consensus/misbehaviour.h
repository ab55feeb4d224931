// What two messages of one member prove. Whoever has the group's log format can check it again; that the
// accused signed both is for the caller to verify before (signatures are not this component's business). Mere
// disagreement, lateness or silence proves nothing.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "datum/proof.h"

namespace skywarden::consensus {

enum class Misbehaviour : std::uint8_t {
  kTwoVotes,    // granted to two candidates in one term
  kTwoEntries,  // as a leader: two different entries at one index in one term
  kTwoCommits,  // handed on two different entries as committed at one index
};

// kMalformed: a message cannot be read, or is not the accused one's; kConflict: both can be honest.
[[nodiscard]] Result<Misbehaviour> check(const datum::Proof& proof);

}  // namespace skywarden::consensus
