// How far a satellite may be from where its elements put it, from nothing but their age. Public sets do not
// state their errors. AIAA 2006-6753 (Vallado, Crawford, Hujsak, Kelso, 2006) gives about 1 km at the epoch,
// growing by 1 to 3 km a day in low orbits; the defaults take the upper end. A satellite that manoeuvres, or
// meets an air denser than forecast, is further away than this: it is a margin to plan with, not a bound.
#pragma once

#include "base/time.h"
#include "base/units.h"
#include "orbit/elements.h"

namespace skywarden::orbit {

struct ElementAgeOptions {
  Metres at_epoch{1000.0};
  Metres per_day{3000.0};
};

// The same before and after the epoch.
[[nodiscard]] Metres element_age_margin(Duration age, const ElementAgeOptions& options = {});

// By how much a pass may come early or late: the error lies almost wholly along the orbit, where the
// satellite covers it at its mean speed.
[[nodiscard]] Duration pass_time_margin(const ElementSet& elements, Instant t,
                                        const ElementAgeOptions& options = {});

}  // namespace skywarden::orbit
