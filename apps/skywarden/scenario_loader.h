// A scenario from its file and, when it flies real orbits, from the files of elements, stations and rules of
// links that it names, which lie beside it.
#pragma once

#include <string>

#include "base/result.h"
#include "sim/scenario.h"

namespace skywarden::app {

// Errors name the file and what was expected there.
[[nodiscard]] Result<sim::Scenario> load_scenario(const std::string& file);

}  // namespace skywarden::app
