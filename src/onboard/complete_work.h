// What the steps of completion share while they run: for each cell of a panel its value on a working scale,
// whether it is known, what the neighbours say of it, and where the nearest known cells of its stream are.
// Working scale: where a schema states a tolerance that grows with the value (max(abs, rel·|v|)), a step on
// the working scale is about the same share of the tolerance everywhere; other fields keep their own scale.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "datum/schema.h"
#include "onboard/panel.h"
#include "onboard/redundancy.h"

namespace skywarden::onboard {

class WorkingScale {
 public:
  WorkingScale() = default;
  explicit WorkingScale(const datum::FieldSpec& spec);
  [[nodiscard]] double forward(double v) const {
    return knee_ == 0.0 ? v : std::copysign(knee_ * std::log1p(std::abs(v) / knee_), v);
  }
  [[nodiscard]] double back(double w) const {
    return knee_ == 0.0 ? w : std::copysign(knee_ * std::expm1(std::abs(w) / knee_), w);
  }
  // On a circle the level that lies nearest to the reference, whole turns away; else the level itself.
  // Whatever is subtracted, averaged or interpolated goes through here: from 350° to 10° it is 20°.
  [[nodiscard]] double near(double level, double reference) const {
    return turn_ == 0.0 ? level : level - turn_ * std::round((level - reference) / turn_);
  }
  // How far the level lies beyond the reference.
  [[nodiscard]] double beyond(double level, double reference) const {
    return near(level, reference) - reference;
  }
  [[nodiscard]] double turn() const { return turn_; }  // 0: no circle
  // On a circle the value between min and max that the level stands for.
  [[nodiscard]] double onto_circle(double level) const {
    return turn_ == 0.0 ? level : level - turn_ * std::floor((level - least_) / turn_);
  }

 private:
  double knee_ = 0.0;  // where the scale turns from linear to logarithmic; 0: linear throughout
  double turn_ = 0.0, least_ = 0.0;
};

struct Work {
  static constexpr std::uint8_t kKnown = 1;       // observed, copied or determined
  static constexpr std::uint8_t kMeasured = 2;    // observed by its own sensor: good to learn from
  static constexpr std::uint8_t kHasSpatial = 4;  // the neighbours have an opinion
  static constexpr std::int32_t kNowhere = -1;
  static constexpr std::int64_t kMargin = 64;  // slots of a window that only what lies around a value needs

  explicit Work(const Panel& source, const datum::Schema& schema);

  [[nodiscard]] bool known(std::size_t cell) const { return (flags[cell] & kKnown) != 0; }
  [[nodiscard]] bool measured(std::size_t cell) const { return (flags[cell] & kMeasured) != 0; }
  [[nodiscard]] bool has_spatial(std::size_t cell) const { return (flags[cell] & kHasSpatial) != 0; }
  void set_known(std::size_t cell, std::size_t field, double value, std::uint8_t extra_flags);
  [[nodiscard]] int hour(std::size_t slot) const { return hours[panel.row(slot)]; }    // local
  [[nodiscard]] int month(std::size_t slot) const { return months[panel.row(slot)]; }  // 1…12, local
  [[nodiscard]] std::size_t first_of_time(std::size_t slot) const { return same_time_from[panel.row(slot)]; }
  [[nodiscard]] std::size_t last_of_time(std::size_t slot) const { return same_time_to[slot]; }

  // Causal: a slot begins. Nothing is known of it yet; what was known before is carried on.
  void open(std::size_t slot);
  void move_streams(StreamMoves moves, std::size_t streams);
  // The last slot before this one at which the stream's field is known, where it can still be looked at.
  [[nodiscard]] std::int64_t last_known(std::size_t slot, std::size_t stream, std::size_t field) const {
    return last_known_at(static_cast<std::int64_t>(slot) - 1, stream, field);
  }
  // The same at this slot or before.
  [[nodiscard]] std::int64_t last_known_at(std::int64_t slot, std::size_t stream, std::size_t field) const {
    if (!within_reach(slot)) return kNowhere;
    const std::int64_t then = previous[panel.at(static_cast<std::size_t>(slot), stream, field)];
    return within_reach(then) ? then : kNowhere;
  }
  // Whether a slot is still there to be looked at, with what lies around it.
  [[nodiscard]] bool within_reach(std::int64_t then) const {
    return then >= 0 && static_cast<std::int64_t>(panel.slots()) - then <= reach;
  }
  // A stream that this one copies and that has measured the field here; in causal work one that has arrived.
  [[nodiscard]] std::optional<std::size_t> twin_of(std::size_t slot, std::size_t stream, std::size_t field,
                                                   const CopyFinder& copies, bool causal) const;

  const Panel& panel;
  std::int64_t reach;  // slots that may be looked back on
  int utc_offset_min;
  std::vector<WorkingScale> scales;     // of fields
  std::vector<std::uint8_t> is_number;  // of fields
  std::vector<std::uint8_t> hours;      // of rows of the panel, by the schema's offset
  std::vector<std::uint8_t> months;
  std::vector<std::uint32_t> same_time_from;  // of rows: the first slot of their time
  std::vector<std::uint32_t> same_time_to;    // the last; empty in a window
  std::vector<double> values;                 // in the field's unit, where known
  std::vector<float> levels;                  // on the working scale, where known
  std::vector<float> spatial;                 // on the working scale, where the neighbours have an opinion
  std::vector<std::uint8_t> flags;
  std::vector<std::int32_t> previous;  // last known slot of this stream's field at or before this slot
  std::vector<std::int32_t> next;      // first known slot at or after; empty in causal work

 private:
  void set_time(std::size_t slot);
};

}  // namespace skywarden::onboard
