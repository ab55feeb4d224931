#include "repository_folder.h"

#include <system_error>

namespace skywarden::app {

namespace fs = std::filesystem;

std::optional<fs::path> repository_folder() {
  std::error_code error;
  for (fs::path start : {fs::current_path(error), fs::read_symlink("/proc/self/exe", error).parent_path()}) {
    for (; start.has_relative_path(); start = start.parent_path()) {
      if (fs::exists(start / "incidents", error) && fs::exists(start / "schemas", error)) return start;
    }
  }
  return std::nullopt;
}

}  // namespace skywarden::app
