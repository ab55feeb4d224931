// A missing category from the rest of its record: numbers, other categories and texts. Multinomial logistic
// regression over hat functions of the numbers (piecewise linear in each), levels and hashed words
// (text_features.h), trained on the panel that it completes, in the
// order of slots. Inputs are left out at random while it learns, because records have holes when it is asked.
//
// What it says is one opinion among those that complete_category.h pools. In offline work it consists of two
// parts, each trained without the other's slots, so that its opinion of a known cell is as good as of a
// hidden one and no better. In causal work streams of one pool share a part; others learn alone, because a
// row must not profit from rows below it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete_work.h"
#include "onboard/sparse_softmax.h"
#include "onboard/text_features.h"

namespace skywarden::onboard {

struct RecordClassifierOptions {
  std::size_t levels_max = 64;          // of this category and of those it looks at
  std::size_t weights_max = 1'000'000;  // places × levels; beyond, it has no opinion
  double learning_rate = 0.5;
  double left_out = 0.15;  // of inputs, while learning
  int passes = 6;          // over all slots, offline
};

class RecordClassifier {
 public:
  // `pools` of streams, from 0 without gaps.
  RecordClassifier(const Work& work, const datum::Schema& schema, std::size_t field,
                   std::vector<std::uint32_t> pools, bool causal, RecordClassifierOptions options = {});

  // False when the category is circular (a direction is no matter of the record), has too many levels, or
  // nothing stands beside it.
  [[nodiscard]] bool has_opinion() const { return !models_.empty(); }
  [[nodiscard]] std::size_t weights() const { return models_.size() * places_ * levels_; }

  // ln P(level | record), all levels, as somebody who has not seen this slot would say.
  void log_probabilities(std::size_t slot, std::size_t stream, std::vector<double>& out) const;

  // What is usual: means and deviations of numbers, how rare words are. Of each slot once, before learn.
  void look_at(std::size_t slot);
  // From the records of one slot.
  void learn(std::size_t slot);
  void learn_offline();
  // Causal, and all streams of one pool.
  void move_streams(StreamMoves moves) { pools_.assign(moves.size(), 0); }

 private:
  static constexpr std::size_t kKnots = 25;                 // of hat functions, from −3 to 3 deviations
  static constexpr std::size_t kNumberPlaces = kKnots + 2;  // and a slope, and "missing"

  struct Moments {  // Welford's sums
    double count = 0.0, mean = 0.0, m2 = 0.0;
  };
  struct Input {
    std::size_t field = 0;
    datum::FieldKind kind = datum::FieldKind::kNumber;
    std::size_t first = 0;            // place
    std::size_t places = 0;           // the last says that it is missing
    std::vector<Moments> moments;     // of a number, a part each in causal work, else one
    std::vector<TextWeights> rarity;  // of a text, likewise
  };
  using Features = std::vector<TextFeature>;

  void describe(std::size_t slot, std::size_t stream, std::uint64_t left_out, Features& out) const;
  void describe_number(const Input& input, const Moments& moments, double level, Features& out) const;
  void describe_text(const Input& input, const TextWeights& rarity, double text, Features& out) const;
  [[nodiscard]] const Features& features_of(double text) const;
  [[nodiscard]] std::size_t part_of(std::size_t slot, std::size_t stream) const;
  [[nodiscard]] std::size_t habits_of(std::size_t stream) const { return causal_ ? pools_[stream] : 0; }

  const Work& work_;
  std::size_t field_, levels_;
  std::vector<std::uint32_t> pools_;
  bool causal_;
  RecordClassifierOptions options_;
  std::size_t parts_ = 2;
  std::vector<Input> inputs_;
  std::size_t places_ = 1;  // the first is the constant
  TextOptions text_options_;
  struct Text {
    std::string text;  // that the features are of: in a window its place is given to others
    Features features;
  };
  mutable std::vector<Text> texts_;    // of the panel's texts, when first needed
  std::vector<SparseSoftmax> models_;  // of parts
  mutable Features scratch_features_;
  mutable std::vector<double> scratch_probabilities_;
};

}  // namespace skywarden::onboard
