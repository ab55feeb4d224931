// How surprising a run of one and the same value is. A value that repeats says little where this happens
// often: at a common value, or while nothing moves around; and much where the neighbours move on. The share
// of repeats is learnt from the readings themselves for each class of commonness and of the neighbours' move;
// a run's surprise is the sum of −ln of these shares, so a run counts for more the less often its parts
// occur.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace skywarden::onboard {

class StuckSurprise {  // of one field, all streams together
 public:
  struct Run {  // of one stream
    std::size_t length = 0;
    float surprise = 0.0F;
    float commonness = 0.0F;  // share of equal values among the stream's last readings before the run
    std::vector<float> recent{};
    std::size_t next = 0;
  };

  // A reading in its stream's order: whether it equals the one before, and how the neighbours moved meanwhile
  // (in usual moves; NaN: unknown).
  void arrive(Run& run, double value, bool tie, float neighbours_move);
  // Takes up what arrived since the last call.
  void learn();

 private:
  static constexpr std::size_t kRecent = 512;  // readings
  static constexpr std::size_t kCommonnessClasses = 6, kMoveClasses = 6;
  static constexpr std::size_t kLearntLength = 3;  // longer runs may be faults and teach nothing
  struct Share {
    double ties = 0.0, all = 0.0;
  };
  struct Seen {
    std::size_t share;
    bool tie;
  };
  std::array<Share, kCommonnessClasses * kMoveClasses> shares_{};
  std::vector<Seen> seen_;
};

}  // namespace skywarden::onboard
