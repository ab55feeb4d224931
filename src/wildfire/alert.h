// When an agreed finding deserves to be told: a first alert, an update when something changed that people
// would act on, a cancel when there is no fire after all. What was told is known from committed alerts only
// (apply), so any leader that has the same log decides alike, and a message is never told twice.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "base/units.h"
#include "consensus/aggregate.h"
#include "datum/alert.h"
#include "datum/finding.h"
#include "datum/proposal.h"

namespace skywarden::wildfire {

inline constexpr std::size_t kSavedAlertsBytesMax = std::size_t{1} << 26;

struct AlertOptions {
  // An update is due when one of these changed since the event's last message:
  Fraction area_growth{0.25};                         // at least by this part
  Metres centre_moved = kilometres(2.0);              // at least this far
  Probability probability_changed{0.05};              // at least this much, and CAP certainty with it
                                                      // (and whenever CAP severity changed: alert_level.h)
  Duration refresh_after = std::chrono::hours(1);     // or so much time passed and there are new observations
  Duration update_gap_min = std::chrono::minutes(5);  // but not sooner than this, unless severity rose
  // A cancel is due when the finding is no fire, surely (the interval's high end is under the threshold), for
  // so long after the last message that told of fire; sooner for a persistent heat source.
  Duration cancel_after = std::chrono::hours(6);
  Duration cancel_persistent_after = std::chrono::hours(1);
  // Findings merged must carry at least this part of all shares; to open a chain, findings that say fire.
  Fraction backing_min{0.0};
  std::size_t events_max = 100'000;  // events remembered; the longest silent ones are forgotten first

  [[nodiscard]] Result<void> validate() const;
};

class AlertPolicy {
 public:
  explicit AlertPolicy(AlertOptions options = {});

  // The message this finding deserves, or nothing. Time is the finding's own. After a cancel, only a finding
  // that rests on new observations opens the event again, as a new alert later in the same chain.
  // A fire may change its name when detection joins clusters: a finding under a new name continues the oldest
  // chain that was told of one of its observations, and the proposal bears that chain's name.
  [[nodiscard]] std::optional<datum::Proposal> propose(const consensus::MergedFinding& finding) const;

  // Whether a committed proposal is the next message of its event's chain. Two leaders may have proposed the
  // same sequence; the first one committed is told.
  [[nodiscard]] bool admits(const datum::Proposal& proposal) const;
  // Takes note of a committed alert; false when it is not admitted, and then it must not enter the ledger.
  bool apply(const datum::Alert& alert);

  // Whether one node's finding adds nothing to what was told: it need not be reported again, and its node's
  // silence may be taken for agreement. What was never told counts as no fire.
  [[nodiscard]] bool is_old_news(const datum::Finding& finding) const;

  // The oldest chain that has told one of these observations, or nothing.
  [[nodiscard]] std::optional<EventId> chain_of(std::span<const ObservationId> observations) const;
  // The last message committed of an event, or nullptr.
  [[nodiscard]] const datum::Proposal* last(EventId event) const;
  [[nodiscard]] std::size_t events() const { return told_.size(); }
  // The last message of every chain, as they were committed; they hold until the next apply.
  [[nodiscard]] std::vector<const datum::Alert*> last_alerts() const;

  // The whole of it as deterministic CBOR, and back (alert_codec.cc). Only the last message of a chain is
  // kept, because nothing else decides what is told next. kMalformed, kOutOfRange, kLimitReached: damaged.
  [[nodiscard]] std::vector<std::byte> save() const;
  [[nodiscard]] static Result<AlertPolicy> restore(std::span<const std::byte> bytes, AlertOptions options);

 private:
  struct Told {
    datum::Alert last;
    std::int64_t fire_told_ns = 0;  // time of the last message that was no cancel
    std::uint64_t opened = 0;       // chains opened before
  };
  [[nodiscard]] std::optional<datum::ProposalKind> due(const consensus::MergedFinding& finding,
                                                       const datum::Proposal& draft) const;
  [[nodiscard]] bool is_backed(const consensus::MergedFinding& finding, datum::ProposalKind kind) const;
  void forget_beyond_limit();

  AlertOptions options_;
  std::map<EventId, Told> told_;
  std::unordered_map<ObservationId, EventId> told_of_;  // the chain that was first told of an observation
  std::uint64_t opened_ = 0;
};

}  // namespace skywarden::wildfire
