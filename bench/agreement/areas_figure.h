// The figure of groups under an area: one JSON line a seed and rule of seats, and one a rule over all seeds.
#pragma once

#include "agreement/figures.h"

namespace skywarden::agreement {

[[nodiscard]] bool areas(const Ask& ask);

}  // namespace skywarden::agreement
