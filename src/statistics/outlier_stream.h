// Flags readings as they arrive, each against a window of those before it, by three rules:
//
// - quartiles: outside Tukey's fences of the component (fences.h); stands until a quarter of the window is
//   wrong;
// - median: further than `median_cut` standard deviations, by 1.4826 median absolute deviations, from the
//   median of the component (B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle Outliers", 1993);
//   stands until half of the window is wrong;
// - distance: the robust Mahalanobis distance of the whole reading (mcd.h), which sees combinations that no
//   component gives away; stands until nearly half of the window is wrong.
//
// Every reading enters the window, flagged or not: a new level is flagged until it fills that share of the
// window and is normal from then on. Rows never depend on later rows. A rule says nothing where it cannot:
// before warm_up, for a component of which half (quartiles: the middle half) agrees exactly, and by distance
// where the components determine one another. A component of which half agrees is left out of the distance.
//
// It takes readings as exchangeable: a daily course widens the window's spread, so what is odd for its hour
// alone is not seen (onboard/anomaly.h predicts the course first). Cost a reading: width²; each
// `refit_every` readings also a search of starts · window · width². Memory: window · width numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "statistics/fences.h"
#include "statistics/scatter.h"

namespace skywarden::statistics {

inline constexpr std::size_t kOutlierWindowMax = 4096;
inline constexpr std::size_t kOutlierWidthMax = 32;

struct OutlierStreamOptions {
  std::size_t window = 256;      // readings, at most kOutlierWindowMax
  std::size_t warm_up = 64;      // at least 2 · width + 1, at most the window
  std::size_t refit_every = 16;  // readings
  double quartile_reach = kTukeyReach;
  double median_cut = 3.5;
  double distance_kept = 0.999;  // of normal readings
  std::size_t starts = 100;      // of the search for the distance
  std::uint64_t seed = 1;
};

struct OutlierVerdict {
  bool judged = false;             // false before warm_up: nothing below means anything
  std::vector<bool> by_quartiles;  // of components
  std::vector<bool> by_median;     // of components
  bool by_distance = false;
  std::optional<double> squared_distance;  // where there is one
  double distance_cut = 0.0;               // beyond which it is flagged
  [[nodiscard]] bool flagged() const;
};

class OutlierStream {
 public:
  // `width` 1…kOutlierWidthMax.
  explicit OutlierStream(std::size_t width, const OutlierStreamOptions& options = {});

  // A finite number for each component.
  [[nodiscard]] OutlierVerdict arrive(std::span<const double> reading);

 private:
  struct Component {
    Fences by_quartiles, by_median;
    bool has_quartiles = false, has_median = false;
  };

  void refit();
  [[nodiscard]] OutlierVerdict judge(std::span<const double> reading) const;

  std::size_t width_;
  OutlierStreamOptions options_;
  double cut_ = 0.0;            // of the squared distance
  std::vector<double> window_;  // rows, a ring
  std::size_t seen_ = 0;
  std::vector<Component> components_;
  std::vector<std::size_t> spread_;  // the components in the distance, ascending
  std::optional<Mahalanobis> distance_;
};

}  // namespace skywarden::statistics
