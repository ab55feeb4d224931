// Ground tracks and swaths as GeoJSON (RFC 7946), for people to draw.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "orbit/elements.h"
#include "orbit/sensors.h"
#include "orbit_files.h"

namespace skywarden::app {

struct MappedSwath {
  orbit::ElementSet satellite;
  orbit::SwathSensor sensor;
};

// A FeatureCollection: of each satellite, one swath and one track for each `piece_s` seconds.
[[nodiscard]] Result<bool> write_swath_map(const std::vector<MappedSwath>& swaths, const Interval& interval,
                                           double piece_s, const std::string& path);

}  // namespace skywarden::app
