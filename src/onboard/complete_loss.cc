#include "onboard/complete_loss.h"

#include <algorithm>
#include <cmath>

namespace skywarden::onboard {
namespace {

constexpr float kLately = 1.0F / 8.0F, kOverDays = 1.0F / 100.0F;
constexpr float kMemory = 4000.0F;  // cells of all streams
constexpr float kHigh = 0.8F;       // deviations above the mean
constexpr float kWarm = 50.0F;      // cells before "high" has a meaning

void learn_share(float& share, float& count, bool hit) {
  count = std::min(count + 1.0F, kMemory);
  share += ((hit ? 1.0F : 0.0F) - share) / count;
}

}  // namespace

LossPattern::LossPattern(std::size_t streams, std::size_t fields)
    : fields_(fields), series_(streams * fields), selections_(fields) {}

float LossPattern::lately_after(float records) {
  return std::pow(1.0F - kLately, records);
}

float LossPattern::over_days_after(float records) {
  return std::pow(1.0F - kOverDays, records);
}

void LossPattern::learn_selection(Selection& selection, float level, bool missing) {
  if (selection.count >= kWarm) {
    const bool high = level > selection.mean + kHigh * std::sqrt(selection.variance);
    if (high)
      learn_share(selection.missing_high, selection.count_high, missing);
    else
      learn_share(selection.missing_low, selection.count_low, missing);
  }
  selection.count = std::min(selection.count + 1.0F, kMemory);
  const float step = level - selection.mean;
  selection.mean += step / selection.count;
  selection.variance += (step * (level - selection.mean) - selection.variance) / selection.count;
}

void LossPattern::move_streams(StreamMoves moves) {
  onboard::move_streams(series_, 1, series_.size() / fields_, fields_, moves, Series{});
}

void LossPattern::step(const Work& work, std::size_t slot) {
  const Panel& panel = work.panel;
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    if (panel.record_at(slot, s) == Panel::kNoRecord) continue;
    for (std::size_t f = 0; f < fields_; ++f) {
      const std::size_t cell = panel.at(slot, s, f);
      const bool missing = !work.measured(cell);
      Series& series = series_[s * fields_ + f];
      const float arrived = missing ? 0.0F : 1.0F;
      series.lately += kLately * (arrived - series.lately);
      series.over_days += kOverDays * (arrived - series.over_days);
      if (work.has_spatial(cell)) learn_selection(selections_[f], work.spatial[cell], missing);
    }
  }
}

}  // namespace skywarden::onboard
