// Completion of records as they arrive, one by one or a backlog at once, by the same steps as complete()
// takes over a whole table in causal mode: what is said is the same to the bit (complete_stream_prop_test).
//
// A slot is a time. A record is answered from earlier slots and from the records of its slot that came before
// it; a backlog's records of one time see each other, as those of different files do in complete(). A slot is
// learnt from once a later one begins, or at settle(). A record whose slot has passed is completed where it
// belongs, from what is known now; its values count from then on, but nothing is learnt from it. A stream's
// clock that goes back is held at its latest time, as in a panel in arrival order.
//
// Bounded: the last `window_slots` slots of at most `streams_max` streams are held. Work for a record does
// not depend on how many came before, but the first of a new stream costs a copy of all that is held. When
// there are too many streams the one silent longest is forgotten with all that was learnt of it, if it was
// silent for `idle_slots` and `idle`; else the new one is refused.
//
// A time ahead of the truth holds the clock for everybody until the truth has come up to it: who takes
// records from clocks that may be wrong looks at them first.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/complete_steps.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

struct StreamOptions {
  std::size_t streams_max = 64;            // 1…4096
  std::size_t idle_slots = 72;             // and
  Duration idle = std::chrono::hours(72);  // after which a stream may be forgotten for a new one
  std::size_t window_slots = 2048;         // a power of two, 256…2^20; what was known before is forgotten
  double copy_disagreements_max = 0.02;
  double abstain_beyond = 2.5;                  // as in CompleteOptions
  std::size_t slots_max = 0x7FFFFFFF;           // 1…2³¹−1; then a new completer is needed
  [[nodiscard]] Result<void> validate() const;  // kOutOfRange names the option
};

// What lies between two times that anybody may state, which may be more than a Duration holds.
[[nodiscard]] inline double seconds_between(Instant earlier, Instant later) {
  const auto seconds = [](Instant t) { return 1e-9 * static_cast<double>(t.time_since_epoch().count()); };
  return seconds(later) - seconds(earlier);
}

struct CompletedRecord {
  datum::Record record;  // missing fields that could be estimated are, with who says so
  bool late = false;     // its slot had passed
};

class StreamCompleter {
 public:
  static constexpr std::size_t kLateSlots = 1000;  // how far back a late record may belong, at most

  // Options that validate. Without a reviewer the baseline alone answers.
  explicit StreamCompleter(datum::Schema schema, std::unique_ptr<NumberReviewer> reviewer = nullptr,
                           StreamOptions options = {});
  StreamCompleter(const StreamCompleter&) = delete;
  StreamCompleter& operator=(const StreamCompleter&) = delete;

  // kMalformed for a record that does not follow the schema, kLimitReached for one stream or slot too many;
  // such a record changes nothing.
  [[nodiscard]] Result<CompletedRecord> complete(const datum::Record& record);
  // The same as one after the other, faster: the networks look at several records at once.
  [[nodiscard]] std::vector<Result<CompletedRecord>> complete_each(
      std::span<const datum::Record* const> records);
  // In any order; what comes back is in the same. Taken by time, all records of a time together. A record
  // that is refused is answered as refused and costs itself.
  [[nodiscard]] std::vector<Result<CompletedRecord>> complete_backlog(std::span<const datum::Record> records);
  // Learns from the newest slot now, when nothing else is to be done. Records of it are late afterwards.
  void settle();

  // Another reviewer, or none, from the next record on. It is told of the streams that there are.
  void set_reviewer(std::unique_ptr<NumberReviewer> reviewer);
  [[nodiscard]] std::unique_ptr<NumberReviewer> take_reviewer();  // none is left
  // Of the reviewer, from the next record on (NumberReviewer). False when there is nothing to do without.
  bool spare_networks(bool spared) { return reviewer_ && reviewer_->spare_networks(spared); }

  [[nodiscard]] bool worn_out() const { return window_.panel().slots() >= options_.slots_max; }
  [[nodiscard]] std::size_t streams() const { return names_.size(); }
  [[nodiscard]] std::size_t forgotten_streams() const { return forgotten_; }

 private:
  [[nodiscard]] Result<void> check(const datum::Record& record) const;
  [[nodiscard]] Result<std::size_t> stream_of(const std::string& name);
  void rename(const std::vector<std::size_t>& moves);
  [[nodiscard]] bool has_slot() const { return window_.panel().slots() > 0; }
  [[nodiscard]] std::size_t newest() const { return window_.panel().slots() - 1; }
  void open(Instant time);
  // Whether the record's stream is known and its slot the newest: nothing that came before sees of it.
  [[nodiscard]] bool joins_newest(const datum::Record& record) const;
  // The slot that a record of this time belongs to, if it is there.
  [[nodiscard]] std::optional<std::size_t> free_slot(std::size_t stream, Instant time) const;
  // The same, or a new one.
  [[nodiscard]] std::size_t slot_for(std::size_t stream, Instant time);
  [[nodiscard]] std::size_t slot_passed(std::size_t stream, Instant time) const;
  void complete_together(std::span<const datum::Record> records, std::span<const std::size_t> together,
                         std::vector<Result<CompletedRecord>>& out);
  [[nodiscard]] CompletedRecord answer(const datum::Record& record, std::size_t slot,
                                       std::size_t stream) const;

  datum::Schema schema_;
  std::unique_ptr<NumberReviewer> reviewer_;
  StreamOptions options_;
  PanelWindow window_;
  CompletionSteps steps_;
  std::map<std::string, std::size_t, std::less<>> numbers_;
  std::vector<std::string> names_;
  std::vector<Instant> latest_;          // of each stream
  std::vector<std::size_t> last_slots_;  // of each stream
  bool settled_ = true;                  // the newest slot has been learnt from
  std::size_t forgotten_ = 0;
};

}  // namespace skywarden::onboard
