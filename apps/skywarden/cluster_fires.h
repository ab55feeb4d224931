// What one says to a group that agrees on fires, and asks of it: skywarden cluster observe, alerts.
#pragma once

#include <string>
#include <vector>

#include "consensus/quorum.h"
#include "datum/alert.h"
#include "node_config.h"

namespace skywarden::app {

// Hands in a FIRMS file; says on standard output what became of its rows, and on standard error which were
// bad. False: some rows were not taken.
[[nodiscard]] Result<bool> observe_file(const NodeConfig& config, const std::string& file, Duration patience);

// All alerts that the leader remembers, in the order of the log, as of a moment after the call.
[[nodiscard]] Result<std::vector<datum::Alert>> agreed_alerts(const NodeConfig& config, Duration patience);

enum class AlertForm { kLines, kJson, kGeojson };
// For people, a line each; or as docs/formats.md says. `shares`: by which the findings behind it count.
[[nodiscard]] std::string alerts_text(const std::vector<datum::Alert>& alerts,
                                      const consensus::Shares& shares, AlertForm form);

}  // namespace skywarden::app
