// What a learned model is told of a missing number, the same in training and in flight: what the baseline
// says and how surely, the ends of the gap, the neighbours, the usual course, the other fields of the record,
// and how values get lost here. All on the working scale and mostly as differences from the baseline's
// estimate, so that a model learns when and how to correct it. Unknown is NaN, which trees take as such.
//
// A feature rests on what the baseline may see too: in causal work earlier slots, and records of this slot
// that have arrived. No stream has a name here: a model holds for stations that it never saw.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete_course.h"
#include "onboard/complete_loss.h"
#include "onboard/complete_number.h"
#include "onboard/complete_spatial.h"
#include "onboard/complete_work.h"
#include "onboard/power.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

// A missing number, its features, and the baseline's estimate, which a reviewer may change.
struct MissingNumber {
  std::size_t cell = 0, field = 0;
  std::int64_t before = 0, after = 0;  // slots to the nearest known values; 0: none
  std::span<const float> features;
};

// What a model says of a missing number, on the working scale.
struct Opinion {
  float correction = 0;  // to be added to the baseline's estimate
  float log_error = 0;   // logarithm of its usual error
};

// The first features of every field, which mean the same for each; those of the record's other fields follow.
inline constexpr std::size_t kSharedFeatures = 37;
inline constexpr std::size_t kBaselineFeature = 0;  // of them: the level of the baseline's estimate

// A number of a record before anything of its slot is settled. The estimate and the features of a known
// number are what they would be if it were missing.
struct RecordNumber {
  std::size_t field = 0, cell = 0;
  bool known = false;
  bool estimated = false;  // whether the baseline has anything to say; the rest is 0 otherwise
  float level = 0;         // where known, on the working scale
  float estimate = 0, mean_error = 0;
  std::array<float, kSharedFeatures> features{};
};

struct RecordNumbers {
  std::size_t slot = 0, stream = 0;
  std::vector<RecordNumber> numbers;  // one a number field, in the schema's order
};

// What a reviewer takes, counted from what it is made of.
struct ReviewOperations {
  OperationCounts number;   // of one number that it is asked about, networks apart; the mean of its fields
  OperationCounts network;  // of one record with holes, all its networks together
  bool has_networks = false;
};

// Looks at each estimate before it is settled: a model that corrects it, or a trainer that takes notes.
class NumberReviewer {
 public:
  virtual ~NumberReviewer() = default;
  // Whether it looks at whole records, too: then `prepare` is called with each of them before any of its
  // estimates is reviewed, with several at once that are of different streams. Those of a stream come in the
  // order of their arrival. What is said of a record must not depend on the others.
  [[nodiscard]] virtual bool wants_records() const { return false; }
  virtual void prepare(std::span<const RecordNumbers> /*records*/) {}
  // Whether this field is looked at at all; features of others are not worked out.
  [[nodiscard]] virtual bool wants(std::size_t field) const = 0;
  // True when it changed the value.
  virtual bool review(const MissingNumber& missing, NumberEstimate& estimate) = 0;
  // Whether to do without networks, the dearest part, until told otherwise. False when it has none.
  virtual bool spare_networks(bool /*spared*/) { return false; }
  [[nodiscard]] virtual ReviewOperations operations() const { return {}; }
  // Streams come and go: what is kept of each goes with it.
  virtual void move_streams(StreamMoves /*moves*/) {}
};

// The names of a field's features in their order; a model is good for exactly these.
[[nodiscard]] std::vector<std::string> feature_names(const datum::Schema& schema, std::size_t field);

class FeatureWriter {
 public:
  // All must outlive the writer. `backward` is null in causal work.
  FeatureWriter(const Work& work, const datum::Schema& schema, const Course& forward, const Course* backward,
                const SpatialModel& spatial, const CopyFinder& copies, const LossPattern& losses);

  // Of the cell as if its stream's field were unknown between these ends. Valid until the next call.
  [[nodiscard]] MissingNumber describe(std::size_t slot, std::size_t stream, std::size_t field,
                                       const GapEnds& ends, const NumberEstimate& estimate);
  // The number with its shared features alone.
  [[nodiscard]] RecordNumber describe_alone(std::size_t slot, std::size_t stream, std::size_t field,
                                            const GapEnds& ends, const NumberEstimate& estimate);

 private:
  struct Place {
    std::size_t slot, stream, field, cell;
    std::int64_t left, right;  // slots of the gap's ends, or −1
    bool with_record;
    bool pretended;  // the cell is known: what is said of losses must pretend too
    float base;      // the baseline's estimate
  };
  // Sets row_ to the shared features.
  [[nodiscard]] Place write_shared(std::size_t slot, std::size_t stream, std::size_t field,
                                   const GapEnds& ends, const NumberEstimate& estimate);
  void write_gap(const Place& at, const NumberEstimate& estimate);
  void write_time(const Place& at);
  void write_neighbours(const Place& at);
  void write_losses(const Place& at);
  void write_record(const Place& at);
  [[nodiscard]] float level_from(std::int64_t slot, const Place& at) const;  // minus base, or NaN
  [[nodiscard]] float spatial_change(const Place& at, std::int64_t back) const;

  const Work& work_;
  const Course& forward_;
  const Course* backward_;
  const SpatialModel& spatial_;
  const CopyFinder& copies_;
  const LossPattern& losses_;
  std::vector<std::vector<std::size_t>> partners_;  // of fields: other numbers and categories of the record
  std::vector<float> row_;
  std::vector<float> levels_;  // scratch: neighbours' levels
};

}  // namespace skywarden::onboard
