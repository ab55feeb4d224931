// The steps of completion over a panel, slot by slot, in the order that complete.h states. `complete()` runs
// them over a whole table, StreamCompleter over a window that moves on. It is one code, so both say the same.
//
// Causal, of each slot: open, arrive and complete (all its records at once, or some after others), learn.
// Work for a slot is bounded by streams² and fields², never by the slots before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/complete_category.h"
#include "onboard/complete_course.h"
#include "onboard/complete_features.h"
#include "onboard/complete_grid.h"
#include "onboard/complete_loss.h"
#include "onboard/complete_number.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_trials.h"
#include "onboard/complete_work.h"
#include "onboard/record_classifier.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

class CompletionSteps {
 public:
  struct Arrived {  // a record
    std::size_t slot = 0, stream = 0;
  };
  // `*out` becomes the records of the slot, streams in rising order.
  static void records_at(const Panel& panel, std::size_t slot, std::vector<Arrived>* out);

  // The panel may be a window; then its streams are those of now, all of one pool. All must outlive the
  // steps. `pools[s]`: streams of one pool share what they learn.
  CompletionSteps(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options,
                  const std::vector<std::uint32_t>& pools);
  CompletionSteps(const CompletionSteps&) = delete;
  CompletionSteps& operator=(const CompletionSteps&) = delete;

  // Causal. Slots one after the other.
  void open(std::size_t slot);
  // Records of one slot, all at once, streams in rising order; then they are to be completed, before another
  // slot is opened, a record of an earlier slot arrives or one of the streams has another. Records of the
  // slot that came before may be looked at, and are not changed; those that come after are not looked at, so
  // that several may arrive, one after the other, and then be completed together in that order.
  void arrive(std::span<const Arrived> records);
  void complete(std::span<const Arrived> records);
  // From the slot, once all its records have come.
  void learn(std::size_t slot);
  // A record of an earlier slot has arrived: slots up to `last_slot` see its values from now on.
  void carry_forward(std::size_t slot, std::size_t stream, std::size_t last_slot);
  // Another reviewer, or none, from the next record on; it must outlive the steps or be replaced.
  void set_reviewer(NumberReviewer* reviewer);
  // Of a window whose streams, `streams` before, have been moved.
  void move_streams(StreamMoves moves, std::size_t streams);

  // Of a whole table.
  void run_offline();

  [[nodiscard]] const Completion& said() const { return out_; }
  [[nodiscard]] Completion take() { return std::move(out_); }

 private:
  struct Floor {  // of a stream's field: how often it stands at the least value that there is
    float seen = 0.0F, at_floor = 0.0F;
    [[nodiscard]] bool usual() const { return 2.0F * at_floor > seen; }
  };

  void take_reviewer();
  [[nodiscard]] bool usable(std::size_t f) const { return (is_number_[f] | is_category_[f]) != 0; }
  void make_category_models(const std::vector<std::uint32_t>& pools);
  void take_observed(std::size_t slot, std::size_t s);
  void fill_redundant(std::span<const Arrived> records);
  void copy_from_twin(std::size_t slot, std::size_t s, std::size_t f);
  void determine_from_record(std::size_t slot, std::size_t s, std::size_t f);
  void settle(std::size_t cell, std::size_t f, double value, Origin origin, std::size_t by);
  void link_previous(std::size_t slot, std::size_t s);
  void link_next();
  void spatial_both_ways();
  void fill_estimates(std::span<const Arrived> records);
  void show_records(std::span<const Arrived> records);
  void fill_number(std::size_t slot, std::size_t s, std::size_t f);
  void fill_category(std::size_t slot, std::size_t s, std::size_t f);
  void keep_residuals(std::span<const Arrived> records);
  void compare_with_twins(std::size_t slot, std::size_t s, std::size_t f);
  void try_numbers(std::size_t slot);
  void learn_lookups(std::size_t slot);
  void refresh();
  void refresh_some(std::size_t slot);

  const Panel& panel_;
  const datum::Schema& schema_;
  CompleteOptions options_;
  std::vector<std::uint8_t> is_category_, is_number_;
  Work work_;
  CopyFinder copies_;
  LookupFinder lookups_;
  SpatialModel spatial_;
  GridFinder grid_;
  LossPattern losses_;
  Course forward_;
  std::unique_ptr<Course> backward_;  // offline
  std::unique_ptr<NumberModel> numbers_;
  std::vector<std::unique_ptr<RecordClassifier>> classifiers_;  // of fields; null where there is none
  std::vector<std::unique_ptr<CategoryModel>> categories_;
  std::unique_ptr<FeatureWriter> features_;  // when somebody reviews
  std::unique_ptr<NumberTrials> trials_;
  std::size_t refresh_at_;              // slot
  std::vector<Floor> floors_;           // stream × field
  std::vector<RecordNumbers> records_;  // for a reviewer that wants them
  std::vector<std::uint8_t> record_known_;
  Completion out_;
};

}  // namespace skywarden::onboard
