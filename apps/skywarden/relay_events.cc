#include "relay_events.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>

namespace skywarden::app {

void RelayEvents::tell(const char* event, Duration plan_time, const nlohmann::ordered_json& members) const {
  using Json = nlohmann::ordered_json;
  const double t_s = std::round(to_seconds(plan_time) * 1e3) / 1e3;
  if (json_) {
    Json line = {{"event", event}, {"t_s", t_s}};
    line.update(members);
    fmt::print("{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    std::string text = fmt::format("{:12.3f} s  {}", t_s, event);
    for (const auto& [key, value] : members.items())
      text += fmt::format("  {}: {}", key, value.dump(-1, ' ', false, Json::error_handler_t::replace));
    fmt::print("{}\n", text);
  }
  std::fflush(stdout);
}

}  // namespace skywarden::app
