// Many small linear regressions of one kind, one for each stream and each situation (gap age, …), every one
// leaning on the others of its pool while it has little data of its own. Sums of squares are kept, so that
// learning is O(n²) and exact, and old examples can fade. Large errors count linearly, not squared (Huber).
// With a handful of examples least squares says more than they know, however it leans: until the pool has
// enough of them, what was set to be said first gives way to it step by step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "onboard/panel.h"

namespace skywarden::onboard {

struct RegressionOptions {
  double lean = 400;  // pooled examples that the pool's opinion is worth
  double prior = 25;  // examples that the starting coefficients are worth
  // Pooled examples from which on what they say is taken as it is: of the situation, or of all situations, as
  // then the history is no young one.
  double enough = 60, enough_of_all = 1000;
  double huber_share = 0.5;  // errors above this share of the mean error count linearly
};

class RegressionFamily {
 public:
  static constexpr std::size_t kSizeMax = 40;

  // `pools[s]` is the pool of stream s.
  RegressionFamily(std::size_t size, std::size_t situations, std::vector<std::uint32_t> pools,
                   RegressionOptions options = {});

  // What the solution leans on, and what is said before there are examples.
  void set_start(std::size_t situation, std::span<const double> coefficients, std::span<const double> first);

  [[nodiscard]] double predict(std::size_t stream, std::size_t situation, const double* x) const;
  // Mean absolute error of the predictions made so far in this situation, of this stream if it has enough.
  [[nodiscard]] double mean_error(std::size_t stream, std::size_t situation) const;
  // `error` = y − predict(x).
  void learn(std::size_t stream, std::size_t situation, const double* x, double y, double error);
  // Recomputes the coefficients where examples have come in: of all situations, or of one.
  void refresh();
  void refresh(std::size_t situation);
  void fade(std::size_t situation, double factor);  // makes the examples so far count less
  // All streams are of one pool.
  void move_streams(StreamMoves moves);
  void forget_examples();  // keeps the coefficients and the mean errors; for another pass over the data

 private:
  static constexpr std::size_t kBatch = 8;  // examples summed up together, for speed alone
  struct Sums {
    double count = 0.0;         // of examples, weighted
    bool fresh = false;         // examples since the last refresh
    std::uint32_t waiting = 0;  // examples in the batch
    double error_sum = 0.0, error_count = 0.0;
  };
  [[nodiscard]] std::size_t index(std::size_t stream, std::size_t situation) const {
    return stream * situations_ + situation;
  }
  void add_up(std::size_t series);  // the waiting examples
  // From one stream's moments and the number of its examples, and those of its pool. `trust`: how much of the
  // solution is taken, the rest is what was set to be said first.
  void solve(const double* own, double own_count, std::size_t situation, const std::vector<double>& pool,
             double pool_count, double trust, double* coefficients) const;
  [[nodiscard]] double trust(double in_situation, double in_all) const;

  std::size_t size_, packed_, situations_, streams_;
  std::vector<std::uint32_t> pools_;
  std::uint32_t pool_count_ = 0;
  RegressionOptions options_;
  std::vector<Sums> sums_;
  std::vector<double> moments_;  // packed lower triangle of Σxxᵀ, then Σxy, for each stream and situation
  std::vector<double> batches_;  // kBatch × (x, y), weighted by the root of the example's share
  std::vector<double> coefficients_;
  std::vector<double> start_;             // situation × size
  std::vector<double> first_;             // the same, before there are examples
  std::vector<double> pooled_, nothing_;  // room for refresh()
  std::vector<double> newcomer_;          // … of a stream of pool 0 that has no examples yet
  std::vector<Sums> pool_errors_;         // situation × pool
  std::vector<double> pool_examples_;     // so far, of all situations, faded or not
};

}  // namespace skywarden::onboard
