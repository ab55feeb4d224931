// Fire events as GeoJSON (RFC 7946, outlines cut at the antimeridian) and as CSV with the outline in WKT.
// docs/formats.md lists every column and key.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "datum/evidence.h"
#include "wildfire/detect.h"

namespace skywarden::wildfire {

[[nodiscard]] std::string to_text(EventId id);  // sixteen hexadecimal digits

// The outline in parts that do not cross the antimeridian; one part when it never did. A ring round a pole is
// led along the pole.
[[nodiscard]] std::vector<datum::Ring> cut_at_antimeridian(const datum::Ring& ring);

[[nodiscard]] std::string events_geojson(std::span<const EventRecord> records);
[[nodiscard]] std::string events_csv(std::span<const EventRecord> records);

}  // namespace skywarden::wildfire
