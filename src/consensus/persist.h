// What must survive a crash: the current term, the vote cast in it, and the log (Raft, figure 2). A step of
// the machine says what to add as a Persist; the caller makes it durable, and only then sends messages and
// applies commits of the same step. Nothing else is needed to restart.
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "consensus/log.h"

namespace skywarden::consensus {

struct HardState {
  Term term;
  NodeId voted_for;  // kNobody: no vote in this term yet
  friend bool operator==(const HardState&, const HardState&) = default;
};

struct Persisted {  // what a restart begins with
  HardState state;
  std::vector<Entry> log;
};

struct Persist {  // one step's additions, to be made durable in this order and as a whole
  std::optional<HardState> state;
  std::optional<LogIndex> truncate_from;  // forget this entry and all later ones
  std::vector<Entry> append;
  [[nodiscard]] bool empty() const { return !state && !truncate_from && append.empty(); }
};

// The reference meaning of a Persist, for storage in memory and for tests of real storage.
void apply(const Persist& step, Persisted& stored);

}  // namespace skywarden::consensus
