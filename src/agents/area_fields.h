// Decisions of an area among the bytes of entries and snapshots: written and read in order, see
// agent_fields.h.
#pragma once

#include "agents/agent_fields.h"
#include "agents/area_entry.h"

namespace skywarden::agents {

void write(wire::CborWriter& out, const AreaEntry& entry);    // two items
void write(wire::CborWriter& out, const Decision& decision);  // an array
void write(wire::CborWriter& out, const Raised& raised);      // an array
[[nodiscard]] AreaEntry read_area_entry(AgentFields& in);     // valid, or marked
[[nodiscard]] Decision read_decision(AgentFields& in);
[[nodiscard]] Raised read_raised(AgentFields& in);

}  // namespace skywarden::agents
