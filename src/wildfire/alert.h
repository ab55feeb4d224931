// When an agreed finding deserves to be told: a first alert, an update when something changed that people
// would act on, a cancel when there is no fire after all. What was told is known from committed alerts only
// (apply), so any leader that has the same log decides alike, and a message is never told twice.
#pragma once

#include <cstddef>
#include <map>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "consensus/aggregate.h"
#include "datum/alert.h"
#include "datum/proposal.h"

namespace skywarden::wildfire {

struct AlertOptions {
  Fraction area_growth{0.25};                         // since the last message
  Metres centre_moved = kilometres(2.0);              // likewise
  Duration refresh_after = std::chrono::hours(1);     // with new observations an update is due anyhow
  Duration update_gap_min = std::chrono::minutes(5);  // between messages of an event, unless severity rises
  Duration cancel_after = std::chrono::hours(6);      // since fire was last told, when now there is none
  Duration cancel_persistent_after = std::chrono::hours(1);  // the same for a persistent heat source
  Fraction backing_min{0.0};         // findings merged must carry at least this part of all shares
  std::size_t events_max = 100'000;  // events remembered; the longest silent ones are forgotten first

  [[nodiscard]] Result<void> validate() const;
};

class AlertPolicy {
 public:
  explicit AlertPolicy(AlertOptions options = {});

  // The message this finding deserves, or nothing. Time is the finding's own.
  [[nodiscard]] std::optional<datum::Proposal> propose(const consensus::MergedFinding& finding) const;

  // Whether a committed proposal is the next message of its event's chain. Two leaders may have proposed the
  // same sequence; the first one committed is told.
  [[nodiscard]] bool admits(const datum::Proposal& proposal) const;
  // Takes note of a committed alert; false when it is not admitted, and then it must not enter the ledger.
  bool apply(const datum::Alert& alert);

  // The last message committed of an event, or nullptr.
  [[nodiscard]] const datum::Proposal* last(EventId event) const;
  [[nodiscard]] std::size_t events() const { return told_.size(); }

 private:
  struct Told {
    datum::Proposal last;
    std::int64_t fire_told_ns = 0;  // time of the last message that was no cancel
  };
  [[nodiscard]] std::optional<datum::ProposalKind> due(const consensus::MergedFinding& finding) const;
  [[nodiscard]] bool changed(const consensus::MergedFinding& finding, const datum::Proposal& last) const;
  void forget_beyond_limit();

  AlertOptions options_;
  std::map<EventId, Told> told_;
};

}  // namespace skywarden::wildfire
