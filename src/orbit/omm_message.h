// One Orbit Mean-elements Message to one element set, whatever notation its keys came in. Shared by the
// readers of omm.h.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orbit/element_file.h"

namespace skywarden::orbit {

// The text of one key of one message; nothing when absent or empty.
using OmmLookup = std::function<std::optional<std::string>(std::string_view)>;

// Adds a set to `out`, or a problem of this row that names the first key that is wrong.
void take_omm_message(const OmmLookup& lookup, std::size_t row, ElementFile& out);

}  // namespace skywarden::orbit
