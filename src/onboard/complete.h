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
  // An estimate abstains when half its 90 % interval is wider than so many tolerances of the schema: 2.5 is
  // where a normal error is more often beyond the tolerance than within. Without a tolerance half the
  // interval is held against a tenth of the field's range; without a range nothing abstains. A level abstains
  // when a right one (next to it, where the tolerance says so) is less likely than not, whatever this says.
  // 0: never.
  double abstain_beyond = 2.5;
  bool calibrate = true;  // intervals of numbers, by trials while running; off where a reviewer takes notes
  // Rows stand in the order in which they arrived (Panel::records_in_order), so streams of one source may
  // share what they learn. Where that is not certain, a row further down may be of an earlier time.
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

struct Completion {
  std::vector<Origin> origins;          // of cells, as in the panel
  std::vector<double> values;           // in the field's unit and on its grid; levels as numbers
  std::vector<float> lows, highs;       // 90 % interval of an estimated number; on a circle beyond min or max
  std::vector<float> probabilities;     // of an estimated level
  std::vector<std::uint8_t> abstained;  // 1: too uncertain to act on
  // Of a copy the other stream, of a determined cell the other field, of an estimate 1 where a reviewer
  // changed it.
  std::vector<std::uint16_t> by;
  std::vector<std::int8_t> decimals;  // that the field prints; negative: tens, hundreds …
  std::vector<Residual> residuals;    // when asked for

  // Nothing said yet of so many cells.
  [[nodiscard]] static Completion of(std::size_t cells, bool with_residuals);
  void forget(std::size_t first, std::size_t count);  // what was said of these cells
  void move_streams(std::size_t rows, std::size_t streams, std::size_t fields, StreamMoves moves);

 private:
  template <typename Visit>
  void for_each_list(Visit visit);
};

[[nodiscard]] Completion complete(const Panel& panel, const datum::Schema& schema,
                                  const CompleteOptions& options);

// Whether an estimate of this field, in its unit, is too uncertain to act on, by
// CompleteOptions::abstain_beyond.
[[nodiscard]] bool abstains(const datum::FieldSpec& spec, double value, double low, double high,
                            double abstain_beyond);

// A cell as a record's field.
[[nodiscard]] datum::Field completed_field(const Panel& panel, const datum::Schema& schema,
                                           const Completion& completion, std::size_t cell, std::size_t field);

// The panel's record with its holes filled.
[[nodiscard]] datum::Record completed_record(const Panel& panel, const datum::Schema& schema,
                                             const Completion& completion, std::size_t record);

// "twin:Dongsi", "field:scan", "model", "baseline"
[[nodiscard]] std::string method_name(const Panel& panel, const datum::Schema& schema,
                                      const Completion& completion, std::size_t cell);

}  // namespace skywarden::onboard
