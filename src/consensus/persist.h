// What must survive a crash: the current term, the vote cast in it, and the log (Raft, figure 2) or, in place
// of its beginning, a snapshot (§7). A step of the machine says what to add as a Persist; the caller makes it
// durable, and only then sends messages and applies commits of the same step. Nothing else is needed to
// restart.
//
// The parts of a step are durable in the order of the fields; a crash may leave any prefix of that order. So
// a snapshot is written whole (to one side, then renamed) before the entries it replaces go: a log that
// begins before the snapshot ends, or contradicts it, is what such a crash leaves, and tidy() says what it
// means.
#pragma once

#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/random.h"
#include "consensus/log.h"
#include "consensus/snapshot.h"

namespace skywarden::consensus {

struct HardState {
  Term term;
  NodeId voted_for;  // kNobody: no vote in this term yet
  friend bool operator==(const HardState&, const HardState&) = default;
};

struct Persisted {  // what a restart begins with
  HardState state;
  std::vector<Entry> log;  // from index 1, or from the one after the snapshot's last
  std::optional<Snapshot> snapshot = {};
};

struct Persist {  // one step's additions, to be made durable in this order and as a whole
  std::optional<HardState> state;
  std::optional<Snapshot> snapshot;       // replaces an earlier one and the entries up to its last
  std::optional<LogIndex> truncate_from;  // forget this entry and all later ones
  std::vector<Entry> append;
  [[nodiscard]] bool empty() const { return !state && !snapshot && !truncate_from && append.empty(); }
};

// For tests and simulators: what a crash in the middle of the write leaves of a step, some prefix of its
// parts and perhaps only the first of its entries.
[[nodiscard]] Persist torn(Persist whole, Random& random);

// The reference meaning of a Persist, for storage in memory and for tests of real storage.
void apply(Persist step, Persisted& stored);

// Entries that the snapshot contains go; if the log has another entry where the snapshot ends, or does not
// reach it, all of it goes, because it belongs to a past that was not agreed on.
void tidy(Persisted& stored);

}  // namespace skywarden::consensus
