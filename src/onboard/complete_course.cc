#include "onboard/complete_course.h"

#include <limits>

namespace skywarden::onboard {
namespace {

constexpr float kUnknown = std::numeric_limits<float>::quiet_NaN();

}  // namespace

Course::Course(const Work& work, CourseOptions options)
    : options_(options),
      hour_level_(work.panel.streams() * work.panel.fields() * 24),
      hour_error_(work.panel.streams() * work.panel.fields() * 24),
      error_(work.panel.streams() * work.panel.fields()),
      mean_(work.panel.streams() * work.panel.fields()),
      usual_(work.panel.cells(), kUnknown),
      usual_error_(work.panel.cells(), 0.0F),
      recent_error_(work.panel.cells(), 0.0F),
      recent_mean_(work.panel.cells(), 0.0F) {}

void Course::move_streams(const Panel& panel, StreamMoves moves, std::size_t streams) {
  const std::size_t fields = panel.fields();
  for (std::vector<HourEntry>* hours : {&hour_level_, &hour_error_})
    onboard::move_streams(*hours, 1, streams, fields * 24, moves, HourEntry{});
  for (std::vector<HourEntry>* means : {&error_, &mean_})
    onboard::move_streams(*means, 1, streams, fields, moves, HourEntry{});
  onboard::move_streams(usual_, panel.rows(), streams, fields, moves, kUnknown);
  for (std::vector<float>* told : {&usual_error_, &recent_error_, &recent_mean_})
    onboard::move_streams(*told, panel.rows(), streams, fields, moves, 0.0F);
}

void Course::step(const Work& work, std::size_t slot) {
  const Panel& panel = work.panel;
  const auto hour = static_cast<std::size_t>(work.hour(slot));
  for (std::size_t s = 0; s < panel.streams(); ++s) {
    for (std::size_t f = 0; f < panel.fields(); ++f) {
      if (work.is_number[f] == 0) continue;
      const std::size_t series = s * panel.fields() + f;
      const std::size_t cell = panel.at(slot, s, f);
      HourEntry& level = hour_level_[series * 24 + hour];
      HourEntry& error = hour_error_[series * 24 + hour];
      // Until an hour has been seen, the recent mean stands for it; before the first value nothing does.
      usual_[cell] = level.count >= 3.0F          ? level.mean
                     : mean_[series].count > 0.0F ? mean_[series].mean
                                                  : kUnknown;
      usual_error_[cell] = error.count >= 3.0F ? error.mean : error_[series].mean;
      if (work.known(cell)) {
        const WorkingScale& scale = work.scales[f];
        level.learn(scale, work.levels[cell], static_cast<float>(options_.memory_days));
        mean_[series].learn(scale, work.levels[cell], static_cast<float>(options_.memory_mean));
        if (work.has_spatial(cell)) {
          const float difference =
              static_cast<float>(scale.near(work.levels[cell], work.spatial[cell])) - work.spatial[cell];
          error.learn(scale, difference, static_cast<float>(options_.memory_days));
          error_[series].learn(scale, difference, static_cast<float>(options_.memory_error));
        }
      }
      recent_error_[cell] = error_[series].mean;
      recent_mean_[cell] = mean_[series].mean;
    }
  }
}

}  // namespace skywarden::onboard
