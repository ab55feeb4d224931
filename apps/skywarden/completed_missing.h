// How values went missing (onboard/missing_report.h), as text for people and as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "datum/schema.h"
#include "onboard/missing_report.h"

namespace skywarden::app {

// A line a field that lacks values.
[[nodiscard]] std::string missing_text(const onboard::MissingReport& report, const datum::Schema& schema);
// {"fields": […], "windows": […]} (docs/formats.md).
[[nodiscard]] nlohmann::ordered_json missing_json(const onboard::MissingReport& report,
                                                  const datum::Schema& schema);

}  // namespace skywarden::app
