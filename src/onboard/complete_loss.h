// How values get lost, as far as the records themselves show: how often a stream's field arrives lately, and
// whether high values go missing more often than low ones (not at random, MNAR in the terms of Rubin, 1976).
// A hidden value cannot be seen, but what the neighbours say at its place can: if that is higher where
// values are missing than where they arrive, the loss selects. Summaries that fade; nothing looks ahead.
#pragma once

#include <cstddef>
#include <vector>

#include "onboard/complete_work.h"

namespace skywarden::onboard {

class LossPattern {
 public:
  LossPattern(std::size_t streams, std::size_t fields);

  // Slots in order. Reads what was measured and what the neighbours say at the slot.
  void step(const Work& work, std::size_t slot);
  void move_streams(StreamMoves moves);

  // Share of the stream's last records that had the field, over about 8 and about 100 records; in 0…1.
  [[nodiscard]] float lately(std::size_t stream, std::size_t field) const {
    return series_[stream * fields_ + field].lately;
  }
  [[nodiscard]] float over_days(std::size_t stream, std::size_t field) const {
    return series_[stream * fields_ + field].over_days;
  }
  // What is left of both after so many records without the field.
  [[nodiscard]] static float lately_after(float records);
  [[nodiscard]] static float over_days_after(float records);
  // Share of the field's values that are missing where the neighbours say it is high (above the mean by 0.8
  // deviations) and elsewhere; in 0…1.
  [[nodiscard]] float missing_high(std::size_t field) const { return selections_[field].missing_high; }
  [[nodiscard]] float missing_low(std::size_t field) const { return selections_[field].missing_low; }

 private:
  struct Series {
    float lately = 1.0F, over_days = 1.0F;
  };
  struct Selection {
    float count = 0, mean = 0, variance = 0;  // of what the neighbours say
    float count_high = 0, count_low = 0;
    float missing_high = 0, missing_low = 0;
  };
  static void learn_selection(Selection& selection, float level, bool missing);

  std::size_t fields_;
  std::vector<Series> series_;         // stream × field
  std::vector<Selection> selections_;  // of fields
};

}  // namespace skywarden::onboard
