// What a client may write in a request line and its Host and Origin headers. A path that is accepted stays
// below its root; a host that is accepted cannot end the directive of the Content-Security-Policy it is
// written into.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shell/http_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto target = skywarden::shell::parse_target(text)) {
    const std::string path = target->path + "/";
    const bool leaves = path.find("/../") != std::string::npos || path.find("/./") != std::string::npos;
    if (leaves || path.find('\0') != std::string::npos || !path.starts_with('/')) std::abort();
    static_cast<void>(skywarden::shell::query_value(target->query, "name"));
  }
  if (skywarden::shell::host_allowed(text, {}) && text.find_first_of("; ,'\"\r\n") != std::string_view::npos)
    std::abort();
  static_cast<void>(skywarden::shell::origin_allowed(text, "localhost:8080"));
  return 0;
}
