// What a relaying node tells of itself: one line an event, as JSON or to be read.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/time.h"

namespace skywarden::app {

class RelayEvents {
 public:
  explicit RelayEvents(bool json) : json_(json) {}
  // Members in the order given: {"event":"kept","t_s":12.5,…}, or "12.500 s kept …".
  void tell(const char* event, Duration plan_time, const nlohmann::ordered_json& members) const;

 private:
  bool json_;
};

}  // namespace skywarden::app
