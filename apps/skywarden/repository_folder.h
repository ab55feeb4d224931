// Where the repository is, for a program that is run from a build in it.
#pragma once

#include <filesystem>
#include <optional>

namespace skywarden::app {

// The folder we stand in or one above it, else one above the program itself, that has incidents and schemas.
[[nodiscard]] std::optional<std::filesystem::path> repository_folder();

}  // namespace skywarden::app
