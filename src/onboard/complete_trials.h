// Trials of the whole estimate of a number, baseline and model together: values that were measured are
// estimated as if a gap had swallowed them, the record with it at times, or everything that shares their
// time. What the trials show calibrates the intervals (complete_calibration.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "onboard/complete_calibration.h"
#include "onboard/complete_features.h"
#include "onboard/complete_number.h"
#include "onboard/complete_work.h"

namespace skywarden::onboard {

struct TrialOptions {
  std::size_t trials_a_slot = 16;       // causal, of all streams and fields, about
  std::size_t trials_offline = 90'000;  // of all slots, about
  std::size_t kept_offline = 4000;      // of a field and kind of gap; causal: CalibrationOptions::trials_kept
};

class NumberTrials {
 public:
  // All must outlive this.
  NumberTrials(const Work& work, const NumberModel& numbers, std::vector<std::uint32_t> pools, bool causal,
               TrialOptions options = {});
  // Both null without a model, as at first. They must outlive this or be replaced.
  void set_reviewer(FeatureWriter* features, NumberReviewer* reviewer);

  // What else would give a measured cell away, so that its estimate would never be asked for. A twin: no
  // trial. Its record: the trial goes without the record, for what gives it away must be lost as well.
  enum class Given : std::uint8_t { kByNothing, kByTwin, kByRecord };
  using GivenAway = std::function<Given(std::size_t slot, std::size_t stream, std::size_t field)>;
  // Tries some of the slot's measured values. Causal: before anything is learnt from the slot. Offline:
  // before anything is said; some of the missing ones are looked at as well, to see which values go missing.
  void step(std::size_t slot, const GivenAway& given_away);
  void refresh() { calibration_.refresh(); }
  void refresh(std::size_t gap) { calibration_.refresh(gap); }  // 0…CalibrationClass::kCount − 1
  // Causal, and all streams of one pool.
  void move_streams(StreamMoves moves);

  // The estimate as it is said: reviewed and calibrated. True in `reviewed` when a model changed it.
  [[nodiscard]] std::optional<NumberEstimate> estimate(std::size_t slot, std::size_t stream,
                                                       std::size_t field, bool& reviewed);
  [[nodiscard]] const IntervalCalibration& calibration() const { return calibration_; }

 private:
  void follow_streams(std::size_t slot);
  void try_cell(std::size_t slot, std::size_t stream, std::size_t field, std::uint64_t chance,
                const GivenAway& given_away);
  [[nodiscard]] std::optional<NumberEstimate> uncalibrated(std::size_t slot, std::size_t stream,
                                                           std::size_t field, const GapEnds& ends,
                                                           bool& reviewed);
  [[nodiscard]] std::optional<GapEnds> pretend_gap(std::size_t slot, std::size_t stream, std::size_t field,
                                                   std::uint64_t chance) const;
  [[nodiscard]] std::size_t class_of(std::size_t slot, std::size_t stream, std::size_t field,
                                     const GapEnds& ends) const;

  const Work& work_;
  const NumberModel& numbers_;
  FeatureWriter* features_ = nullptr;
  NumberReviewer* reviewer_ = nullptr;
  std::vector<std::uint32_t> pools_;
  bool causal_;
  std::uint64_t one_in_ = 1;  // measured values are tried
  std::size_t trials_a_slot_, numbers_count_ = 0;
  std::vector<std::uint8_t> stream_seen_;
  std::size_t streams_seen_ = 0;
  IntervalCalibration calibration_;
};

}  // namespace skywarden::onboard
