// Readings that do not fit: each observed number is held against what the completion would have said without
// it, and against its own recent range. Several detectors look for different faults; each has a threshold
// for each field, so that on sound data they flag together about the chosen share of readings. Thresholds
// come from data called clean, or else from each stream's own trailing window. A score above 1 is an anomaly.
//
// What it cannot tell: a sensor's fault from a rare event that neighbours do not share. Rows never depend on
// later rows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

enum class Detector : std::uint8_t {
  kJump,   // against the prediction from the last value: spikes, noise, the start of an offset
  kDay,    // against the prediction with the last 24 slots hidden: offsets
  kDrift,  // mean of the last such differences: drifts
  kStuck,  // length of the run of one and the same value
  kRange,  // interquartile-range rule on the trailing window (Tukey's fences)
};
inline constexpr std::size_t kDetectors = 5;

struct AnomalyOptions {
  double false_positive_rate = 0.01;  // aimed at, all detectors of a field together
  std::size_t window = 168;           // readings, of the interquartile-range rule
  std::size_t drift_readings = 12;
  std::size_t trailing = 1000;  // readings from which thresholds come when nothing clean was given
  std::size_t warm_up = 200;    // readings of a stream before anything is flagged or fitted
};

// What each detector says of each cell; larger is stranger.
using Strangeness = std::vector<std::array<float, kDetectors>>;
using Thresholds = std::vector<std::array<float, kDetectors>>;  // of fields

// A causal completion that keeps what anomaly detection needs. A reviewer changes what is said of holes; what
// observed readings are held against is the baseline's, with one or without.
[[nodiscard]] Completion complete_for_anomaly(const Panel& panel, const datum::Schema& schema,
                                              NumberReviewer* reviewer = nullptr);

[[nodiscard]] Strangeness strangeness(const Panel& panel, const datum::Schema& schema,
                                      const Completion& completion, const AnomalyOptions& options);

// Thresholds of each field over the slots before `end`.
[[nodiscard]] Thresholds fit_thresholds(const Panel& panel, const datum::Schema& schema,
                                        const Strangeness& strange, std::size_t end,
                                        const AnomalyOptions& options);

// A score for each cell; 0 where nothing can be said. `thresholds` null: from the trailing window.
// A reading that most of its twins contradict is an anomaly whatever the thresholds.
[[nodiscard]] std::vector<float> anomaly_scores(const Panel& panel, const datum::Schema& schema,
                                                const Completion& completion, const Strangeness& strange,
                                                const Thresholds* thresholds, const AnomalyOptions& options);

}  // namespace skywarden::onboard
