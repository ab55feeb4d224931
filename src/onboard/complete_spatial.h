// What the other streams say of a field at the same time: ordinary kriging with learnt instead of modelled
// variograms (Cressie, Statistics for Spatial Data, 1993, ch. 3). For each pair of streams the mean and the
// variance of their difference are learnt online from the times when both are known; the estimate is the
// weighted mean of the neighbours, each corrected by its mean difference, with the weights that minimise the
// variance of the error. It needs no coordinates and no stationarity beyond a slow drift. Not for categories.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "onboard/complete_work.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

struct SpatialOptions {
  double pairs_min = 12;     // joint observations before a neighbour is asked
  double pairs_first = 1;    // … while none has so many; those that are asked then count alike
  double memory_bias = 700;  // joint observations after which the mean difference is half renewed
  double memory_variance = 1500;
  std::size_t neighbours_max = 10;  // asked at once, the closest first
  double outlier_deviations = 5;    // a joint observation counts as at most so far from the mean difference
  double nugget = 0.1;              // share of each neighbour's variance that is its own
};

struct NearStream {
  float level = 0;      // what the stream shows, corrected by the mean difference
  float deviation = 0;  // of the difference
};

class SpatialModel {
 public:
  SpatialModel(std::size_t streams, std::size_t fields, SpatialOptions options = {});

  // Sets work.spatial and the flag for the cells of the stream's record at this slot, which exists.
  void estimate(Work& work, std::size_t slot, std::size_t stream, const CopyFinder& copies, bool causal);
  void learn(const Work& work, std::size_t slot, bool causal);
  void move_streams(StreamMoves moves);

  // The closest neighbours that have something to say, at most as many as `out` holds, and their number.
  // `*levels` becomes what they and the others that would be asked show, uncorrected.
  [[nodiscard]] std::size_t nearest(const Work& work, std::size_t slot, std::size_t stream, std::size_t field,
                                    const CopyFinder& copies, bool causal, std::span<NearStream> out,
                                    std::vector<float>* levels) const;

 private:
  struct Pair {  // of the difference stream − other
    float count = 0;
    float mean = 0;
    float variance = 0;
  };
  [[nodiscard]] Pair& pair(std::size_t s, std::size_t k, std::size_t f) {
    return pairs_[(f * streams_ + s) * streams_ + k];
  }
  [[nodiscard]] const Pair& pair(std::size_t s, std::size_t k, std::size_t f) const {
    return pairs_[(f * streams_ + s) * streams_ + k];
  }
  // Calls visit(k, cell of k) for those that are asked, the closest first.
  template <typename Visit>
  void for_asked(const Work& work, std::size_t slot, std::size_t stream, std::size_t field,
                 const CopyFinder& copies, bool causal, Visit visit) const;
  [[nodiscard]] bool solve(std::size_t stream, std::size_t field, double* answer);
  void rank_neighbours();

  std::size_t streams_;
  std::size_t fields_;
  SpatialOptions options_;
  std::vector<Pair> pairs_;
  std::vector<std::uint32_t> ranked_;  // for each field and stream the others, closest first
  std::size_t learnt_ = 0;
  // scratch
  std::vector<std::uint32_t> asked_;
  std::vector<double> asked_levels_, matrix_, right_;
};

}  // namespace skywarden::onboard
