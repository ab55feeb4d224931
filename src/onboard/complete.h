// Completion of a panel: every hole of every record gets an estimate with its uncertainty, or says why not.
// In this order: a stream that copies this one has the value (found from data); another field of the record
// determines it (found from data); an estimate from the stream's own course, the other streams and the rest
// of the record. This is the baseline that learned models must beat; it learns from the panel alone.
//
// Causal: what is said of a slot rests on earlier slots, and on records of this slot that have arrived.
// Cutting the input behind a slot changes nothing before. Offline: everything may be used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "datum/record.h"
#include "datum/schema.h"
#include "onboard/complete_features.h"
#include "onboard/complete_work.h"
#include "onboard/panel.h"

namespace skywarden::onboard {

struct CompleteOptions {
  bool causal = false;
  bool keep_residuals = false;  // causal only: for anomaly detection, see Completion::residuals
  // A stream stops counting as a copy when it disagrees more often than this, per agreement. Where sensors
  // may fail for days a copy that is mostly right is still worth knowing.
  double copy_disagreements_max = 0.02;
  // Rows stand in the order in which they arrived, so streams of one source may share what they learn.
  bool rows_as_arrived = false;
  NumberReviewer* reviewer = nullptr;  // sees each estimate of a number, in the order of slots
};

// How a cell came by its value.
enum class Origin : std::uint8_t { kNone, kObserved, kCopied, kDetermined, kEstimated };

// What the completion would have said of an observed cell without it, as observed minus predicted over the
// usual error of such predictions (on the working scale).
struct Residual {
  float after_last = 0;  // given the stream's own last value
  float after_day = 0;   // with the stream's own last 24 slots hidden
  // Streams that this one copies and that are observed here: how many say the same, how many do not.
  std::uint8_t twins_agree = 0, twins_disagree = 0;
  float twin_after_last = 0;  // of the twin that disagrees most: its own after_last
  bool known = false;
};

// What made an estimate.
inline constexpr std::uint16_t kByBaseline = 0;
inline constexpr std::uint16_t kByTrees = 1;
inline constexpr std::uint16_t kByRules = 2;

// Causal work looks back on so many slots: what was known before them is forgotten, of a stream that was
// silent for longer nothing is known.
inline constexpr std::size_t kWindowSlots = 2048;

struct Completion {
  std::vector<Origin> origins;       // of cells, as in the panel
  std::vector<double> values;        // in the field's unit and on its grid; levels as numbers
  std::vector<float> lows, highs;    // 90 % interval of an estimated number
  std::vector<float> probabilities;  // of an estimated level
  // Of a copy the other stream, of a determined cell the other field, of an estimate kBy….
  std::vector<std::uint16_t> by;
  std::vector<std::int8_t> decimals;  // that the field prints; negative: tens, hundreds …
  std::vector<Residual> residuals;    // when asked for

  // Nothing said yet of so many cells.
  [[nodiscard]] static Completion of(std::size_t cells, bool with_residuals);
};

[[nodiscard]] Completion complete(const Panel& panel, const datum::Schema& schema,
                                  const CompleteOptions& options);

// A cell as a record's field.
[[nodiscard]] datum::Field completed_field(const Panel& panel, const datum::Schema& schema,
                                           const Completion& completion, std::size_t cell, std::size_t field);

// The panel's record with its holes filled.
[[nodiscard]] datum::Record completed_record(const Panel& panel, const datum::Schema& schema,
                                             const Completion& completion, std::size_t record);

// "twin:Dongsi", "field:scan", "trees", "baseline", "last_value"
[[nodiscard]] std::string method_name(const Panel& panel, const datum::Schema& schema,
                                      const Completion& completion, std::size_t cell);

}  // namespace skywarden::onboard
