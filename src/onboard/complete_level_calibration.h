// What trials say of the probabilities that a category's levels are given, and which levels go missing.
//
// Reliability: how often the chosen level was right in trials where about as much was stated (histogram
// binning: Zadrozny and Elkan, ICML 2001), by stream and kind of gap. A stream with few trials leans on its
// pool, and that on what was stated.
//
// Selection: levels may be lost by what they are. The probabilities of missing cells, tilted by the odds that
// a level is lost, must add up to what they were tilted by; the odds are found by taking that in turns (label
// shift by expectation and maximisation: Saerens, Latinne and Decaestecker, Neural Computation 14, 2002) over
// the missing cells seen last. Odds are used where they make those cells clearly likelier (`evidence`); it is
// a few thousandths of a nat a cell where levels do not matter, and more than 0.04 where they do. That a loss
// depends on nothing but the level is assumed; only short gaps are asked, because a long one is lost for
// reasons of its own, and nothing is tilted in long ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "onboard/panel.h"

namespace skywarden::onboard {

struct LevelCalibrationOptions {
  double few_trials = 20;              // of a bin, that weigh as much as what was said without them
  double few_asked = 200;              // missing cells that weigh as much as "levels go missing alike"
  double evidence = 0.02;              // nats a missing cell, beyond one for each level over all cells
  double remembered = 2000;            // trials of a bin
  double trials_remembered = 20'000;   // of a stream and kind of gap, for how its levels are spread
  std::size_t asked_levels = 131'072;  // probabilities kept of missing cells, one a cell and level
  int turns = 3;                       // of finding the odds, at each refresh
  double odds_least = 0.2, odds_most = 8.0;
};

class LevelCalibration {
 public:
  // Kinds of gap, by the distance to the nearer end; of its own is one between two known slots (in causal
  // work, where `further` is 0: behind one).
  static constexpr std::size_t kGaps = 4;
  [[nodiscard]] static std::size_t gap_of(std::int64_t nearer, std::int64_t further);
  [[nodiscard]] static bool is_short(std::size_t gap) { return gap < 3; }

  LevelCalibration(std::size_t levels, std::size_t streams, std::vector<std::uint32_t> pools,
                   LevelCalibrationOptions options = {});

  // Multiplies what a missing cell's levels are given by the odds that they are lost; sums to 1 as before.
  void tilt(std::size_t stream, std::size_t gap, std::span<double> probabilities) const;
  // A trial, as it would be said untilted, and the truth.
  void see(std::size_t stream, std::size_t gap, std::span<const double> untilted);
  // The same trial, tilted: what was stated of the chosen level.
  void learn(std::size_t stream, std::size_t gap, double stated, bool right, std::size_t truth);
  // A missing cell, untilted.
  void note(std::size_t stream, std::size_t gap, std::span<const double> untilted);
  // How much surer the chosen level is than stated, as a factor.
  [[nodiscard]] double correction(std::size_t stream, std::size_t gap, double stated) const;

  // Works the odds out anew.
  void refresh();
  // Offline: forgets the trials.
  void forget_trials();
  [[nodiscard]] std::span<const double> odds(std::size_t pool) const {
    return std::span(odds_).subspan(pool * levels_, levels_);
  }
  // All streams of one pool.
  void move_streams(StreamMoves moves, std::size_t streams);

 private:
  static constexpr std::size_t kBins = 10;
  struct Reliability {  // of one bin of stated probabilities
    float count = 0, stated = 0, right = 0;
    void add(double weight, double said, bool was_right, double remembered);
  };
  struct Asked {  // the cells last noted, as a ring; their probabilities one behind the other
    std::vector<std::uint32_t> streams;
    std::vector<std::uint8_t> gaps;
    std::vector<float> untilted;
    std::size_t next = 0;  // to be overwritten
  };
  [[nodiscard]] static std::size_t bin_of(std::size_t gap, double stated);
  [[nodiscard]] std::size_t trials_at(std::size_t stream, std::size_t gap) const;
  template <typename Visit>
  void for_asked(Visit visit) const;
  void take_turn();
  void use_what_is_evident();

  std::size_t levels_;
  std::vector<std::uint32_t> pools_;
  LevelCalibrationOptions options_;
  std::vector<Reliability> of_streams_, of_pools_;  // × kind of gap × bin
  // Sums of probabilities, of streams × kinds of short gap × levels. Streams differ in their levels and in
  // how often they are asked, so what is expected of those asked is put together from each stream's trials.
  std::vector<float> tried_;
  Asked asked_;
  std::vector<double> found_, odds_;  // of pools × levels; the odds used are those found or 1
};

}  // namespace skywarden::onboard
