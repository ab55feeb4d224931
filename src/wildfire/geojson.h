// Alerts as a GeoJSON FeatureCollection (RFC 7946): WGS 84, longitude first, exterior rings
// counter-clockwise. An area that crosses the antimeridian is cut there and becomes a MultiPolygon (§3.1.9).
// docs/formats.md lists the properties.
#pragma once

#include <span>
#include <string>

#include "datum/alert.h"
#include "wildfire/alert_text.h"
#include "wildfire/cap.h"

namespace skywarden::wildfire {

struct GeojsonOptions {
  bool latest_only = false;  // of each event only its last message
  // Whoever may speak to the public (cap.h); without it `status` is Exercise and headlines say so.
  const PublicAuthority* authority = nullptr;
};

// One feature an alert, in the order given.
[[nodiscard]] std::string to_geojson(std::span<const datum::Alert> alerts, std::span<const Place> places,
                                     const GeojsonOptions& options = {});

}  // namespace skywarden::wildfire
