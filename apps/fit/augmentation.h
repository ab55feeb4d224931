// Sensors that are worse than those that training has: in some streams of a panel, drawn anew for each run,
// every number carries noise, in others the clock is off, so that each reading stands some slots away from
// its time. Judging goes without: figures are of the data as it is.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "base/random.h"
#include "base/result.h"
#include "command_line/command_line.h"
#include "datum/schema.h"
#include "onboard/panel.h"

namespace skywarden::fit {

struct Augmentation {
  double noise = 0.0;       // largest deviation, in tolerances of the field
  std::uint32_t shift = 0;  // most slots, either way
  double streams = 0.25;    // share that gets noise, and share whose clock is off
  [[nodiscard]] bool any() const { return noise > 0.0 || shift > 0; }
};

struct AugmentedPanel {
  onboard::Panel truth;  // what would have been read without noise; cells as before
  onboard::Panel read;   // what is read
};

// Only numbers change, none leaves its range, and what was missing stays so.
[[nodiscard]] Result<AugmentedPanel> augment(const onboard::Panel& panel, const datum::Schema& schema,
                                             const Augmentation& augmentation, Random& random,
                                             bool arrival_order);

// --noise and --shift. `augmentation` must outlive the command.
void add_augmentation_options(command_line::Command command, Augmentation& augmentation);
// For run records; nothing when there is none.
void note_augmentation(nlohmann::ordered_json& record, const Augmentation& augmentation);

}  // namespace skywarden::fit
