// Estimates of categories: how likely is each level, given the last known level (and the next, offline), what
// Estimates of categories: how likely is each level, given the last known level (and the next, offline), what
// the other streams show at this time, the hour of the day, and the rest of the record (record_classifier.h).
// Each source has its own learnt table of likelihoods; they are pooled as logarithms with learnt shares,
// because the sources are not independent. Circular levels (wind sectors) learn by the turn between two
// levels, so that little data goes a long way. The stated probability is the pooled one of the chosen level,
// corrected by what trials showed (complete_level_calibration.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "datum/schema.h"
#include "onboard/complete_level_calibration.h"
#include "onboard/complete_work.h"
#include "onboard/record_classifier.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

struct CategoryOptions {
  std::size_t levels_max = 64;    // beyond, a field is filled by its nearest known level alone
  std::size_t streams_max = 256;  // beyond, streams do not look at each other
  double learning_rate = 0.02;    // of the shares
  double smoothing = 0.5;         // added to every count
  // Before anything is known a level stays what it was, and is what the neighbours show: worth so many counts
  // (on a circle half as many to either side besides), less the more has been seen, and nothing in the end.
  double stays = 4, agrees = 0.3;
  double known_after = 100;  // counts, of a distance in time or of a pair of streams
};

struct CategoryEstimate {
  std::uint16_t level = 0;
  double probability = 0.0;  // of the level
  double right = 0.0;        // … and of the levels that the schema's tolerance takes for as good
};

class CategoryModel {
 public:
  CategoryModel(const Work& work, const datum::FieldSpec& spec, std::size_t field,
                std::vector<std::uint32_t> pools, bool causal, RecordClassifier* classifier = nullptr,
                CategoryOptions options = {});

  [[nodiscard]] std::optional<CategoryEstimate> estimate(std::size_t slot, std::size_t stream,
                                                         const CopyFinder& copies);
  void learn_causal(std::size_t slot, const CopyFinder& copies);
  void learn_offline(const CopyFinder& copies);
  // Takes what was counted into use.
  void refresh();
  // Causal, and all streams of one pool. The classifier is moved by whoever holds it.
  void move_streams(StreamMoves moves, std::size_t streams);

 private:
  static constexpr std::size_t kSources = 5;  // before, after, neighbours, hour, record
  static constexpr std::size_t kDistances = 16;
  using Scores = std::vector<std::array<double, kSources>>;

  [[nodiscard]] std::size_t table_rows() const { return circular_ ? 1 : levels_; }
  [[nodiscard]] std::size_t table_entry(std::size_t given, std::size_t level) const {
    return circular_ ? (level + levels_ - given) % levels_ : given * levels_ + level;
  }
  [[nodiscard]] std::size_t level_of(std::size_t slot, std::size_t stream) const {
    return static_cast<std::size_t>(work_.values[work_.panel.at(slot, stream, field_)]);
  }
  [[nodiscard]] std::size_t distance(std::size_t slot, std::int64_t other) const;
  [[nodiscard]] std::size_t time_table(std::uint32_t pool, bool after, std::size_t distance) const {
    return ((pool * 2 + (after ? 1 : 0)) * kDistances + distance) * table_rows() * levels_;
  }
  [[nodiscard]] std::size_t pair_table(std::size_t stream, std::size_t other) const {
    return (stream * work_.panel.streams() + other) * table_rows() * levels_;
  }
  [[nodiscard]] std::size_t hour_table(std::size_t stream, std::size_t slot) const {
    return (stream * 8 + static_cast<std::size_t>(work_.hour(slot)) / 3) * levels_;
  }
  [[nodiscard]] std::size_t shares_at(std::size_t stream, std::size_t distance_before,
                                      std::size_t distance_after) const;
  template <typename Visit>
  void for_neighbours(std::size_t slot, std::size_t stream, const CopyFinder& copies, Visit visit) const;
  void neighbour_scores(std::size_t slot, std::size_t stream, const CopyFinder& copies,
                        std::vector<double>& out) const;
  // Pooled probabilities of all levels.
  void weigh(std::size_t slot, std::size_t stream, std::int64_t before, std::int64_t after,
             const std::vector<double>& neighbours, const std::vector<double>& record, Scores& scores,
             std::vector<double>& probabilities) const;
  void record_scores(std::size_t slot, std::size_t stream, std::vector<double>& out) const;
  void to_logarithms();
  // Of a prior what is left when so much has been seen.
  [[nodiscard]] double unknown_share(double seen) const;
  // Adds so many counts for each given level itself to a table of given and following levels.
  void add_prior(std::span<float> block, double counts) const;
  void count(std::size_t slot, const CopyFinder& copies);
  // A copy would give the level away: it teaches less of those that are estimated.
  [[nodiscard]] bool has_copy(std::size_t slot, std::size_t stream, const CopyFinder& copies) const;
  void train_shares(std::size_t slot, std::size_t stream, std::int64_t before, std::int64_t after);
  [[nodiscard]] std::size_t gap_of(std::size_t slot, std::int64_t before, std::int64_t after) const;
  void learn_calibration(std::size_t slot, std::size_t stream, std::int64_t before, std::int64_t after);
  void learn_which_go_missing(const CopyFinder& copies);
  enum class Pass : std::uint8_t { kCount, kTrain, kJudge };  // offline
  void try_offline(std::size_t slot, std::size_t stream, std::uint64_t chance, Pass pass, bool copied);
  [[nodiscard]] std::int64_t next_known(std::size_t slot, std::size_t stream) const;
  [[nodiscard]] std::size_t choose(const std::vector<double>& probabilities) const;

  const Work& work_;
  std::size_t field_, levels_;
  bool circular_, causal_, forgiving_, looks_around_;
  std::vector<std::uint32_t> pools_;
  RecordClassifier* classifier_;  // null: the rest of the record is not asked
  CategoryOptions options_;
  std::vector<float> time_counts_, pair_counts_, hour_counts_;
  std::vector<float> time_logs_, pair_logs_, hour_logs_;
  double pair_prior_ = 0.0;                          // counts in pair_logs_ that nobody has seen
  std::vector<std::array<float, kSources>> shares_;  // pool × distance before × distance after
  LevelCalibration calibration_;
  // As far as has been seen. Then whole images are lost at once, and which levels those show says nothing of
  // why: nothing is tilted.
  bool times_are_shared_ = false;
  std::uint32_t pool_count_ = 1;
  mutable Scores scratch_scores_;
  mutable std::vector<double> scratch_neighbours_, scratch_record_, scratch_probabilities_, scratch_tilted_;
};

}  // namespace skywarden::onboard
