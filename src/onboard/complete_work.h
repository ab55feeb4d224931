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

 private:
  double knee_ = 0.0;  // where the scale turns from linear to logarithmic; 0: linear throughout
};

struct Work {
  static constexpr std::uint8_t kKnown = 1;       // observed, copied or determined
  static constexpr std::uint8_t kMeasured = 2;    // observed by its own sensor: good to learn from
  static constexpr std::uint8_t kHasSpatial = 4;  // the neighbours have an opinion
  static constexpr std::int32_t kNowhere = -1;

  explicit Work(const Panel& source, const datum::Schema& schema);

  [[nodiscard]] bool known(std::size_t cell) const { return (flags[cell] & kKnown) != 0; }
  [[nodiscard]] bool measured(std::size_t cell) const { return (flags[cell] & kMeasured) != 0; }
  [[nodiscard]] bool has_spatial(std::size_t cell) const { return (flags[cell] & kHasSpatial) != 0; }
  void set_known(std::size_t cell, std::size_t field, double value, std::uint8_t extra_flags);
  [[nodiscard]] int hour(std::size_t slot) const { return hours[slot]; }
  // A stream that this one copies and that has measured the field here; in causal work one that has arrived.
  [[nodiscard]] std::optional<std::size_t> twin_of(std::size_t slot, std::size_t stream, std::size_t field,
                                                   const CopyFinder& copies, bool causal) const;

  const Panel& panel;
  std::vector<WorkingScale> scales;     // of fields
  std::vector<std::uint8_t> is_number;  // of fields
  std::vector<std::uint8_t> hours;      // of slots: local hour of day by the schema's offset
  std::vector<std::uint32_t> same_time_from, same_time_to;  // of slots: first and last of their time
  std::vector<double> values;                               // in the field's unit, where known
  std::vector<float> levels;                                // on the working scale, where known
  std::vector<float> spatial;  // on the working scale, where the neighbours have an opinion
  std::vector<std::uint8_t> flags;
  std::vector<std::int32_t> previous;  // last known slot of this stream's field at or before this slot
  std::vector<std::int32_t> next;      // first known slot at or after; empty in causal work
};

}  // namespace skywarden::onboard
