// Calibration of intervals while running. Values that were measured are estimated as if they were missing
// (complete_trials.h); where an error lies in its interval, as a share of the side it falls on, is kept by
// field and kind of gap. Their quantiles stretch or shrink the ends of the next intervals: split conformal
// prediction over the last trials (Vovk et al., 2005; for data that drift, Barber et al., Ann. Statist. 51,
// 2023). Errors behind a long gap last as long as it does, so trials of one stream that lie within a gap's
// length count as one when the ends are made wider for how few there are (groups: Dunn, Wasserman and Ramdas,
// JASA 118, 2023). A kind of gap with few trials leans on all fields of its kind, and that on no change at
// all.
//
// Values may be lost by their size. How much more often than at trials the estimates of missing values are
// low or high says by how much; trials of that size then count so much more (covariate shift: Tibshirani et
// al., NeurIPS 2019, here tilted by the value itself). That a loss follows the value as it follows the
// estimate is assumed; nothing in the data can test it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "onboard/complete_number.h"

namespace skywarden::onboard {

struct CalibrationOptions {
  double tail = 0.05;                     // of the interval, on each side
  std::size_t trials_kept = 400;          // of a field and kind of gap: the last
  std::size_t trials_of_all = 4'000'000;  // bounds the memory (12 bytes each) when there are many pools
  double few = 30;                        // trials that weigh as much as what their kind's other fields say
  double least = 0.3, most = 6.0;         // stretch of a side
};

// A gap as calibration tells gaps apart: the class of the nearer end's distance (or nothing known at all),
// whether the rest of the record arrived, whether another record of the same time is an end.
class CalibrationClass {
 public:
  static constexpr std::size_t kCount = (GapSituation::kClasses + 1) * 4;
  // Distances in slots; 0: no end on that side.
  [[nodiscard]] static std::size_t of(std::int64_t before, std::int64_t after, bool has_record,
                                      bool same_time);
  // Slots within which the errors of one stream hang together.
  [[nodiscard]] static std::size_t lasts(std::size_t gap);
};

class IntervalCalibration {
 public:
  IntervalCalibration(std::size_t fields, std::size_t pools, CalibrationOptions options = {});
  // On a circle no level is higher than another: none goes missing more often.
  void put_on_circle(std::size_t field);

  // A trial: the estimate, with its interval as it would be said uncalibrated, and the truth; working scale.
  // `slot`: of records that share a time the first, for their errors hang together.
  void learn(std::size_t field, std::size_t pool, std::size_t gap, const NumberEstimate& estimate,
             double truth, std::size_t stream, std::size_t slot);
  // An estimate that was asked for in earnest.
  void note(std::size_t field, std::size_t pool, std::size_t gap, double estimate);
  // Works out the stretches anew from what was learnt: of all kinds of gap, or of one.
  void refresh();
  void refresh(std::size_t gap);
  // Moves the interval's ends.
  void adjust(std::size_t field, std::size_t pool, std::size_t gap, NumberEstimate& estimate) const;

  // How often values of this size go missing, relative to others; 1: as often. Bins of the field's levels
  // from low to high, bounds at the mean −0.8, 0, 0.8 and 1.6 deviations.
  static constexpr std::size_t kBins = 5;
  [[nodiscard]] std::array<double, kBins> selection(std::size_t field, std::size_t pool) const;

 private:
  struct Trial {
    float place = 0;  // of the error: −1 at the low end, 1 at the high end
    std::uint32_t group = 0;
    std::uint8_t bin = 0;
  };
  struct Kind {  // of gap, in a field and pool
    std::vector<Trial> trials;
    std::size_t next = 0;                       // to be written over once full
    std::array<float, kBins> tried{}, asked{};  // by the estimate's bin
    float low = 1.0F, high = 1.0F;              // stretches
  };
  struct Levels {  // of a field in a pool
    double count = 0, mean = 0, variance = 0;
    bool on_circle = false;
    [[nodiscard]] std::size_t bin(double level) const;
  };
  struct Stretch {
    double low = 0, high = 0, weight = 0;  // logarithms
  };

  [[nodiscard]] Kind& kind(std::size_t field, std::size_t pool, std::size_t gap) {
    return kinds_[(pool * fields_ + field) * CalibrationClass::kCount + gap];
  }
  [[nodiscard]] const Kind& kind(std::size_t field, std::size_t pool, std::size_t gap) const {
    return kinds_[(pool * fields_ + field) * CalibrationClass::kCount + gap];
  }
  [[nodiscard]] Stretch own_stretch(const Kind& kind, const std::array<double, kBins>& weights);

  std::size_t fields_, pools_;
  CalibrationOptions options_;
  std::size_t kept_;  // trials of a kind
  std::vector<Kind> kinds_;
  std::vector<Levels> levels_;
  std::vector<Trial> sorted_;          // scratch
  std::vector<std::uint32_t> groups_;  // scratch
};

}  // namespace skywarden::onboard
