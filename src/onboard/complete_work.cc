#include "onboard/complete_work.h"

namespace skywarden::onboard {

WorkingScale::WorkingScale(const datum::FieldSpec& spec) {
  if (spec.kind != datum::FieldKind::kNumber || spec.tolerance_rel <= 0.0 || spec.tolerance_abs <= 0.0)
    return;
  knee_ = spec.tolerance_abs / spec.tolerance_rel;
}

Work::Work(const Panel& source, const datum::Schema& schema)
    : panel(source),
      values(source.cells(), 0.0),
      levels(source.cells(), 0.0F),
      spatial(source.cells(), 0.0F),
      flags(source.cells(), 0),
      previous(source.cells(), kNowhere) {
  for (const datum::FieldSpec& spec : schema.fields) {
    scales.emplace_back(spec);
    is_number.push_back(spec.kind == datum::FieldKind::kNumber ? 1 : 0);
  }
  for (std::size_t slot = 0; slot < panel.slots(); ++slot) {
    const auto minutes =
        std::chrono::floor<std::chrono::minutes>(panel.time(slot).time_since_epoch()).count() +
        schema.utc_offset_min;
    const auto hour = (minutes >= 0 ? minutes / 60 : (minutes - 59) / 60) % 24;
    hours.push_back(static_cast<std::uint8_t>((hour + 24) % 24));
  }
  for (std::uint32_t slot = 0; slot < panel.slots(); ++slot)
    same_time_from.push_back(slot > 0 && panel.time(slot) == panel.time(slot - 1) ? same_time_from.back()
                                                                                  : slot);
  same_time_to.resize(panel.slots());
  for (std::size_t slot = panel.slots(); slot-- > 0;)
    same_time_to[slot] = slot + 1 < panel.slots() && panel.time(slot) == panel.time(slot + 1)
                             ? same_time_to[slot + 1]
                             : static_cast<std::uint32_t>(slot);
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
