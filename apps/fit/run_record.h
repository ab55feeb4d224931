// What a run of training depends on and leaves behind.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace skywarden::fit {

// Names of the files and hashes of their content.
[[nodiscard]] nlohmann::ordered_json hashes_of(const std::vector<std::string>& paths);

[[nodiscard]] Result<void> write_file(const std::string& path, std::span<const std::byte> bytes);
[[nodiscard]] Result<void> write_json(const std::string& path, const nlohmann::ordered_json& json);

}  // namespace skywarden::fit
