// A part of a panel with values hidden, and what was hidden.
#pragma once

#include <cstdint>
#include <vector>

#include "datum/schema.h"
#include "onboard/panel.h"

namespace skywarden::fit {

// The slots [first, last) of the panel.
[[nodiscard]] Result<onboard::Panel> part_of(const onboard::Panel& panel, const datum::Schema& schema,
                                             std::size_t first, std::size_t last, bool arrival_order);

// The same panel without the marked cells.
[[nodiscard]] Result<onboard::Panel> without(const onboard::Panel& panel, const datum::Schema& schema,
                                             const std::vector<std::uint8_t>& hidden, bool arrival_order);

// The same panel with other numbers: one value a cell, used where the panel has observed a number.
[[nodiscard]] Result<onboard::Panel> with_values(const onboard::Panel& panel, const datum::Schema& schema,
                                                 const std::vector<double>& values, bool arrival_order);

}  // namespace skywarden::fit
