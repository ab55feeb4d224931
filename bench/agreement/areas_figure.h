// bench-agreement areas: one JSON line a seed and rule of seats, and one a rule over all seeds.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace skywarden::agreement {

[[nodiscard]] bool print_areas(std::uint64_t first_seed, std::uint64_t last_seed,
                               Duration length);  // false: something was violated

}  // namespace skywarden::agreement
