// The steps of completion over a panel, slot by slot, in the order that complete.h states. `complete()` runs
// them over a block; StreamCompleter over a window that moves on. It is one code, so both say the same.
//
// Causal, of each slot: open, fill (all its streams at once, or each as it arrives), learn. Work for a slot
// is bounded by streams² and fields², never by the slots before; the regressions are solved anew in parts, so
// many at each slot that each is solved about every 72 slots.
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
#include "onboard/complete_method.h"
#include "onboard/complete_number.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_work.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

class CompletionSteps {
 public:
  using Streams = std::span<const std::size_t>;

  // The panel may be a window; then its streams are those of now. All must outlive the steps. `pools[s]`:
  // streams of one pool share what they learn.
  CompletionSteps(const Panel& panel, const datum::Schema& schema, const CompleteOptions& options,
                  const std::vector<std::uint32_t>& pools);

  // Causal, of a window.
  void open(std::size_t slot);
  // Completes the records that the streams have at the slot, streams in rising order. Records of this slot
  // that were there before may be looked at, and are not changed.
  // `first_cell`: what a reviewer is told as the number of the slot's first cell.
  void fill(std::size_t slot, Streams streams, Method method, std::size_t first_cell);
  // Without trials only what is cheap is carried on: courses, copies, grids, bonds between fields.
  void learn(std::size_t slot, bool trials);
  // A record that came when its slot had been learnt from: later slots see its values from now on.
  void carry_forward(std::size_t slot, std::size_t stream, std::size_t last_slot);
  void move_streams(StreamMoves moves, std::size_t streams);

  // Offline, of a block.
  void run_offline();

  [[nodiscard]] const Completion& said() const { return out_; }
  [[nodiscard]] Completion take() { return std::move(out_); }

 private:
  [[nodiscard]] std::vector<std::uint8_t> usable() const;
  void take_observed(std::size_t slot, std::size_t s);
  void fill_redundant(std::size_t slot, Streams streams);
  void copy_from_twin(std::size_t slot, std::size_t s, std::size_t f);
  void determine_from_record(std::size_t slot, std::size_t s, std::size_t f);
  void settle(std::size_t cell, std::size_t f, double value, Origin origin, std::size_t by);
  void link_previous(std::size_t slot, std::size_t s);
  void link_next();
  void spatial_both_ways();
  void fill_estimates(std::size_t slot, Streams streams, Method method, std::size_t first_cell);
  void estimate_number(std::size_t slot, std::size_t s, std::size_t f, Method method);
  void review(std::size_t slot, std::size_t first_cell);
  void settle_number(std::size_t cell, std::size_t s, std::size_t f, const NumberEstimate& estimate);
  void repeat_last(std::size_t slot, std::size_t s, std::size_t f);
  void fill_category(std::size_t slot, std::size_t s, std::size_t f);
  void keep_residuals(std::size_t slot, Streams streams);
  void compare_with_twins(std::size_t slot, std::size_t s, std::size_t f);
  void learn_lookups(std::size_t slot);
  void refresh_parts(std::size_t slot);

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
  std::unique_ptr<Course> backward_;
  std::unique_ptr<NumberModel> numbers_;
  std::vector<std::unique_ptr<CategoryModel>> categories_;
  std::unique_ptr<FeatureWriter> features_;  // when somebody reviews
  std::size_t part_ = 0;                     // of the regressions, solved next
  std::vector<std::uint8_t> record_known_;
  struct Waiting {  // for the review
    std::size_t stream = 0, cell = 0;
    std::size_t first = 0;  // of its features
  };
  std::vector<Waiting> waiting_;
  std::vector<float> waiting_features_;
  std::vector<MissingNumber> missing_;
  std::vector<NumberEstimate> estimates_;
  std::vector<std::uint8_t> changed_;
  Completion out_;
};

}  // namespace skywarden::onboard
