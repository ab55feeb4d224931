// A schema's completion in the service: the streams (completion_ladder.h), the lane in which requests wait,
// and the power that each batch is granted. Only the lane touches the ladder; a model or a method that is to
// change waits until the next batch. From any thread.
//
// A batch runs at the depth that time allows (the lane's) or at a cheaper one that power allows. What was
// answered by rules for want of power is not shown to the system later, because that would cost what was to
// be saved. What not even rules have power for comes back with `no_power`.
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "serving/completion_cost.h"
#include "serving/completion_ladder.h"
#include "serving/lane.h"
#include "serving/power_budget.h"

namespace skywarden::serving {

struct CompletionWork {
  std::vector<datum::Record> before;   // taken first where they are later than what is known of their streams
  std::vector<datum::Record> records;  // to be answered
  // Another node is asked as well or instead: recent rows of the streams are wanted …
  bool with_rows = false;
  bool by_rules = false;  // … and rules alone answer here, in case it fails
};

struct CompletionDone {
  std::vector<CompletedNewest> records;  // as many as in the work, but with no power none
  std::vector<datum::Record> rows;       // what was known of their streams before, oldest first
  bool no_power = false;
};

// Of records, since the start.
struct PowerFigures {
  std::array<std::uint64_t, 3> at{};  // completed, by Haste
  std::uint64_t degraded = 0;         // of them at a cheaper depth than time would have allowed
  std::uint64_t refused = 0;          // not at all
};

class CompletionStand {
 public:
  using Lane = LaneOf<CompletionWork, CompletionDone>;
  using Complain = std::function<void(const std::string&)>;

  // `power` outlives it. Options that validate.
  CompletionStand(datum::Schema schema, const LadderOptions& ladder, const inference::BatcherOptions& batches,
                  PowerBudget& power, Complain complain);
  CompletionStand(const CompletionStand&) = delete;
  CompletionStand& operator=(const CompletionStand&) = delete;

  [[nodiscard]] const datum::Schema& schema() const { return schema_; }
  [[nodiscard]] const std::shared_ptr<Lane>& lane() const { return lane_; }
  // From the next batch on. Null: none.
  void set_reviewer(std::unique_ptr<onboard::NumberReviewer> reviewer);
  void set_method(std::unique_ptr<PluginMethod> method);

  // Modelled, at the best depth, as things stood after the last batch.
  [[nodiscard]] onboard::Joules energy(const std::vector<datum::Record>& records) const;
  [[nodiscard]] std::size_t rows_kept() const { return ladder_options_.stream_rows; }
  [[nodiscard]] std::uint64_t owed() const { return owed_; }                // records, of the ladder
  [[nodiscard]] std::uint64_t never_shown() const { return never_shown_; }  // likewise
  [[nodiscard]] PowerFigures power_figures() const;

 private:
  using Batch = std::span<const CompletionWork* const>;
  using Results = std::vector<Result<CompletionDone>>;

  [[nodiscard]] Results run(Batch batch, std::size_t& depth);
  void take_news();
  [[nodiscard]] Results run_here(Batch group, Haste in_time, Haste& done_at);
  [[nodiscard]] Result<CompletionDone> run_by_rules(const CompletionWork& work);
  [[nodiscard]] std::vector<const datum::Record*> still_new(const std::vector<datum::Record>& before) const;
  [[nodiscard]] onboard::PowerGrant granted(std::span<const datum::Record* const> records,
                                            const std::vector<Haste>& ways);
  [[nodiscard]] std::vector<datum::Record> recent_rows(const std::vector<datum::Record>& records) const;
  void note(std::size_t records, Haste in_time, Haste done_at);

  datum::Schema schema_;
  LadderOptions ladder_options_;
  PowerBudget& power_;
  Complain complain_;
  // Of the lane.
  CompletionLadder ladder_;
  onboard::ReviewOperations model_;
  std::atomic<std::uint64_t> owed_ = 0, never_shown_ = 0;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::function<void(CompletionStand&)>> news_;
  CompletionCost cost_;
  std::optional<Instant> newest_;
  PowerFigures figures_;
  std::shared_ptr<Lane> lane_;  // last: it uses the rest
};

}  // namespace skywarden::serving
