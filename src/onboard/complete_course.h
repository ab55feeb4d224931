// The course of each stream's field in time, as running summaries stored for each cell: its usual value at
// this hour of the day, and how it lately differed from what the neighbours say. Run forwards for causal work
// and both ways for offline work; a summary at a slot never contains the slot itself.
#pragma once

#include <cstddef>
#include <vector>

#include "onboard/complete_work.h"

namespace skywarden::onboard {

struct CourseOptions {
  double memory_days = 20;   // of the usual value at an hour
  double memory_error = 12;  // known values, of the recent difference from the neighbours
  double memory_mean = 24;   // known values, of the recent mean
};

class Course {
 public:
  explicit Course(const Work& work, CourseOptions options = {});

  // Slots in the order of the run. Reads what is known and spatial at the slot.
  void step(const Work& work, std::size_t slot);
  void move_streams(const Panel& panel, StreamMoves moves, std::size_t streams);

  // NaN before the first value.
  [[nodiscard]] float usual(std::size_t cell) const { return usual_[cell]; }
  [[nodiscard]] float usual_error(std::size_t cell) const { return usual_error_[cell]; }
  // After the last known value at or before (in the order of the run) the cell's slot, which is included.
  [[nodiscard]] float recent_error(std::size_t cell) const { return recent_error_[cell]; }
  [[nodiscard]] float recent_mean(std::size_t cell) const { return recent_mean_[cell]; }

 private:
  struct HourEntry {
    float count = 0;
    float mean = 0;
    void learn(const WorkingScale& scale, float value, float memory) {
      count = count + 1.0F < memory ? count + 1.0F : memory;
      mean += (static_cast<float>(scale.near(value, mean)) - mean) / count;
    }
  };
  CourseOptions options_;
  std::vector<HourEntry> hour_level_, hour_error_;  // stream × field × 24
  std::vector<HourEntry> error_, mean_;             // stream × field
  std::vector<float> usual_, usual_error_, recent_error_, recent_mean_;
};

}  // namespace skywarden::onboard
