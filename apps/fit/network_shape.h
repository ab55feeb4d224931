// Shapes of completion's networks: by name, and as run records and checkpoints note them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"
#include "onboard/complete_network_graph.h"

namespace skywarden::fit {

// "teacher", "student" or "small".
[[nodiscard]] Result<onboard::NetworkShape> shape_named(onboard::NetworkKind kind, const std::string& name,
                                                        bool offline);

[[nodiscard]] nlohmann::ordered_json to_json(const onboard::NetworkShape& shape);
// kMalformed for what to_json would not have written.
[[nodiscard]] Result<onboard::NetworkShape> shape_of_json(const nlohmann::ordered_json& json);

}  // namespace skywarden::fit
