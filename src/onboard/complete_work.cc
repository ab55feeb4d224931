#include "onboard/complete_work.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace skywarden::onboard {

WorkingScale::WorkingScale(const datum::FieldSpec& spec) {
  if (spec.kind == datum::FieldKind::kNumber && spec.circular && spec.min && spec.max &&
      *spec.max > *spec.min) {
    turn_ = *spec.max - *spec.min;
    least_ = *spec.min;
    return;  // a tolerance that grows with the value has no meaning on a circle
  }
  if (spec.kind != datum::FieldKind::kNumber || spec.tolerance_rel <= 0.0 || spec.tolerance_abs <= 0.0)
    return;
  knee_ = spec.tolerance_abs / spec.tolerance_rel;
}

Work::Work(const Panel& source, const datum::Schema& schema)
    : panel(source),
      reach(source.rows() > source.slots() ? static_cast<std::int64_t>(source.rows()) - kMargin
                                           : std::numeric_limits<std::int64_t>::max()),
      utc_offset_min(schema.utc_offset_min),
      hours(source.rows(), 0),
      months(source.rows(), 1),
      same_time_from(source.rows(), 0),
      values(source.cells(), 0.0),
      levels(source.cells(), 0.0F),
      spatial(source.cells(), 0.0F),
      flags(source.cells(), 0),
      previous(source.cells(), kNowhere) {
  for (const datum::FieldSpec& spec : schema.fields) {
    scales.emplace_back(spec);
    is_number.push_back(spec.kind == datum::FieldKind::kNumber ? 1 : 0);
  }
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) set_time(slot);
  same_time_to.resize(panel.slots());
  for (std::size_t slot = panel.slots(); slot-- > 0;)
    same_time_to[slot] = slot + 1 < panel.slots() && panel.time(slot) == panel.time(slot + 1)
                             ? same_time_to[slot + 1]
                             : static_cast<std::uint32_t>(slot);
}

void Work::set_time(std::size_t slot) {
  const auto local = std::chrono::floor<std::chrono::minutes>(panel.time(slot).time_since_epoch()) +
                     std::chrono::minutes(utc_offset_min);
  const auto minutes = local.count();
  const auto hour = (minutes >= 0 ? minutes / 60 : (minutes - 59) / 60) % 24;
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::floor<std::chrono::days>(local)}};
  const std::size_t row = panel.row(slot);
  hours[row] = static_cast<std::uint8_t>((hour + 24) % 24);
  months[row] = static_cast<std::uint8_t>(static_cast<unsigned>(date.month()));
  same_time_from[row] = slot > 0 && panel.time(slot) == panel.time(slot - 1)
                            ? same_time_from[panel.row(slot - 1)]
                            : static_cast<std::uint32_t>(slot);
}

void Work::open(std::size_t slot) {
  set_time(slot);
  const std::size_t columns = panel.streams() * panel.fields();
  const std::size_t first = panel.at(slot, 0, 0);
  std::fill_n(flags.begin() + static_cast<std::ptrdiff_t>(first), columns, std::uint8_t{0});
  for (std::size_t i = 0; i < columns; ++i) {
    const std::int32_t before = slot > 0 ? previous[panel.at(slot - 1, 0, 0) + i] : kNowhere;
    previous[first + i] = within_reach(before) ? before : kNowhere;
  }
}

void Work::move_streams(StreamMoves moves, std::size_t streams) {
  const std::size_t rows = panel.rows(), fields = panel.fields();
  onboard::move_streams(values, rows, streams, fields, moves, 0.0);
  onboard::move_streams(levels, rows, streams, fields, moves, 0.0F);
  onboard::move_streams(spatial, rows, streams, fields, moves, 0.0F);
  onboard::move_streams(flags, rows, streams, fields, moves, std::uint8_t{0});
  onboard::move_streams(previous, rows, streams, fields, moves, std::int32_t{kNowhere});
}

std::optional<std::size_t> Work::twin_of(std::size_t slot, std::size_t stream, std::size_t field,
                                         const CopyFinder& copies, bool causal) const {
  for (std::size_t k = 0; k < panel.streams(); ++k)
    if (k != stream && measured(panel.at(slot, k, field)) && copies.copies(stream, k, field) &&
        (!causal || panel.arrived_before(slot, stream, k)))
      return k;
  return std::nullopt;
}

void Work::set_known(std::size_t cell, std::size_t field, double value, std::uint8_t extra_flags) {
  values[cell] = value;
  levels[cell] = static_cast<float>(is_number[field] != 0 ? scales[field].forward(value) : value);
  flags[cell] = static_cast<std::uint8_t>(flags[cell] | kKnown | extra_flags);
}

}  // namespace skywarden::onboard
