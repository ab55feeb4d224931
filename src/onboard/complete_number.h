// Estimates of numbers. The ground is interpolation between the nearest known values of the stream (the last
// value when only the past counts); a regression learnt for each field, stream and gap situation corrects it
// by what the neighbours say, how the stream lately differed from them, the usual course of a day, the recent
// trend, and the other fields of the same record. Examples come from the data: each observed value is
// estimated as if it and a stretch around it were missing. The 90 % interval is what those trials showed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "onboard/complete_course.h"
#include "onboard/complete_regression.h"
#include "onboard/complete_work.h"

namespace skywarden::onboard {

struct NumberOptions {
  std::size_t partners_max = 12;       // other number fields of the record that are looked at
  std::size_t trials_offline = 4;      // trials for each observed value in the last pass
  std::size_t trials_max = 4'000'000;  // of one pass; beyond, values are thinned evenly
  double tail = 0.05;                  // of the interval, on each side
};

// How far away the known values are, in slots, whether the neighbours say something, and whether the rest of
// the record does (a lost record leaves nothing); the regressions differ by it.
class GapSituation {
 public:
  // How many there are: by the class of the nearer end, that of the further one relative to it, neighbours,
  // record. In causal work nothing is ever known behind a gap.
  [[nodiscard]] static constexpr std::size_t count(bool causal) { return kClasses * ends(causal) * 4; }
  [[nodiscard]] static bool has_spatial(std::size_t situation) { return situation / 2 % 2 == 1; }
  [[nodiscard]] static std::size_t nearer_class(std::size_t situation, bool causal) {
    return situation / (4 * ends(causal));
  }
  // `after` = 0: nothing is known behind the gap.
  [[nodiscard]] static std::size_t of(std::int64_t before, std::int64_t after, bool has_spatial,
                                      bool has_record, bool causal);
  // A gap that falls into the class: its length before the cell, by chance.
  static constexpr std::size_t kClasses = 8;
  [[nodiscard]] static std::int64_t length_in(std::size_t length_class, std::uint64_t chance);
  [[nodiscard]] static std::size_t class_of(std::int64_t length);

 private:
  [[nodiscard]] static constexpr std::size_t ends(bool causal) { return causal ? 1 : 3; }
};

// The nearest known values of a stream's field around a cell, real or pretended: slots, or −1 for none; and
// whether the rest of the record may be looked at.
struct GapEnds {
  std::int64_t left = -1, right = -1;
  bool with_record = true;
};

struct NumberEstimate {
  double value = 0.0;  // on the working scale, as low and high
  double low = 0.0;
  double high = 0.0;
  double mean_error = 0.0;  // of such estimates so far
};

class NumberModel {
 public:
  // `backward` is null in causal work. Both courses must outlive the model.
  NumberModel(const Work& work, const Course& forward, const Course* backward,
              std::vector<std::uint32_t> pools, NumberOptions options = {});

  [[nodiscard]] std::optional<NumberEstimate> estimate(std::size_t slot, std::size_t stream,
                                                       std::size_t field) const;
  // The ends of the gap that the cell stands in, whether itself is known or not.
  [[nodiscard]] GapEnds ends_of(std::size_t slot, std::size_t stream, std::size_t field) const;
  // The same as if the stream's field were unknown between these ends.
  [[nodiscard]] std::optional<NumberEstimate> estimate_between(std::size_t slot, std::size_t stream,
                                                               std::size_t field, const GapEnds& ends) const;
  // The same with everything of this stream's field hidden in the `hidden` slots before (and including) the
  // cell: the prediction that an observation is held against.
  [[nodiscard]] std::optional<NumberEstimate> estimate_blind(std::size_t slot, std::size_t stream,
                                                             std::size_t field, std::int64_t hidden) const;

  void learn_causal(std::size_t slot);  // from each measured cell of the slot, one trial a gap class
  // From all slots, in passes; then the intervals are settled.
  void learn_offline();
  // The coefficients anew from what was learnt, of all or of one of parts(), after which what the part has
  // learnt counts less by the factor.
  void refresh();
  [[nodiscard]] std::size_t parts() const { return number_fields_.size() * situations_; }
  void refresh_part(std::size_t part, double fade);
  // Causal, and all streams of one pool.
  void move_streams(StreamMoves moves);

 private:
  static constexpr std::size_t kOwnFeatures = 9;
  struct Situation {
    double ground = 0.0;  // interpolation
    std::size_t number = 0;
    std::array<double, RegressionFamily::kSizeMax> x{};
  };
  struct Tails {  // quantiles of error over mean error
    float low = -2.1F;
    float high = 2.1F;
    float count = 0;
  };

  struct UsualCourse {  // at the cell's hour and at an end of the gap: levels, and errors of the neighbours
    double here = 0.0, there = 0.0;
    double error_here = 0.0, error_there = 0.0;
  };

  [[nodiscard]] UsualCourse usual_course(const Course& course, std::size_t slot, std::size_t stream,
                                         std::size_t field, std::int64_t end, int step) const;
  [[nodiscard]] bool describe(std::size_t slot, std::size_t stream, std::size_t field, std::int64_t left,
                              std::int64_t right, bool use_record, Situation& out) const;
  [[nodiscard]] NumberEstimate assess(std::size_t stream, std::size_t field,
                                      const Situation& situation) const;
  [[nodiscard]] std::int64_t nearest_of(std::size_t slot, std::size_t stream, std::size_t field,
                                        std::size_t other) const;
  [[nodiscard]] std::optional<NumberEstimate> estimate_cold(std::size_t slot, std::size_t stream,
                                                            std::size_t field) const;
  void learn_one(std::size_t slot, std::size_t stream, std::size_t field, std::int64_t left,
                 std::int64_t right, bool use_record);
  void learn_tails(std::size_t stream, std::size_t field, std::size_t situation, double scaled_error);
  void offline_pass(std::uint64_t seed, std::size_t trials);
  [[nodiscard]] Tails& tails(std::size_t stream, std::size_t field, std::size_t situation) {
    return tails_[(field * situations_ + situation) * pool_count_ + pools_[stream]];
  }
  [[nodiscard]] const Tails& tails(std::size_t stream, std::size_t field, std::size_t situation) const {
    return tails_[(field * situations_ + situation) * pool_count_ + pools_[stream]];
  }

  const Work& work_;
  const Course& forward_;
  const Course* backward_;
  std::vector<std::uint32_t> pools_;
  std::size_t pool_count_ = 1;
  std::size_t situations_;
  std::vector<std::size_t> number_fields_;
  NumberOptions options_;
  std::vector<std::vector<std::size_t>> partners_;  // of each field
  std::vector<RegressionFamily> families_;          // of each field; a stub for fields that are no numbers
  std::vector<Tails> tails_;
  std::vector<std::vector<float>> trials_;  // offline: errors of the last pass, by field and situation
};

}  // namespace skywarden::onboard
